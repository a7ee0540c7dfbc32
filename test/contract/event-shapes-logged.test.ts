import {
  AT,
  RECORD_AT,
  ORDER,
  PINNED,
  NAMES,
  json,
  base64,
  table,
  rows,
  ROWS,
  answer,
  split,
  UNTIMED,
} from '../support/event-shapes.ts';

/* Rows of request logs, with odd and broken variants. */

const input = { observedContentType: 'text/csv', mode: 'INPUT', data: '39,clerk', encoding: 'CSV' };
const output = {
  observedContentType: 'text/csv; charset=utf-8',
  mode: 'OUTPUT',
  data: '0.25',
  encoding: 'CSV',
};
const capture = {
  captureData: { endpointInput: input, endpointOutput: output },
  eventMetadata: { eventId: 'e1', inferenceTime: '2026-01-01T12:00:00Z' },
  eventVersion: '0',
};
const CAPTURED = { time: AT, age: 39, job: 'clerk', score: 0.25, id: 'e1/input+prediction/0' };
table(
  'SageMaker data capture',
  'awsdocs/amazon-sagemaker-developer-guide @ b01b6e4, model-monitor-data-capture.md',
  [
    ['both sides of a call', { mapping: PINNED, value: capture }, [CAPTURED]],
    ['only this shape', { format: 'sagemaker', mapping: PINNED, value: capture }, [CAPTURED]],
    [
      'an id and attributes of the caller',
      {
        mapping: PINNED,
        value: {
          ...capture,
          eventMetadata: {
            ...capture.eventMetadata,
            inferenceId: 'i1',
            customAttributes: ['trace=1,country=DE'],
          },
        },
      },
      [{ ...CAPTURED, country: 'DE', id: 'i1/input+prediction/0' }],
    ],
    [
      'base64 of JSON',
      {
        mapping: PINNED,
        value: {
          ...capture,
          captureData: {
            endpointInput: {
              ...input,
              observedContentType: 'application/json',
              encoding: 'BASE64',
              data: base64(json({ instances: [{ features: [39, 'clerk'] }] })),
            },
            endpointOutput: {
              ...output,
              observedContentType: 'application/json',
              encoding: 'JSON',
              data: json({ predictions: [{ score: 0.25 }] }),
            },
          },
        },
      },
      [CAPTURED],
    ],
    [
      'input alone',
      { mapping: PINNED, value: { ...capture, captureData: { endpointInput: input } } },
      [{ time: AT, age: 39, job: 'clerk', id: 'e1/input/0' }],
    ],
    [
      'several rows',
      {
        mapping: PINNED,
        value: {
          ...capture,
          captureData: { endpointInput: { ...input, data: '39,clerk\n40,\n' } },
        },
      },
      [
        { time: AT, age: 39, job: 'clerk', id: 'e1/input/0' },
        { time: AT, age: 40, job: null, id: 'e1/input/1' },
      ],
    ],
    [
      'a header in the CSV',
      {
        mapping: NAMES,
        value: {
          ...capture,
          captureData: {
            endpointInput: {
              ...input,
              observedContentType: 'text/csv; header=present',
              data: 'job,age\nclerk,39',
            },
          },
        },
      },
      [{ time: AT, age: 39, job: 'clerk', id: 'e1/input/0' }],
    ],
    [
      'categories keep their zeros',
      {
        mapping: PINNED,
        value: { ...capture, captureData: { endpointInput: { ...input, data: '39,007' } } },
      },
      [{ time: AT, age: 39, job: '007', id: 'e1/input/0' }],
    ],
    [
      'ground truth',
      {
        mapping: PINNED,
        value: {
          groundTruthData: { data: '1', encoding: 'CSV' },
          eventMetadata: { eventId: 'e1' },
          eventVersion: '0',
        },
      },
      [{ time: RECORD_AT, paid: 1, id: 'e1/label/0' }],
    ],
    [
      'ground truth that says when its inference was',
      {
        mapping: PINNED,
        value: {
          groundTruthData: { data: '1', encoding: 'CSV' },
          eventMetadata: { eventId: 'e1', inferenceTime: '2026-01-01T12:00:00Z' },
          eventVersion: '0',
        },
      },
      [{ time: AT, paid: 1, id: 'e1/label/0' }],
    ],
    [
      'two predictions for one row',
      {
        mapping: PINNED,
        value: {
          ...capture,
          captureData: { endpointInput: input, endpointOutput: { ...output, data: '0.1\n0.2' } },
        },
      },
      'invalid-shape',
    ],
    [
      'one column too many',
      {
        mapping: PINNED,
        value: { ...capture, captureData: { endpointInput: { ...input, data: '1,2,3' } } },
      },
      'invalid-shape',
    ],
    ['no names', { mapping: NAMES, value: capture }, 'invalid-shape'],
    ['no model', { mapping: ORDER, value: capture }, 'invalid-shape'],
    ['no sides', { mapping: PINNED, value: { ...capture, captureData: {} } }, 'invalid-shape'],
    [
      'a bad time',
      { mapping: PINNED, value: { ...capture, eventMetadata: { inferenceTime: 'noon' } } },
      'invalid-timestamp',
    ],
  ],
);
table('MLflow', 'mlflow/mlflow @ 31b8059, mlflow/pyfunc/scoring_server/__init__.py', [
  ['a split frame', { mapping: NAMES, value: split }, UNTIMED],
  ['only this shape', { format: 'mlflow', mapping: NAMES, value: split }, UNTIMED],
  [
    'records',
    { mapping: NAMES, value: { dataframe_records: [{ age: 39, job: 'clerk' }, { age: 40 }] } },
    UNTIMED,
  ],
  [
    'inputs by column',
    { mapping: NAMES, value: { inputs: { age: [39, 40], job: ['clerk', null] } } },
    UNTIMED,
  ],
  [
    'predictions',
    { mapping: NAMES, value: { predictions: [0.1] } },
    [{ time: RECORD_AT, score: 0.1 }],
  ],
  [
    'predictions by name',
    { mapping: NAMES, value: { predictions: [{ score: 0.1 }] } },
    [{ time: RECORD_AT, score: 0.1 }],
  ],
  [
    'a row of another width',
    { mapping: NAMES, value: { dataframe_split: { columns: ['age'], data: [[1, 2]] } } },
    'invalid-shape',
  ],
  [
    'rows that are no lists',
    { mapping: NAMES, value: { dataframe_split: { columns: ['age'], data: [1] } } },
    'invalid-shape',
  ],
  [
    'records that are no objects',
    { mapping: NAMES, value: { dataframe_records: [1] } },
    'invalid-shape',
  ],
]);
const logged = {
  databricks_request_id: 'd1',
  client_request_id: null,
  date: '2026-01-01',
  timestamp_ms: Date.parse(AT),
  status_code: 200,
  sampling_fraction: 1,
  execution_time_ms: 5,
  request: json(split),
  response: json(answer),
  request_metadata: { endpoint_name: 'credit', model_name: 'main.ml.credit', model_version: '3' },
};
const LOGGED = ROWS.map(({ age, job }, i) => ({
  time: AT,
  age,
  job,
  score: i === 0 ? 0.1 : 0.2,
  version: '3',
  id: `d1/input+prediction/${i}`,
}));
const refused = LOGGED.map(({ time, age, job, version }, i) => ({
  time,
  age,
  job,
  version,
  id: `d1/input/${i}`,
}));
table(
  'Databricks inference tables',
  'the documentation of Databricks, schema of inference tables; it has no commits',
  [
    ['a row', { value: logged }, LOGGED],
    ['only this shape', { format: 'databricks', value: logged }, LOGGED],
    [
      '64 bits as a text, metadata as a text',
      {
        value: {
          ...logged,
          timestamp_ms: String(Date.parse(AT)),
          request_metadata: json(logged.request_metadata),
        },
      },
      LOGGED,
    ],
    [
      'a gateway row',
      {
        mapping: { models: new Map([['ent-1', 'credit']]) },
        value: {
          databricks_request_id: 'd1',
          request_time: AT,
          execution_duration_ms: 4,
          served_entity_id: 'ent-1',
          requester: 'a',
          status_code: 200,
          request: logged.request,
        },
      },
      refused.map(({ time, age, job, id }) => ({ time, age, job, id })),
    ],
    [
      'a call that failed',
      { value: { ...logged, status_code: 400, response: '{"error_code":"BAD_REQUEST"}' } },
      refused,
    ],
    ['a request that is no JSON', { value: { ...logged, request: 'oops' } }, 'invalid-json'],
    [
      'sides of different lengths',
      { value: { ...logged, response: json({ predictions: [1] }) } },
      'invalid-shape',
    ],
    ['neither side', { value: { ...logged, request: null, response: null } }, 'invalid-shape'],
  ],
);
const vertexRow = {
  endpoint: 'projects/1/locations/us/endpoints/credit',
  deployed_model_id: '77',
  logging_time: '2026-01-01 12:00:00.000000 UTC',
  request_id: 'v1',
  request_payload: ['{"age":39,"job":"clerk"}', '[40,null]'],
  response_payload: ['0.1', '[0.2]'],
};
const VERTEX = ROWS.map(({ age, job }, i) => ({
  time: AT,
  age,
  job,
  score: i === 0 ? 0.1 : 0.2,
  version: '77',
  id: `v1/input+prediction/${i}`,
}));
table(
  'Vertex AI request-response log',
  'the documentation of Vertex AI, online prediction logging; it has no commits',
  [
    ['a row', { mapping: ORDER, value: vertexRow }, VERTEX],
    ['only this shape', { format: 'vertex', mapping: ORDER, value: vertexRow }, VERTEX],
    [
      'payloads of V1 whole',
      {
        mapping: ORDER,
        value: { ...vertexRow, request_payload: [json(rows)], response_payload: [json(answer)] },
      },
      VERTEX,
    ],
    [
      'no response',
      { mapping: ORDER, value: { ...vertexRow, response_payload: [] } },
      VERTEX.map(({ time, age, job, version }, i) => ({
        time,
        age,
        job,
        version,
        id: `v1/input/${i}`,
      })),
    ],
    [
      'a payload that is no JSON',
      { mapping: ORDER, value: { ...vertexRow, request_payload: ['{'] } },
      'invalid-json',
    ],
    [
      'no payload',
      { mapping: ORDER, value: { ...vertexRow, request_payload: [], response_payload: [] } },
      'invalid-shape',
    ],
  ],
);
