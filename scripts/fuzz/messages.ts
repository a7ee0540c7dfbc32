import type { SourceRecord } from '../../src/core/domain/ingestion.ts';
import { Random } from '../simulate/random.ts';

/*
 * Records that nobody should send: every shape as its producer writes it, then cut, doubled, bent and poisoned. The record
 * of an offset is the same on every run with the same seed, so that a source of them can be read again from anywhere.
 */

export const MODEL = 'fuzzed';
/** When the first record happened that nobody spoiled. */
export const START = Date.UTC(2026, 0, 1);
/** Spoiled records happened so long before that none of them can be taken for another one. */
const SPOILED_BEFORE_MS = 2 * 86_400_000;

/** What hides in otherwise good messages. */
const POISON = [
  '"__proto__":{"age":1},',
  '"constructor":{"prototype":{"age":1}},',
  '"age":"\\u0000",',
  '"job":"\\ud800",',
  '"age":1e999,',
  '"age":-1e-999,',
  '"age":9007199254740993,',
  '"age":0.1,"age":0.2,',
  '"features":null,"features":{"age":1},',
  '"ts":"2026-02-30T00:00:00Z",',
  '"ts":1e308,',
  '"toString":1,',
  '"\\u0061ge":7,',
  '"":0,',
  '[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[',
  '{"a":'.repeat(40),
  '\u0000',
  '\ufeff',
  '💥',
  'NaN',
  ',,',
];

/** What stands in the place of a value: what JSON brings may have names that code asks objects for. */
const STRANGERS = [
  '{"toString":1,"valueOf":1}',
  '{"__proto__":null}',
  '{"length":1e9,"0":1}',
  '{"toJSON":1,"then":1}',
  '[{"toString":1}]',
  '[[],[]]',
  '{}',
  'null',
  'true',
  '""',
  '-0',
];

type Message = Pick<SourceRecord, 'value' | 'headers'>;

/** What one event of a good record says, by feature; without those that it says nothing about. */
export interface SaidEvent {
  readonly age?: number;
  readonly job?: string;
  readonly score?: number;
  /** The segment it belongs to. */
  readonly country?: string;
}

/** A record as its producer writes it, and the events in it. */
interface Good {
  readonly message: Message;
  readonly events: readonly SaidEvent[];
}
const NO_HEADERS: SourceRecord['headers'] = new Map();

/** The record at an offset: about half are good, the others are not. `events`: those of a good one, else null. */
export function messageAt(
  seed: number,
  offset: number,
): { readonly record: SourceRecord; readonly events: readonly SaidEvent[] | null } {
  const random = new Random(seed + offset * 2_654_435_761);
  const dice = random.uniform();
  const spoilt = dice >= 0.5;
  const time = START + offset - (spoilt ? SPOILED_BEFORE_MS : 0);
  const { message, events } = good(random, offset, time);
  const { value, headers } = spoilt ? spoil(message, dice, random) : message;
  return {
    record: { offset, timestamp: time, key: null, value, headers },
    events: spoilt ? null : events,
  };
}

function pick<T>(random: Random, list: readonly T[]): T {
  return list[Math.floor(random.uniform() * list.length)] as T;
}

function good(random: Random, offset: number, ts: number): Good {
  const age = Math.round(random.normal() * 1_000) / 100;
  const job = random.uniform() < 0.9 ? pick(random, ['clerk', 'cook', 'pilot']) : `job-${offset}`;
  const at = new Date(ts).toISOString();
  const country = random.uniform() < 0.9 ? 'DE' : `C${offset}`;
  const features = { age, job };
  const event = { id: String(offset), model: MODEL, ts, features, attributes: { country } };
  const rows = { instances: [[age, job]] };
  const tensors = {
    id: 'x',
    model_name: MODEL,
    inputs: [
      { name: 'age', shape: [1, 1], datatype: 'FP64', data: [age] },
      { name: 'job', shape: [1], datatype: 'BYTES', data: [job] },
    ],
  };
  const score = random.uniform();
  const scored = { predictions: [score] };
  const ce = {
    ce_specversion: '1.0',
    ce_id: 'i',
    ce_source: '/s',
    ce_time: at,
    ce_inferenceservicename: MODEL,
  };
  const csv = { observedContentType: 'text/csv', mode: 'INPUT', encoding: 'CSV' };
  const input: SaidEvent = features;
  const native: SaidEvent = { ...features, country };
  const says = (message: Message, ...events: readonly SaidEvent[]): Good => ({ message, events });
  return pick(random, [
    () => says(json(event), native),
    () => says(json(event), native),
    () => {
      const events = Array.from({ length: 1 + Math.floor(random.uniform() * 20) }, () => event);
      return says(json({ events }), ...events.map(() => native));
    },
    () => says(json({ model: MODEL, ts, label: random.uniform() < 0.5 }), {}),
    () => says(json({ ...features, ts, zzz: offset }), input),
    () => says(json(rows, { ...ce, ce_type: 'org.kubeflow.serving.inference.request' }), input),
    () =>
      says(json(scored, { ...ce, ce_type: 'org.kubeflow.serving.inference.response' }), { score }),
    () =>
      says(
        json(
          { specversion: '1.0', type: 't', id: 'i', source: '/s', time: at, data: event },
          { 'content-type': 'application/cloudevents+json' },
        ),
        native,
      ),
    () =>
      says(
        json(tensors, {
          'Ce-Specversion': '0.3',
          'Ce-Type': 'io.seldon.serving.inference.request',
          'Ce-Modelid': MODEL,
        }),
        input,
      ),
    () => says(json(tensors), input),
    () =>
      says(
        json(
          { data: { names: ['age', 'job'], ndarray: [[age, job]] } },
          { type: 'io.seldon.serving.inference.request', modelid: MODEL },
        ),
        input,
      ),
    () =>
      says(
        json({
          captureData: { endpointInput: { ...csv, data: `${age},${job}` } },
          eventMetadata: { eventId: 'e', inferenceTime: at },
        }),
        input,
      ),
    () => says(json({ dataframe_split: { columns: ['age', 'job'], data: [[age, job]] } }), input),
    () =>
      says(
        json({
          databricks_request_id: 'd',
          timestamp_ms: ts,
          status_code: 200,
          request: JSON.stringify(rows),
          response: JSON.stringify(scored),
        }),
        { ...input, score },
      ),
    () =>
      says(
        json({
          endpoint: `e/${MODEL}`,
          logging_time: at,
          request_payload: [JSON.stringify(features)],
          response_payload: ['0.5'],
        }),
        { ...input, score: 0.5 },
      ),
    () =>
      says(
        json({
          reqType: 'org.kubeflow.serving.inference.request',
          bytes: Buffer.from(JSON.stringify(rows)).toString('base64'),
          inferenceService: MODEL,
          occurrenceTime: at,
        }),
        input,
      ),
  ])();
}

function json(value: unknown, headers: Readonly<Record<string, string>> = {}): Message {
  const entries = Object.entries(headers).map(([name, text]) => [name, Buffer.from(text)] as const);
  return {
    value: Buffer.from(JSON.stringify(value)),
    headers: entries.length === 0 ? NO_HEADERS : new Map(entries),
  };
}

/** @param dice from 0.5 to 1: how */
function spoil(message: Message, dice: number, random: Random): Message {
  const value = message.value as Buffer;
  const at = Math.floor(random.uniform() * (value.length + 1));
  if (dice < 0.6) return { ...message, value: flip(value, random) };
  if (dice < 0.68) return { ...message, value: value.subarray(0, at) };
  if (dice < 0.73) return { ...message, value: Buffer.concat([value, value.subarray(at)]) };
  if (dice < 0.86) return { ...message, value: poisoned(value, random) };
  if (dice < 0.9) return { ...message, value: strange(value, random) };
  if (dice < 0.94) return { ...message, headers: bent(message.headers, random) };
  if (dice < 0.96) return { ...message, value: null };
  if (dice < 0.98) return { ...message, value: noise(random, Math.floor(random.uniform() * 300)) };
  return { ...message, value: dice < 0.9995 ? wide(random) : huge(random) };
}

function flip(value: Buffer, random: Random): Buffer {
  const copy = Buffer.from(value);
  for (let i = 0; i <= random.uniform() * 4; i += 1) {
    copy[Math.floor(random.uniform() * copy.length)] = Math.floor(random.uniform() * 256);
  }
  return copy;
}

/** Put behind a brace or a comma, where it may well be taken for a key. */
function poisoned(value: Buffer, random: Random): Buffer {
  const text = value.toString();
  const places = [...text.matchAll(/[{,[]/g)].map(({ index }) => index + 1);
  const at = places.length === 0 ? 0 : pick(random, places);
  return Buffer.from(`${text.slice(0, at)}${pick(random, POISON)}${text.slice(at)}`);
}

/** One text or number, or one name of a column, is something else. */
function strange(value: Buffer, random: Random): Buffer {
  const text = value.toString();
  const places = [...text.matchAll(/(?<=[:[,])(?:"(?:[^"\\]|\\.)*"(?!:)|-?\d[\d.eE+-]*)/g)];
  if (places.length === 0) return value;
  const { index, 0: was } = pick(random, places);
  return Buffer.from(
    `${text.slice(0, index)}${pick(random, STRANGERS)}${text.slice(index + was.length)}`,
  );
}

function bent(headers: SourceRecord['headers'], random: Random): SourceRecord['headers'] {
  const copy = new Map([...headers].map(([name, text]) => [name, flip(Buffer.from(text), random)]));
  const odd = pick(random, [
    'ce_specversion',
    'content-type',
    'type',
    '__proto__',
    'CE-',
    'ce_type',
  ]);
  copy.set(odd, noise(random, 8));
  return copy;
}

function noise(random: Random, length: number): Buffer {
  return Buffer.from(Array.from({ length }, () => Math.floor(random.uniform() * 256)));
}

/** Many keys, long names, long texts, many rows. */
function wide(random: Random): Buffer {
  const count = Math.floor(random.uniform() * 1_500);
  const named = Object.fromEntries(Array.from({ length: count }, (_, i) => [`f${i}`, i]));
  const texts: readonly unknown[] = [
    { model: MODEL, features: named },
    { model: `m${count}`, features: {} },
    { model: MODEL, features: { job: 'x'.repeat(count * 8), ['n'.repeat(count)]: 1 } },
    { dataframe_records: Array.from({ length: count }, () => ({})) },
    {
      inputs: [
        {
          name: 'age',
          shape: [count],
          datatype: 'FP32',
          data: Array.from({ length: count }, () => 1),
        },
      ],
    },
  ];
  return Buffer.from(JSON.stringify(pick(random, texts)));
}

/** Up to the limit and beyond: a million levels, a record too large, very many events. */
function huge(random: Random): Buffer {
  const size = 1_048_576;
  return pick(random, [
    () => Buffer.alloc(size, '['),
    () => Buffer.from(`{"model":"${MODEL}","features":{"age":${'[1,'.repeat(300_000)}`),
    () => Buffer.from(`${'{"a":'.repeat(200_000)}1`),
    () => Buffer.from(`${'['.repeat(500_000)}${']'.repeat(500_000)}`),
    () => Buffer.alloc(size + 1, 'x'),
    () => Buffer.from(`{"events":[${'{},'.repeat(300_000)}{}]}`),
    () => Buffer.from(`{"dataframe_records":[${'{},'.repeat(300_000)}{}]}`),
    () => Buffer.from(`{"model":"${MODEL}","features":{"job":"${'y'.repeat(1_000_000)}"}}`),
  ])();
}
