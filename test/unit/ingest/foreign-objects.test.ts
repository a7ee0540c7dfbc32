import { describe, expect, it } from 'vitest';
import { decode } from '../../support/event-decoding.ts';
import type { Sent } from '../../support/event-decoding.ts';

/*
 * What a decoder throws is a defect, and its partition would meet the record again and again: whatever stands anywhere in a
 * record, it gives events or a reason.
 */

const MAPPING = { model: 'credit' };
const POSITIONS = { mapping: { ...MAPPING, inputs: ['age'] } };
const BODY = JSON.stringify({ dataframe_records: [{ age: 39, job: 'a' }] });
const TENSOR = { name: 'age', shape: [1, 1], datatype: 'FP64', data: [39] };
const SELDON = { type: 'io.seldon.serving.inference.request', modelid: 'credit' };
const ROW = { names: ['age', 'job'], ndarray: [[39, 'a']] };

type Shape = readonly [shape: string, value: object, sent?: Omit<Sent, 'value'>];

const SHAPES: readonly Shape[] = [
  [
    'native',
    {
      id: 'a',
      model: 'credit',
      version: '1',
      ts: 0,
      features: { age: 39 },
      prediction: 1,
      label: { paid: true },
      attributes: { country: 'AT' },
    },
    { mapping: {} },
  ],
  ['batch', { events: [{ model: 'credit', features: { age: 39 }, ts: 0 }] }, { mapping: {} }],
  ['flat', { name: 'x', at: 0, id: 'a', version: '1', age: 39, score: 1, country: 'AT' }],
  [
    'CloudEvent',
    {
      specversion: '1.0',
      id: 'a',
      type: 'org.kubeflow.serving.inference.request',
      datacontenttype: 'application/json',
      datacontentencoding: 'x',
      time: '2026-01-31T00:00:00Z',
      inferenceservicename: 'credit',
      metadata: '{"country":["AT"]}',
      data: { instances: [{ age: 39 }] },
    },
  ],
  [
    'kserve-logger',
    {
      reqType: 'x.inference.request',
      bytes: Buffer.from(BODY).toString('base64'),
      contentType: 'application/json',
      inferenceService: 'credit',
      namespace: 'n',
      id: 'a',
      occurrenceTime: 0,
    },
  ],
  ['open-inference', { id: 'a', model_name: 'credit', model_version: '1', inputs: [TENSOR] }],
  ['kserve-v1', { instances: [{ features: [39], age: [40] }], inputs: { age: [39] } }, POSITIONS],
  ['mlflow', { dataframe_split: { columns: ['age', 'job'], index: [0], data: [[39, 'a']] } }],
  ['Seldon', { data: ROW }, { headers: SELDON }],
  [
    'Seldon tensor',
    { data: { tensor: { shape: [1, 1], values: [39] } } },
    { ...POSITIONS, headers: SELDON },
  ],
  [
    'Seldon feedback',
    { truth: { data: ROW } },
    { headers: { ...SELDON, type: 'io.seldon.serving.feedback' } },
  ],
  [
    'sagemaker',
    {
      captureData: {
        endpointInput: {
          observedContentType: 'application/json',
          mode: 'INPUT',
          data: BODY,
          encoding: 'JSON',
        },
      },
      eventMetadata: { eventId: 'e', customAttributes: ['country=AT'], inferenceTime: 0 },
    },
  ],
  ['sagemaker truth', { groundTruthData: { data: '1', encoding: 'JSON' } }],
  [
    'databricks',
    {
      databricks_request_id: 'd',
      timestamp_ms: 1,
      status_code: 200,
      request: BODY,
      response: '{"predictions":[1]}',
      request_metadata: { endpoint_name: 'credit', model_version: '3' },
    },
  ],
  [
    'vertex',
    {
      endpoint: 'credit',
      deployed_model_id: '1',
      request_id: 1,
      logging_time: 0,
      request_payload: ['{"age":39}'],
      response_payload: ['1'],
    },
  ],
];

/** Objects that are no text and no number when somebody asks them, and other values that nobody expects. */
const FOREIGN = [
  '{"toString":1,"valueOf":1}',
  '[{"toString":null}]',
  '{"toJSON":1,"then":1,"length":9007199254740991}',
  '{"__proto__":{"toString":1}}',
  '{"hasOwnProperty":1,"constructor":{"prototype":1}}',
  '[[[]],[null]]',
  '[]',
  '{}',
  'null',
  'true',
  '-0',
  '1e999',
  '9007199254740993',
  '""',
  '"\\ud83d\\ude00"',
  '"[1,"',
];

/** The JSON with each of its values in turn replaced by `foreign`. */
function withForeign(value: unknown, foreign: string): string[] {
  const inside = Array.isArray(value)
    ? value.flatMap((entry, i) =>
        withForeign(entry, foreign).map(
          (text) => `[${value.map((other, j) => (i === j ? text : JSON.stringify(other))).join()}]`,
        ),
      )
    : typeof value === 'object' && value !== null
      ? Object.entries(value).flatMap(([key, entry]) =>
          withForeign(entry, foreign).map(
            (text) =>
              `{${Object.entries(value)
                .map(
                  ([name, other]) =>
                    `${JSON.stringify(name)}:${name === key ? text : JSON.stringify(other)}`,
                )
                .join()}}`,
          ),
        )
      : [];
  return [foreign, ...inside];
}

describe.each(SHAPES.map(([shape, value, sent = {}]) => ({ shape, value, sent })))(
  '$shape',
  ({ value, sent }) => {
    const read = (text: string) => decode({ mapping: MAPPING, ...sent, value: text });

    it('is counted as it is here', () => {
      const decoded = read(JSON.stringify(value));
      expect(decoded).toMatchObject({
        events: [expect.objectContaining({ time: expect.anything() })],
      });
    });

    it.each(FOREIGN)('gives events or a reason with %s anywhere', (foreign) => {
      for (const text of withForeign(value, foreign)) {
        const decoded = read(text);
        expect('events' in decoded || typeof decoded.reason === 'string').toBe(true);
      }
    });
  },
);

it('counts rows whose columns have names that are no texts', () => {
  const columns = ['age', 0, { toString: 1 }, ['a', 'b']];
  const value = { dataframe_split: { columns, data: [[39, 1, 2, 3]] } };
  expect(decode({ mapping: MAPPING, value })).toMatchObject({ events: [{ age: 39, unknown: 3 }] });
});
