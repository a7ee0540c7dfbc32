import { describe, expect, it } from 'vitest';
import { decode } from './event-decoding.ts';
import type { Sent } from './event-decoding.ts';

/*
 * What the contract tables of event shapes share: records as producers write them, and what becomes of them.
 */

export const AT = '2026-01-01T12:00:00.000Z';
export const RECORD_AT = '2026-01-02T03:04:05.000Z';
export const ORDER = { inputs: ['age', 'job'], predictions: ['score'], labels: ['paid'] };
export const PINNED = { ...ORDER, model: 'credit' };
export const NAMES = { model: 'credit' };
export const json = JSON.stringify;
export const base64 = (text: string): string => Buffer.from(text).toString('base64');
type Line = readonly [what: string, sent: Sent, outcome: readonly object[] | string];
/**
 * A shape and what becomes of its records: their events, or the reason they go to quarantine for.
 * @param source what says that producers write it so: project @ commit, file
 */
export function table(shape: string, source: string, lines: readonly Line[]): void {
  describe(`shape ${shape} (${source})`, () => {
    it.each(lines)('%s', (_, sent, outcome) => {
      const decoded = decode(sent);
      if (typeof outcome === 'string') expect(decoded).toMatchObject({ reason: outcome });
      else expect(decoded).toEqual({ events: outcome });
    });
  });
}
export const whole = {
  id: 'e1',
  model: 'credit',
  version: '3',
  ts: AT,
  features: { age: 39, job: 'clerk' },
  prediction: 0.25,
  label: true,
  attributes: { country: 'DE' },
};
export const WHOLE = {
  time: AT,
  age: 39,
  job: 'clerk',
  score: 0.25,
  paid: true,
  id: 'e1',
  version: '3',
  country: 'DE',
};
export const KSERVE = 'org.kubeflow.serving.inference';
export const ce = {
  ce_specversion: '1.0',
  ce_type: `${KSERVE}.request`,
  ce_source: 'http://localhost:9081/',
  ce_id: 'c1',
  ce_time: AT,
  ce_inferenceservicename: 'credit',
  ce_namespace: 'prod',
  ce_component: 'predictor',
  ce_endpoint: 'default',
  'content-type': 'application/json',
};
export const rows = {
  instances: [
    [39, 'clerk'],
    [40, null],
  ],
};
export const ROWS = [
  { time: AT, age: 39, job: 'clerk', id: 'c1/input/0' },
  { time: AT, age: 40, job: null, id: 'c1/input/1' },
];
export const answer = { predictions: [0.1, 0.2] };
export const ANSWER = [
  { time: AT, score: 0.1, id: 'c1/prediction/0' },
  { time: AT, score: 0.2, id: 'c1/prediction/1' },
];
export const split = {
  dataframe_split: { columns: ['age', 'job'], index: [0, 1], data: rows.instances },
  params: {},
};
export const UNTIMED = ROWS.map(({ age, job }) => ({ time: RECORD_AT, age, job }));

/** Headers of a structured CloudEvent, and one. */
export const AS_CE = { 'content-type': 'application/cloudevents+json; charset=UTF-8' };
export const structured = {
  specversion: '1.0',
  type: 'com.example.prediction',
  source: '/shop',
  id: 'c9',
  time: AT,
  datacontenttype: 'application/json',
  data: { model: 'credit', features: { age: 39, job: 'clerk' } },
};
