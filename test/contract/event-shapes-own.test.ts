import { describe, expect, it } from 'vitest';
import { decode, decoderOf } from '../support/event-decoding.ts';
import type { Sent } from '../support/event-decoding.ts';
import {
  AS_CE,
  AT,
  ORDER,
  NAMES,
  json,
  base64,
  table,
  whole,
  WHOLE,
  ce,
  rows,
  ROWS,
  structured,
} from '../support/event-shapes.ts';

/* Shapes of events that name their features themselves, as their producers write them, with odd and broken variants. */

table('native', 'docs/events.md', [
  ['a whole event', { value: whole }, [WHOLE]],
  ['the same where only it is accepted', { format: 'native', value: whole }, [WHOLE]],
  ['headers of tracing', { headers: { traceparent: '00-ab-cd-01' }, value: whole }, [WHOLE]],
  [
    'a label alone',
    { value: { model: 'credit', ts: AT, label: false } },
    [{ time: AT, paid: false }],
  ],
  [
    'features that it lacks',
    { value: { model: 'credit', ts: AT, features: {} } },
    [{ time: AT, age: null, job: null }],
  ],
  ['no values at all', { value: { id: 'e', model: 'credit', ts: AT } }, 'invalid-shape'],
  ['a misspelt key', { value: { model: 'credit', Features: { age: 39 } } }, 'invalid-shape'],
  ['values that are null', { value: { model: 'credit', features: null } }, 'invalid-shape'],
  ['no model', { value: { ts: AT, features: { age: 1 } } }, 'invalid-shape'],
  ['a model that is not declared', { value: { ...whole, model: 'x' } }, 'unknown-model'],
  ['a time without a zone', { value: { ...whole, ts: '2026-01-01 12:00' } }, 'invalid-timestamp'],
  ['features that are a list', { value: { ...whole, features: [1] } }, 'invalid-shape'],
  [
    'another shape where only it is accepted',
    { format: 'native', value: { instances: [] } },
    'invalid-shape',
  ],
  ['a list', { value: [whole] }, 'invalid-shape'],
  ['a text', { value: '"x"' }, 'invalid-shape'],
  ['no JSON', { value: '{"model": credit}' }, 'invalid-json'],
  ['nothing', { value: '' }, 'invalid-json'],
  ['no UTF-8', { value: Buffer.from([0x7b, 0xff, 0x7d]) }, 'invalid-encoding'],
]);
table('batch', 'docs/events.md', [
  [
    'two events',
    { value: { events: [whole, { ...whole, id: 'e2' }] } },
    [WHOLE, { ...WHOLE, id: 'e2' }],
  ],
  ['none', { value: { events: [] } }, []],
  [
    'one bad event: none counts',
    { value: { events: [whole, { ...whole, model: 'x' }] } },
    'unknown-model',
  ],
  ['an event that is a list', { value: { events: [[]] } }, 'invalid-shape'],
  [
    'an event without values',
    { value: { events: [whole, { model: 'credit', age: 39 }] } },
    'invalid-shape',
  ],
  [
    'more events than a record may have',
    {
      value: `{"events":[${Array.from({ length: 10_001 }, () => '{"model":"credit","label":1}').join()}]}`,
    },
    'limit-exceeded',
  ],
]);
const STRUCTURED = { time: AT, age: 39, job: 'clerk', id: 'c9' };
const flatMapping = {
  name: 'svc',
  time: 'at',
  id: 'req.id',
  features: new Map([['age', 'person.age']]),
  attributes: new Map([['country', 'geo']]),
};
table(
  'flat',
  'docs/events.md; bentoml/BentoML @ f2297be, src/bentoml/_internal/monitoring/default.py',
  [
    [
      'keys by the mapping, else by their names',
      {
        format: 'flat',
        mapping: flatMapping,
        value: {
          svc: 'credit',
          at: AT,
          req: { id: 7 },
          person: { age: 39 },
          job: 'clerk',
          score: 0.5,
          geo: 'FR',
        },
      },
      [{ time: AT, age: 39, job: 'clerk', score: 0.5, country: 'FR', id: '7/input+prediction/0' }],
    ],
    [
      'chosen last when a mapping is there',
      { mapping: NAMES, value: { ts: AT, age: 1, zzz: 2 } },
      [{ time: AT, age: 1, job: null, unknown: 1 }],
    ],
    [
      'a label alone',
      { mapping: NAMES, value: { ts: AT, paid: true } },
      [{ time: AT, paid: true }],
    ],
    [
      'a name with dots in it',
      {
        mapping: { ...NAMES, features: new Map([['age', 'p.age']]) },
        value: { ts: AT, 'p.age': 4 },
      },
      [{ time: AT, age: 4, job: null }],
    ],
    [
      'nothing that is known',
      { mapping: NAMES, value: { ts: AT } },
      [{ time: AT, age: null, job: null }],
    ],
    [
      'BentoML monitor line',
      {
        mapping: { ...NAMES, time: 'timestamp', id: 'request_id' },
        value: {
          age: 39,
          job: 'clerk',
          score: 0.5,
          timestamp: '2026-01-01T12:00:00Z',
          request_id: 'r',
        },
      },
      [{ time: AT, age: 39, job: 'clerk', score: 0.5, id: 'r/input+prediction/0' }],
    ],
    [
      'features beside a model and a label: the mapping makes it flat',
      {
        mapping: { time: 'at' },
        value: { model: 'credit', at: AT, age: 39, paid: true, label: 7 },
      },
      [{ time: AT, age: 39, job: null, paid: true, unknown: 1 }],
    ],
    [
      'features beside a prediction and a label that are no names of features',
      {
        mapping: NAMES,
        value: { model: 'credit', ts: AT, age: 39, prediction: 0.5, label: { paid: false } },
      },
      [{ time: AT, age: 39, job: null, score: 0.5, paid: false }],
    ],
    [
      'the same in a CloudEvent',
      {
        headers: AS_CE,
        mapping: NAMES,
        value: { ...structured, data: { model: 'credit', age: 39, prediction: 0.5 } },
      },
      [{ time: AT, age: 39, job: null, score: 0.5, id: 'c9/input+prediction/0' }],
    ],
    [
      'a late label of a native event stays one, whatever stands beside it',
      { mapping: NAMES, value: { id: 'e1', model: 'credit', ts: AT, label: true, trace: 'x' } },
      [{ time: AT, paid: true, id: 'e1' }],
    ],
    [
      'an object of features is native',
      { mapping: NAMES, value: { model: 'credit', ts: AT, age: 1, features: { age: 2 } } },
      [{ time: AT, age: 2, job: null }],
    ],
    [
      'a late label with a name that nobody knows says nothing of the inputs',
      { mapping: NAMES, value: { ts: AT, paid: true, trace: 'x' } },
      [{ time: AT, paid: true, unknown: 1 }],
    ],
    ['without a mapping', { value: { svc: 'credit', age: 1 } }, 'invalid-shape'],
    [
      'without a mapping, though its model is known',
      { value: { model: 'credit', age: 39 } },
      'invalid-shape',
    ],
    [
      'the same with names of models alone',
      { mapping: { models: new Map([['c', 'credit']]) }, value: { model: 'c', age: 39 } },
      'invalid-shape',
    ],
    [
      'the same in a CloudEvent',
      { headers: AS_CE, value: { ...structured, data: { model: 'credit', age: 39 } } },
      'invalid-shape',
    ],
    ['a time that is none', { mapping: NAMES, value: { ts: 'noon', age: 1 } }, 'invalid-timestamp'],
    [
      'a prototype for a model',
      { format: 'flat', mapping: { name: '__proto__' }, value: '{"__proto__":{"x":1},"age":1}' },
      'invalid-shape',
    ],
  ],
);
table(
  'CloudEvents',
  'cloudevents/spec @ c2845a4, kafka-protocol-binding.md and http-protocol-binding.md',
  [
    ['structured', { headers: AS_CE, value: structured }, [STRUCTURED]],
    ['structured, by its keys alone', { value: structured }, [STRUCTURED]],
    ['where only they are accepted', { format: 'cloudevents', value: structured }, [STRUCTURED]],
    [
      'data as base64',
      {
        headers: AS_CE,
        value: { ...structured, data: undefined, data_base64: base64(json(structured.data)) },
      },
      [STRUCTURED],
    ],
    [
      '0.3: base64 by a word beside it',
      {
        headers: AS_CE,
        value: {
          ...structured,
          specversion: '0.3',
          datacontentencoding: 'base64',
          data: base64(json(structured.data)),
        },
      },
      [STRUCTURED],
    ],
    [
      'data as JSON in a text',
      { headers: AS_CE, value: { ...structured, data: json(structured.data) } },
      [STRUCTURED],
    ],
    [
      'an event with id and time of its own',
      { headers: AS_CE, value: { ...structured, data: whole } },
      [WHOLE],
    ],
    [
      'a batch in it',
      {
        headers: AS_CE,
        value: { ...structured, data: { events: [structured.data, structured.data] } },
      },
      [
        { ...STRUCTURED, id: 'c9/0' },
        { ...STRUCTURED, id: 'c9/1' },
      ],
    ],
    [
      'flat data',
      { headers: AS_CE, mapping: NAMES, value: { ...structured, data: { age: 39, job: 'clerk' } } },
      [{ ...STRUCTURED, id: 'c9/input/0' }],
    ],
    [
      'binary around a native event',
      { headers: { ...ce, ce_type: 'x' }, value: { model: 'credit', label: 1 } },
      [{ time: AT, paid: 1, id: 'c1' }],
    ],
    [
      'headers with dashes, in capitals',
      {
        mapping: ORDER,
        headers: Object.fromEntries(
          Object.entries(ce).map(([k, v]) => [k.replace('ce_', 'CE-'), v]),
        ),
        value: rows,
      },
      ROWS,
    ],
    [
      'a content type of another format',
      { headers: { 'content-type': 'application/cloudevents+avro' }, value: 'x' },
      'unsupported-payload',
    ],
    [
      'no version',
      { headers: AS_CE, value: { ...structured, specversion: undefined } },
      'invalid-shape',
    ],
    [
      'a version that is not read',
      { headers: { ...ce, ce_specversion: '2.0' }, value: rows },
      'invalid-shape',
    ],
    ['no data', { headers: AS_CE, value: { ...structured, data: null } }, 'invalid-shape'],
    [
      'data of no shape',
      { headers: AS_CE, value: { ...structured, data: { x: 1 } } },
      'invalid-shape',
    ],
    [
      'base64 that is none',
      { headers: AS_CE, value: { ...structured, data: undefined, data_base64: '***' } },
      'invalid-encoding',
    ],
    [
      'a time that is none',
      { headers: { ...ce, ce_time: 'noon' }, mapping: ORDER, value: rows },
      'invalid-timestamp',
    ],
    ['a list', { headers: AS_CE, value: [structured] }, 'invalid-shape'],
  ],
);

describe('the choice', () => {
  it('is the same whatever came before: a record never depends on its neighbours', () => {
    const records: readonly Sent[] = [
      { value: whole },
      { value: { ...whole, specversion: '1.0', data: structured.data } },
      { value: structured },
      { value: { ...whole, inputs: [], instances: [] } },
      { value: { model: 'credit' } },
      { value: { model: 'credit', events: [whole] } },
      { value: { model: 'credit', specversion: '1.0', data: structured.data } },
      { value: { features: { age: 1 } } },
    ];
    const decodeAll = decoderOf({});
    const alone = records.map(decode);
    for (const first of records) {
      decodeAll(first);
      expect(records.map(decodeAll)).toEqual(alone);
    }
  });
});
