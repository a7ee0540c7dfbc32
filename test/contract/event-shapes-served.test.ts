import {
  AT,
  RECORD_AT,
  ORDER,
  PINNED,
  NAMES,
  json,
  base64,
  table,
  KSERVE,
  ce,
  rows,
  ROWS,
  answer,
  ANSWER,
} from '../support/event-shapes.ts';

/* What serving systems log of requests and responses, with odd and broken variants. */

table(
  'KServe logger: binary CloudEvents around V1',
  'kserve/kserve @ aaac4e2, pkg/logger/worker.go',
  [
    ['a request', { mapping: ORDER, headers: ce, value: rows }, ROWS],
    [
      'its response',
      { mapping: ORDER, headers: { ...ce, ce_type: `${KSERVE}.response` }, value: answer },
      ANSWER,
    ],
    [
      'rows by name',
      { headers: ce, value: { instances: [{ age: 39, job: ['clerk'] }] } },
      [ROWS[0] as object],
    ],
    [
      'columns',
      {
        headers: ce,
        value: { inputs: { age: [[39], [40]], job: ['clerk', null] }, signature_name: 's' },
      },
      ROWS,
    ],
    [
      'answers in columns under a name of the server',
      {
        headers: { ...ce, ce_type: `${KSERVE}.response` },
        value: { outputs: { dense_1: [[0.1], [0.2]] } },
      },
      ANSWER,
    ],
    [
      'curl posts JSON as a form',
      {
        mapping: ORDER,
        headers: { ...ce, 'content-type': 'application/x-www-form-urlencoded' },
        value: rows,
      },
      ROWS,
    ],
    [
      'metadata that holds an attribute',
      {
        mapping: ORDER,
        headers: { ...ce, ce_metadata: json({ country: ['DE'] }) },
        value: { instances: [[39, 'clerk']] },
      },
      [{ ...ROWS[0], country: 'DE' }],
    ],
    [
      'metadata that is no JSON',
      { mapping: ORDER, headers: { ...ce, ce_metadata: '{oops' }, value: rows },
      ROWS,
    ],
    [
      'a service under another name',
      {
        mapping: { ...ORDER, models: new Map([['prod/scorer', 'credit']]) },
        headers: { ...ce, ce_inferenceservicename: 'scorer' },
        value: rows,
      },
      ROWS,
    ],
    [
      'CSV',
      { mapping: ORDER, headers: { ...ce, 'content-type': 'text/csv' }, value: '39,clerk\n40,\n' },
      ROWS,
    ],
    ['no rows', { mapping: ORDER, headers: ce, value: { instances: [] } }, []],
    ['rows without names', { headers: ce, value: rows }, 'invalid-shape'],
    [
      'a row too short',
      { mapping: ORDER, headers: ce, value: { instances: [[39]] } },
      'invalid-shape',
    ],
    [
      'columns of different lengths',
      { headers: ce, value: { inputs: { age: [1], job: [] } } },
      'invalid-shape',
    ],
    [
      'a service that is no model',
      { headers: { ...ce, ce_inferenceservicename: 'x' }, value: rows },
      'unknown-model',
    ],
    [
      'an error message',
      { headers: { ...ce, ce_type: `${KSERVE}.response` }, value: { error: 'no model' } },
      'invalid-shape',
    ],
    [
      'a body of protobuf',
      { headers: { ...ce, 'content-type': 'application/x-protobuf' }, value: 'x' },
      'unsupported-payload',
    ],
    [
      'a body of bytes',
      {
        headers: { ...ce, 'content-type': 'application/octet-stream' },
        value: Buffer.from([0xff, 0xfe, 1]),
      },
      'unsupported-payload',
    ],
    ['no data', { headers: ce, value: '' }, 'invalid-shape'],
    [
      'a bare row',
      { mapping: PINNED, value: rows },
      ROWS.map(({ age, job }) => ({ time: RECORD_AT, age, job })),
    ],
    ['bare, of no known model', { mapping: ORDER, value: rows }, 'invalid-shape'],
  ],
);
const blob = {
  url: 'http://logger/',
  bytes: base64(json(rows)),
  contentType: 'application/json',
  reqType: `${KSERVE}.request`,
  id: 'c1',
  sourceUri: 'http://localhost:9081/',
  inferenceService: 'credit',
  namespace: 'prod',
  component: 'predictor',
  endpoint: '',
  metadata: {},
  annotations: {},
  occurrenceTime: AT,
};
table('KServe logger: blobs', 'kserve/kserve @ aaac4e2, pkg/logger/worker.go', [
  ['a request', { mapping: ORDER, value: blob }, ROWS],
  [
    'a response',
    { value: { ...blob, reqType: `${KSERVE}.response`, bytes: base64(json(answer)) } },
    ANSWER,
  ],
  ['only this shape', { format: 'kserve-logger', mapping: ORDER, value: blob }, ROWS],
  ['bytes that are no base64', { value: { ...blob, bytes: '{}' } }, 'invalid-encoding'],
  ['bytes that are null', { value: { ...blob, bytes: null } }, 'invalid-shape'],
  ['a type of its own', { value: { ...blob, reqType: 'x' } }, 'invalid-shape'],
]);
const mlserver = {
  'mlserver-method': 'modelInfer',
  'Ce-Specversion': '0.3',
  'Ce-Source': 'io.seldon.serving.deployment.credit.prod',
  'Ce-Type': 'io.seldon.serving.inference.request',
  'Ce-Id': 'c1',
  'Ce-Requestid': 'c1',
  'Ce-Modelid': 'credit',
  'Ce-Inferenceservicename': 'shop',
  'Ce-Endpoint': 'shop-default',
  'Ce-Namespace': 'prod',
};
const tensors = {
  id: 'c1',
  parameters: { content_type: 'pd' },
  inputs: [
    { name: 'age', shape: [2, 1], datatype: 'FP64', data: [39, 40] },
    {
      name: 'job',
      shape: [2],
      datatype: 'BYTES',
      parameters: { content_type: 'str' },
      data: ['clerk', null],
    },
  ],
};
const AT_RECORD = ROWS.map((row) => ({ ...row, time: RECORD_AT }));
const scores = {
  model_name: 'credit',
  model_version: '3',
  id: 'c1',
  outputs: [{ name: 'predict', shape: [2, 1], datatype: 'FP64', data: [[0.1], [0.2]] }],
};
const AT_SCORED = ANSWER.map((row) => ({ ...row, time: RECORD_AT, version: '3' }));
table(
  'MLServer and the Open Inference Protocol',
  'SeldonIO/MLServer @ a325e52, mlserver/cloudevents.py; kserve/open-inference-protocol @ 7ef512b, inference_rest.md',
  [
    ['a request', { headers: mlserver, value: tensors }, AT_RECORD],
    [
      'its response',
      {
        headers: { ...mlserver, 'Ce-Type': 'io.seldon.serving.inference.response' },
        value: scores,
      },
      AT_SCORED,
    ],
    [
      'the deployment in the source',
      {
        headers: { ...mlserver, 'Ce-Modelid': 'x', 'Ce-Inferenceservicename': 'y' },
        value: tensors,
      },
      AT_RECORD,
    ],
    ['bare, with the model in it', { value: scores }, AT_SCORED],
    [
      'where only it is accepted',
      { format: 'open-inference', mapping: NAMES, value: tensors },
      AT_RECORD,
    ],
    [
      'one tensor of two columns, nested',
      {
        mapping: PINNED,
        value: {
          inputs: [
            {
              name: 'x',
              shape: [2, 2],
              datatype: 'BYTES',
              data: [
                [39, 'clerk'],
                [40, null],
              ],
            },
          ],
        },
      },
      ROWS.map(({ age, job }) => ({ time: RECORD_AT, age, job })),
    ],
    [
      'columns without names',
      {
        mapping: NAMES,
        value: { inputs: [{ name: 'x', shape: [1, 2], datatype: 'FP32', data: [1, 2] }] },
      },
      [{ time: RECORD_AT, age: null, job: null, unknown: 2 }],
    ],
    [
      'outputs that are asked for',
      { mapping: NAMES, value: { ...tensors, outputs: [{ name: 'predict' }] } },
      AT_RECORD,
    ],
    [
      'a tensor of no rows',
      {
        mapping: NAMES,
        value: { inputs: [{ name: 'age', shape: [0], datatype: 'FP32', data: [] }] },
      },
      [],
    ],
    [
      'a binary tensor',
      {
        mapping: NAMES,
        value: {
          inputs: [
            { name: 'age', shape: [1], datatype: 'FP32', parameters: { binary_data_size: 4 } },
          ],
        },
      },
      'unsupported-payload',
    ],
    [
      'fewer values than its shape says',
      {
        mapping: NAMES,
        value: { inputs: [{ name: 'age', shape: [3], datatype: 'FP32', data: [1] }] },
      },
      'invalid-shape',
    ],
    [
      'rows that differ',
      {
        mapping: NAMES,
        value: {
          inputs: [
            { name: 'age', shape: [2], datatype: 'FP32', data: [1, 2] },
            { name: 'job', shape: [1], datatype: 'BYTES', data: ['x'] },
          ],
        },
      },
      'invalid-shape',
    ],
    [
      'a shape below zero',
      {
        mapping: NAMES,
        value: { inputs: [{ name: 'age', shape: [-1], datatype: 'FP32', data: [] }] },
      },
      'invalid-shape',
    ],
    [
      'more values a row than an event may have',
      {
        mapping: NAMES,
        value: {
          inputs: [
            {
              name: 'image',
              shape: [1, 32, 32, 3],
              datatype: 'UINT8',
              data: Array.from({ length: 3072 }, () => 0),
            },
          ],
        },
      },
      'limit-exceeded',
    ],
  ],
);
const seldon = {
  type: 'io.seldon.serving.inference.request',
  'content-type': 'application/json',
  modelid: 'credit',
  requestid: 'c1',
  inferenceservicename: 'shop',
  namespace: 'prod',
  endpoint: 'default',
  protocol: 'seldon',
};
const answering = { ...seldon, type: 'io.seldon.serving.inference.response' };
table('Seldon Core 1', 'SeldonIO/seldon-core @ v1.19.0-rc.1, executor/logger/worker.go', [
  [
    'an ndarray',
    { headers: seldon, value: { data: { names: ['age', 'job'], ndarray: rows.instances } } },
    AT_RECORD,
  ],
  [
    'a tensor',
    {
      headers: answering,
      value: { meta: {}, data: { names: ['t:0'], tensor: { shape: [2, 1], values: [0.1, 0.2] } } },
    },
    ANSWER.map((row) => ({ ...row, time: RECORD_AT })),
  ],
  [
    'one row of one dimension',
    { headers: seldon, value: { data: { names: ['age', 'job'], ndarray: [39, 'clerk'] } } },
    AT_RECORD.slice(0, 1),
  ],
  ['a body of TensorFlow', { mapping: ORDER, headers: seldon, value: rows }, AT_RECORD],
  ['a body of V2', { headers: seldon, value: tensors }, AT_RECORD],
  ['only this shape', { format: 'seldon-core', headers: seldon, value: tensors }, AT_RECORD],
  [
    'feedback: its truth',
    {
      mapping: ORDER,
      headers: { ...seldon, type: 'io.seldon.serving.feedback' },
      value: { request: {}, reward: 1, truth: { data: { ndarray: [[1]] } } },
    },
    [{ time: RECORD_AT, paid: 1, id: 'c1/label/0' }],
  ],
  [
    'feedback: a reward alone',
    { headers: { ...seldon, type: 'io.seldon.serving.feedback' }, value: { reward: 1 } },
    [],
  ],
  [
    'names that do not fit',
    { headers: seldon, value: { data: { names: ['age'], ndarray: [[1, 2]] } } },
    'invalid-shape',
  ],
  [
    'a tensor that does not fit',
    { headers: seldon, value: { data: { tensor: { shape: [3], values: [1] } } } },
    'invalid-shape',
  ],
  ['a text for data', { headers: seldon, value: { strData: 'hello' } }, 'unsupported-payload'],
  ['no header', { value: { data: { ndarray: [[1]] } } }, 'invalid-shape'],
  ['no header where it is needed', { format: 'seldon-core', value: tensors }, 'invalid-shape'],
]);
