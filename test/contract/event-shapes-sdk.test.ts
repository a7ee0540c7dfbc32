import { CloudEvent, HTTP, Kafka } from 'cloudevents';
import { describe, expect, it } from 'vitest';
import { decode } from '../support/event-decoding.ts';

/* CloudEvents as the SDK of the CloudEvents project writes them. */

const AT = '2026-01-01T12:00:00.000Z';
const data = { model: 'credit', features: { age: 39, job: 'clerk' } };
const COUNTED = { events: [{ time: AT, age: 39, job: 'clerk', id: 'c1' }] };

function eventOf(specversion: '1.0' | '0.3', more: object = {}): CloudEvent<unknown> {
  return new CloudEvent<unknown>({
    specversion,
    id: 'c1',
    type: 'com.example.prediction',
    source: '/shop',
    time: AT,
    datacontenttype: 'application/json',
    data,
    ...more,
  });
}

interface Written {
  readonly headers: object;
  readonly body?: unknown;
  readonly value?: unknown;
}

function decodeWritten({ headers, body, value }: Written): unknown {
  const texts = Object.entries(headers).map(([key, text]) => [key, String(text)]);
  return decode({ headers: Object.fromEntries(texts), value: value ?? body });
}

describe.each(['1.0', '0.3'] as const)('CloudEvents %s by the SDK', (version) => {
  it.each([
    ['Kafka, binary', () => Kafka.binary(eventOf(version))],
    ['Kafka, structured', () => Kafka.structured(eventOf(version))],
    ['HTTP, binary', () => HTTP.binary(eventOf(version))],
    ['HTTP, structured', () => HTTP.structured(eventOf(version))],
  ])('%s', (_, write) => {
    expect(decodeWritten(write())).toEqual(COUNTED);
  });

  it('carries a request of KServe with its extensions', () => {
    const request = eventOf(version, {
      type: 'org.kubeflow.serving.inference.request',
      inferenceservicename: 'credit',
      data: { instances: [{ age: 39, job: 'clerk' }] },
    });
    expect(decodeWritten(HTTP.binary(request))).toEqual({
      events: [{ time: AT, age: 39, job: 'clerk', id: 'c1/input/0' }],
    });
  });
});

it('reads bytes that the SDK wrote as base64', () => {
  const event = eventOf('1.0', { data: new Uint8Array(Buffer.from(JSON.stringify(data))) });
  expect(decodeWritten(Kafka.structured(event))).toEqual(COUNTED);
});
