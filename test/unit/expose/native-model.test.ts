import { describe, expect, it } from 'vitest';

import { EVENT_FORMATS } from '../../../src/config/types.ts';
import type { EventMapping } from '../../../src/config/types.ts';
import { splitEvents } from '../../../src/expose/api/events/split.ts';
import { createEventDecoder } from '../../../src/ingest/decode/event-decoder.ts';
import { FrameList } from '../../../src/ingest/decoder.ts';
import { recordOf, schemaOf } from '../../support/event-decoding.ts';

/* Of which model a posted event is said to be, against what the decoder then counts it for. */

const SCHEMAS = ['own', 'foreign'].map((name) =>
  schemaOf(name, ['x', 'score numeric prediction', 'paid numeric label']),
);
const MAPPINGS: readonly EventMapping[] = [
  {},
  { name: 'svc' },
  { time: 'at' },
  { features: new Map([['x', 'y']]) },
  { model: 'foreign' },
  { model: 'own' },
  { models: new Map([['own', 'foreign']]) },
  { models: new Map([['theirs', 'own']]) },
];

const inner = { model: 'foreign', features: { x: 1 } };
/** What stands beside a "model" that is `own` or `theirs`. */
const BESIDE: readonly object[] = [
  {},
  { svc: 'foreign', x: 1 },
  { svc: 'foreign', y: 1 },
  { x: 1, events: [inner] },
  { model_name: 'foreign', inputs: [{ name: 'x', shape: [1], datatype: 'FP64', data: [1] }] },
  {
    x: 1,
    model_name: 'foreign',
    outputs: [{ name: 'x', shape: [1], datatype: 'FP64', data: [1] }],
  },
  { specversion: '1.0', type: 't', data: inner },
  { specversion: '1.0', data_base64: Buffer.from(JSON.stringify(inner)).toString('base64') },
  { modelid: 'foreign', inferenceservicename: 'foreign', instances: [[1]] },
  { ModelId: 'foreign', specversion: '1.0', type: 'a.inference.request', data: { instances: [1] } },
];
const VALUES: readonly object[] = [
  { features: {} },
  { features: { x: 1 } },
  { prediction: 0.5 },
  { label: 1, features: null },
];
const bodies = BESIDE.flatMap((beside) =>
  VALUES.flatMap((values) =>
    ['own', 'theirs'].map((model) => JSON.stringify({ model, ...values, ...beside })),
  ),
);

const ce = { 'ce-specversion': '1.0', 'ce-modelid': 'foreign' };
const SENT = [
  { contentType: 'application/json', attributes: null },
  { contentType: 'application/cloudevents+json', attributes: null },
  { contentType: 'application/json', attributes: { ...ce, 'ce-type': 't' } },
  { contentType: 'text/csv', attributes: { ...ce, 'ce-type': 'a.inference.request' } },
  {
    contentType: 'application/json',
    attributes: { type: 'io.seldon.serving.inference.request', modelid: 'foreign' },
  },
];

describe.each(EVENT_FORMATS)('the model of a posted event, read as %s', (format) => {
  it.each(MAPPINGS)('is the one that it is counted for, or is not said: %#', (mapping) => {
    const decoder = createEventDecoder(format, mapping);
    let said = 0;
    for (const body of bodies)
      for (const { contentType, attributes } of SENT) {
        const posted = { contentType, bytes: Buffer.from(body), attributes };
        const [event] = splitEvents(posted, { format, mapping });
        const { model = null, headers = {} } = event ?? {};
        const frames = new FrameList();
        const sent = recordOf({ headers, value: body });
        const schema = (name: string) => SCHEMAS.find((one) => one.model === name) ?? null;
        const rejected = decoder.decode(sent, { schema }, frames);
        if (model === null || rejected !== null) continue;
        said += 1;
        for (let i = 0; i < frames.length; i += 1)
          expect([frames.at(i).schema?.model, body, headers]).toEqual([model, body, headers]);
      }
    if (format === 'auto' || format === 'native') expect(said).toBeGreaterThan(10);
  });
});
