import { array, assert, jsonValue, property } from 'fast-check';
import { describe, expect, it } from 'vitest';

import { BodyError } from '../../../src/expose/api/events/body-error.ts';
import { binaryAttributes } from '../../../src/expose/api/events/cloud-event-headers.ts';
import { MAX_CONTAINERS, MAX_DEPTH } from '../../../src/expose/api/events/json-bytes.ts';
import { MAX_EVENT_BYTES, MAX_EVENTS, splitEvents } from '../../../src/expose/api/events/split.ts';
import type { SplitEvent } from '../../../src/expose/api/events/split.ts';
import { SELDON_HEADERS, seldonHeaders } from '../../../src/expose/api/events/seldon-headers.ts';
import { LIMITS } from '../../../src/ingest/decoder.ts';

const AUTO = { format: 'auto', mapping: {} } as const;

function split(contentType: string, body: string | Buffer, models = false): SplitEvent[] {
  const parts = { contentType, bytes: Buffer.from(body), attributes: null };
  return splitEvents(parts, models ? AUTO : null);
}

const textsOf = (type: string, body: string): string[] =>
  split(type, body).map(({ payload }) => Buffer.from(payload).toString());

describe('a body of events', () => {
  it('is one event, as it came', () => {
    expect(textsOf('application/json', ' {"a": 1e999, "a": 2} ')).toEqual([
      ' {"a": 1e999, "a": 2} ',
    ]);
  });

  it('is a list: each element with its very own bytes', () => {
    const body = String.raw`[ {"a": "},]\"[", "b": [1, {}]} , {"n": 9007199254740993},{"k":1,"k":2}]`;
    expect(textsOf('application/json', body).map((text) => text.trim())).toEqual([
      String.raw`{"a": "},]\"[", "b": [1, {}]}`,
      '{"n": 9007199254740993}',
      '{"k":1,"k":2}',
    ]);
  });

  it('is one event a line; empty lines are none', () => {
    expect(textsOf('application/x-ndjson', '{"a":1}\n\n  \r\n{"a":2}\r\n')).toEqual([
      '{"a":1}',
      '{"a":2}\r',
    ]);
  });

  it('is cut where JSON.parse would cut it, whatever the elements are', () => {
    const lists = property(array(jsonValue(), { minLength: 1 }), (values) => {
      for (const space of [0, 2]) {
        const texts = textsOf('application/json', JSON.stringify(values, null, space));
        expect(texts.map((text) => JSON.parse(text) as unknown)).toEqual(
          JSON.parse(JSON.stringify(values)),
        );
      }
    });
    assert(lists);
  });

  it('tells each what it is', () => {
    const events = split('application/cloudevents-batch+json; charset=utf-8', '[{},{}]');
    expect(events.map(({ headers }) => headers)).toEqual([
      { 'content-type': 'application/cloudevents+json' },
      { 'content-type': 'application/cloudevents+json' },
    ]);
    expect(split('application/x-ndjson', '{}\n')[0]?.headers).toEqual({
      'content-type': 'application/json',
    });
  });

  it('says which model each event names, when that is asked', () => {
    const body =
      '[{"model":"a","features":{}},{"features":{"model":"b"}},{"model":7,"label":1},{"model":"c","label":1},3]';
    const modelsOf = (asked: boolean) =>
      split('application/json', body, asked).map(({ model }) => model);
    expect(modelsOf(true)).toEqual(['a', null, null, 'c', null]);
    expect(modelsOf(false)).toEqual([null, null, null, null, null]);
  });

  it.each([
    ['a batch', '{"model":"a","events":[{"model":"b","label":1}]}'],
    ['a request', '{"model":"a","model_name":"b","inputs":[{"name":"x","shape":[1],"data":[1]}]}'],
    ['a CloudEvent', '{"model":"a","specversion":"1.0","data":{"model":"b","label":1}}'],
    ['a list of features', '{"model":"a","features":[1],"instances":[[1]]}'],
  ])('that is no native event names no model, whatever it says: %s', (_, body) => {
    expect(split('application/json', body, true)).toMatchObject([{ model: null }]);
  });

  it('may begin with a byte order mark', () => {
    expect(textsOf('application/json', '\uFEFF[{"a":1},{"b":2}]')).toEqual(['{"a":1}', '{"b":2}']);
  });

  it('has the limits of the decoders', () => {
    expect([MAX_EVENT_BYTES, MAX_DEPTH, MAX_CONTAINERS, MAX_EVENTS]).toEqual([
      LIMITS.recordBytes,
      LIMITS.depth,
      LIMITS.containers,
      LIMITS.events,
    ]);
  });

  it.each([
    ['application/json', '', /no event/],
    ['application/json', '  ', /no event/],
    ['application/json', '[]', /no event/],
    ['application/json', '{"a":', /The body is no JSON: it ends too early\.$/],
    [
      'application/json',
      '{"a":1}{"a":2}',
      /The body is no JSON: character 8 cannot stand there\.$/,
    ],
    [
      'application/json',
      '{"a":1}\r\n{"a":2}',
      /The body is no JSON: character 10 cannot stand there\. One event a line is of the type application\/x-ndjson\.$/,
    ],
    ['application/json', '{"a":\n{"b":1,}}', /character 14 cannot stand there\.$/],
    ['application/json', '{"a":1,\n{"b":1}}', /character 9 cannot stand there\.$/],
    ['application/json', '[{"a":1},]', /Event 2 is no JSON: it ends too early/],
    ['application/json', '[{"a":1},,{}]', /Event 2 is no JSON/],
    ['application/json', '[{"a":1} {}]', /Event 1 is no JSON: character 9 cannot stand there/],
    ['application/json', '[{"a":1]', /The body is no JSON: the list does not end/],
    ['application/json', '[{"a":"]', /The body is no JSON: the list does not end/],
    ['application/json', '[{"a":1}] {}', /The body is no JSON: something follows/],
    ['application/json', `[${'{},'.repeat(MAX_EVENTS)}{}]`, /More than 10000 events/],
    // Never parsed: what follows the events that are too many is no JSON at all.
    ['application/json', `[${'{},'.repeat(MAX_EVENTS + 1)}`, /More than 10000 events/],
    ['application/json', '['.repeat(1_000_000), /The body is no JSON/],
    ['application/json', `[{"a":${'['.repeat(100_000)}`, /The body is no JSON/],
    [
      'application/json',
      `[1, {"a":${'['.repeat(70_000)}${']'.repeat(70_000)}}]`,
      /Event 2 is nested deeper than 32 levels/,
    ],
    [
      'application/json',
      `{"a":[${'[],'.repeat(60_000)}[]]}`,
      /The body has more than 50000 objects and lists/,
    ],
    [
      'application/x-ndjson',
      `{}\n{"a":[${'[],'.repeat(60_000)}[]]}`,
      /Line 2 has more than 50000 objects and lists/,
    ],
    ['application/x-ndjson', '{"a":1}\n{"a"\n', /Line 2 is no JSON/],
    ['application/x-ndjson', `${'{}\n'.repeat(MAX_EVENTS)}{}`, /More than 10000 events/],
    ['application/json', `[{}, "${'x'.repeat(1_100_000)}"]`, /Event 2 has more than/],
  ])('of %s that is wrong is refused with the place: %#', (type, body, message) => {
    expect(() => textsOf(type, body)).toThrow(BodyError);
    expect(() => textsOf(type, body)).toThrow(message);
  });

  it('that is no UTF-8 is refused', () => {
    expect(() => split('application/json', Buffer.from([0x22, 0xff, 0x22]))).toThrow(/UTF-8/);
  });

  it('may hold brackets in its texts, as many as it likes', () => {
    const text = `{"a":"${'['.repeat(200_000)}\\\\"}`;
    expect(textsOf('application/json', `[${text},${text}]`)).toEqual([text, text]);
  });
});

describe("Seldon's headers", () => {
  const type = 'io.seldon.serving.inference.request';

  it('are kept when its type is there, and no others of the request', () => {
    const said = Object.fromEntries(SELDON_HEADERS.map((name) => [name, type]));
    expect(seldonHeaders({ ...said, authorization: 'Bearer x', cookie: 'y' })).toEqual(said);
    expect(seldonHeaders({ ...said, type: 'x' })).toBeNull();
    expect(seldonHeaders({ modelid: 'm' })).toBeNull();
  });

  it('make one event of the body, whatever it is', () => {
    const bytes = Buffer.from('{"model":"m"}\n{}');
    expect(splitEvents({ contentType: 'x/y', bytes, attributes: { type } }, AUTO)).toEqual([
      { payload: bytes, headers: { type, 'content-type': 'x/y' }, model: null },
    ]);
  });
});

describe('a CloudEvent in binary mode', () => {
  const headers = { 'ce-specversion': '1.0', 'ce-id': '1' };

  it('is one event, whatever its data is, under its own content type', () => {
    for (const [contentType, data] of [
      ['application/json; charset=utf-8', '[[1, 2], [3, 4]]'],
      ['text/csv; header=present', 'a,b\n1,2\n'],
      ['application/x-ndjson', '{"a":1}\n{"a":2}\n'],
      ['application/x-www-form-urlencoded', '{"instances":[[1]]}'],
    ] as const) {
      const events = splitEvents(
        { contentType, bytes: Buffer.from(data), attributes: headers },
        null,
      );
      expect(events).toEqual([
        {
          payload: Buffer.from(data),
          headers: { ...headers, 'content-type': contentType },
          model: null,
        },
      ]);
    }
  });

  it('says which model its data names, if it is a native event', () => {
    const modelOf = (data: string) =>
      splitEvents({ contentType: '', bytes: Buffer.from(data), attributes: headers }, AUTO)[0];
    expect(modelOf('{"model":"m","label":1}')?.model).toBe('m');
    expect(modelOf('{"model":"m"}')?.model).toBeNull();
    expect(modelOf('a,b')).toMatchObject({ model: null, headers });
  });

  it('of a request or response names its model in the headers alone', () => {
    const bytes = Buffer.from('{"model":"m","features":{},"instances":[[1]]}');
    const attributes = { ...headers, 'ce-type': 'org.kubeflow.serving.inference.request' };
    expect(splitEvents({ contentType: '', bytes, attributes }, AUTO)).toMatchObject([
      { model: null },
    ]);
  });

  it('without data is none', () => {
    const empty = { contentType: '', bytes: Buffer.alloc(0), attributes: headers };
    expect(() => splitEvents(empty, null)).toThrow(BodyError);
  });

  it.each([
    ['plain', 'plain'],
    ['Euro%20%E2%82%AC%20%F0%9F%98%80', 'Euro € 😀'],
    ['"quoted \\"twice\\" and 100%25"', 'quoted "twice" and 100%'],
    ['100% %zz %41', '100% %zz A'],
    ['%ff is no UTF-8', '%ff is no UTF-8'],
    ['{"X":["a"]}', '{"X":["a"]}'],
    ['"a"b"', '"a"b"'],
  ])('has its attributes decoded: %s', (sent, meant) => {
    const attributes = binaryAttributes({ ...headers, 'ce-metadata': sent }, 'application/json');
    expect(attributes).toEqual({ ...headers, 'ce-metadata': meant });
  });

  it.each([
    [{ 'ce-id': '1' }, 'application/json'],
    [headers, 'application/cloudevents+json; charset=utf-8'],
    [headers, ' Application/CloudEvents-batch+json'],
  ])('is told by specversion and content type: %j %s is none', (given, contentType) => {
    expect(binaryAttributes(given, contentType)).toBeNull();
  });

  it('keeps neither attributes that Postgres cannot store nor headers of another kind', () => {
    const given = { ...headers, 'ce-a': '%00', 'ce-b_c': 'x', cookie: 'y', 'ce-d': 'z' };
    expect(binaryAttributes(given, '')).toEqual({ ...headers, 'ce-d': 'z' });
  });
});
