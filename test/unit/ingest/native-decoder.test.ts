import { describe, expect, it } from 'vitest';
import { SLOT } from '../../../src/core/domain/event-frame.ts';
import type { ModelSchema } from '../../../src/core/domain/event-frame.ts';
import type { FeatureRole } from '../../../src/core/domain/feature.ts';
import type { Rejection, SourceRecord } from '../../../src/core/domain/ingestion.ts';
import { createNativeDecoder } from '../../../src/ingest/decode/native.ts';
import { FrameList, LIMITS } from '../../../src/ingest/decoder.ts';

const RECORD_TIME = Date.UTC(2024, 0, 1);

function schemaOf(features: Readonly<Record<string, FeatureRole>>): ModelSchema {
  const list = Object.entries(features).map(([name, role], i) => ({
    id: i + 1,
    name,
    kind: 'numeric' as const,
    role,
    tier: 'standard' as const,
  }));
  return {
    modelId: 1,
    model: 'm',
    features: list,
    indexOf: new Map(list.map(({ name }, i) => [name, i])),
    attributes: ['country', 'device'],
  };
}

const SCHEMA = schemaOf({ a: 'input', b: 'input', score: 'prediction', truth: 'label' });
const decoder = createNativeDecoder();
const frames = new FrameList();

function recordOf(value: Uint8Array): SourceRecord {
  return { offset: 0, timestamp: RECORD_TIME, key: null, value, headers: new Map() };
}

function decodeText(text: string, schema = SCHEMA): Rejection | null {
  frames.clear();
  const schemas = { schema: (model: string) => (model === 'm' ? schema : null) };
  return decoder.decode(recordOf(Buffer.from(text)), schemas, frames);
}

/** Decodes an event that must be accepted; slots by feature name. */
function accept(event: unknown, schema = SCHEMA): Readonly<Record<string, unknown>> {
  expect(decodeText(typeof event === 'string' ? event : JSON.stringify(event), schema)).toBeNull();
  expect(frames.length).toBe(1);
  const { slots, numbers, texts } = frames.at(0);
  return Object.fromEntries(
    schema.features.map(({ name }, i) => {
      const slot = slots[i];
      if (slot === SLOT.number || slot === SLOT.boolean) return [name, numbers[i]];
      if (slot === SLOT.text) return [name, texts[i]];
      return [
        name,
        slot === SLOT.absent ? 'ABSENT' : slot === SLOT.missing ? 'MISSING' : 'INVALID',
      ];
    }),
  );
}

const base = { model: 'm', ts: 1_700_000_000_000 };

function reasonOf(features: object): string | undefined {
  return decodeText(JSON.stringify({ ...base, features }))?.reason;
}

describe('what an event says about features', () => {
  it('leaves input features absent when there is no features object', () => {
    expect(accept({ ...base, label: 1 })).toEqual({
      a: 'ABSENT',
      b: 'ABSENT',
      score: 'ABSENT',
      truth: 1,
    });
  });

  it('takes a known feature that the object lacks, or has as null, as missing', () => {
    expect(accept({ ...base, features: { a: null } })).toEqual({
      a: 'MISSING',
      b: 'MISSING',
      score: 'ABSENT',
      truth: 'ABSENT',
    });
  });

  it('keeps types apart: texts stay texts, lists and objects are invalid', () => {
    expect(accept({ ...base, features: { a: '12', b: [1, 2] } })).toMatchObject({
      a: '12',
      b: 'INVALID',
    });
    expect(accept({ ...base, features: { a: { x: 1 }, b: true } })).toMatchObject({
      a: 'INVALID',
      b: 1,
    });
  });

  it('reads 1e999 as infinity, for the histogram to count at its end', () => {
    expect(accept('{"model":"m","ts":1,"features":{"a":1e999}}')).toMatchObject({ a: Infinity });
  });

  it('takes a single prediction by value or by name', () => {
    expect(accept({ ...base, prediction: 0.25 })).toMatchObject({ score: 0.25, a: 'ABSENT' });
    expect(accept({ ...base, prediction: { score: 0.5 } })).toMatchObject({ score: 0.5 });
    expect(accept({ ...base, prediction: null })).toMatchObject({ score: 'MISSING' });
    expect(accept({ ...base, prediction: { a: 1 } })).toMatchObject({ a: 'ABSENT' });
    expect(frames.at(0).unknownFeatures).toBe(1);
  });

  it('asks for names when the model has several predictions', () => {
    const two = schemaOf({ p: 'prediction', q: 'prediction' });
    expect(decodeText(JSON.stringify({ ...base, prediction: 1 }), two)).toMatchObject({
      reason: 'invalid-shape',
    });
    expect(accept({ ...base, prediction: { q: 2 } }, two)).toEqual({ p: 'MISSING', q: 2 });
  });

  it('counts unknown features and never reads a prototype', () => {
    accept('{"model":"m","ts":1,"features":{"zzz":1,"__proto__":{"a":1},"constructor":2}}');
    expect(frames.at(0).unknownFeatures).toBe(3);
    const odd = schemaOf({ constructor: 'input' as const });
    const named: ModelSchema = { ...odd, indexOf: new Map([['__proto__', 0]]) };
    expect(decodeText('{"model":"m","ts":1,"features":{"__proto__":7}}', named)).toBeNull();
    expect(frames.at(0).numbers[0]).toBe(7);
  });

  it('forgets the event before', () => {
    accept({ ...base, features: { a: 1, b: 2 }, attributes: { country: 'DE' }, id: 'x' });
    expect(accept({ ...base, label: 1 })).toMatchObject({ a: 'ABSENT', b: 'ABSENT' });
    expect(frames.at(0)).toMatchObject({ id: null, attributes: [null, null] });
  });

  it('reads declared attributes as texts', () => {
    accept({ ...base, attributes: { country: 'DE', device: 7, other: 'x' } });
    expect(frames.at(0).attributes).toEqual(['DE', '7']);
  });
});

it('reads records among others, whatever was read in between', () => {
  const texts = [1, 2, 3].map((a) => JSON.stringify({ ...base, features: { a } }));
  const memory = Buffer.from(texts.join(''));
  let from = 0;
  for (const [i, text] of texts.entries()) {
    const place = { memory, from, to: from + text.length };
    from = place.to;
    frames.clear();
    const record = { ...recordOf(memory.subarray(place.from, place.to)), place };
    expect(decoder.decode(record, { schema: () => SCHEMA }, frames)).toBeNull();
    expect(frames.at(0).numbers[0]).toBe(i + 1);
    // As if it were the next of them.
    const alone = JSON.stringify({ ...base, features: { a: 9 } });
    expect(accept(`${' '.repeat(from)}${alone}`)['a']).toBe(9);
  }
});

describe('event time', () => {
  const timeOf = (ts: unknown): number | string | undefined => {
    const rejection = decodeText(JSON.stringify({ model: 'm', ts, features: {} }));
    return rejection?.reason ?? frames.at(0).time;
  };

  it.each([
    [1_700_000_000_000, 1_700_000_000_000],
    [1_700_000_000_000.9, 1_700_000_000_000],
    ['2024-02-29T12:00:00Z', Date.UTC(2024, 1, 29, 12)],
    ['2024-02-29t12:00:00.1239z', Date.UTC(2024, 1, 29, 12, 0, 0, 123)],
    ['2024-02-29 12:00:00+05:30', Date.UTC(2024, 1, 29, 6, 30)],
    ['2024-01-01T00:00:00-00:30', Date.UTC(2024, 0, 1, 0, 30)],
    ['2016-12-31T23:59:60Z', Date.UTC(2017, 0, 1)],
    [undefined, RECORD_TIME],
    [null, RECORD_TIME],
  ])('%j is %d', (ts, expected) => {
    expect(timeOf(ts)).toBe(expected);
  });

  it.each([
    '2023-02-29T00:00:00Z',
    '2024-02-30T00:00:00Z',
    '2024-13-01T00:00:00Z',
    '2024-01-01T24:00:00Z',
    '2024-01-01T00:00:00',
    '2024-01-01',
    '1700000000000',
    '',
    -1,
    1e300,
    true,
    {},
  ])('refuses %j', (ts) => {
    expect(timeOf(ts)).toBe('invalid-timestamp');
  });
});

describe('records that go to quarantine', () => {
  const nested = (levels: number): string =>
    `{"model":"m","ts":1,"x":${'['.repeat(levels - 1)}1${']'.repeat(levels - 1)}}`;
  const keys = (count: number): string =>
    JSON.stringify({
      ...base,
      features: Object.fromEntries(Array.from({ length: count - 3 }, (_, i) => [`k${i}`, i])),
    });

  it.each([
    ['', 'invalid-json'],
    ['{', 'invalid-json'],
    ['\u0000', 'invalid-json'],
    ['[]', 'invalid-shape'],
    ['null', 'invalid-shape'],
    ['{"ts":1}', 'invalid-shape'],
    ['{"model":"","ts":1}', 'invalid-shape'],
    ['{"model":7,"ts":1}', 'invalid-shape'],
    ['{"model":"m","ts":1,"features":[]}', 'invalid-shape'],
    ['{"model":"m","ts":1,"attributes":"x"}', 'invalid-shape'],
    ['{"model":"other","ts":1}', 'unknown-model'],
    ['{"model":"m","ts":1,"features":{"a":"\\u0000"}}', 'invalid-encoding'],
    ['{"model":"m","ts":1,"features":{"a":"\\ud800"}}', 'invalid-encoding'],
    ['{"model":"m","ts":1,"features":{"\\udc00":1}}', 'invalid-encoding'],
    [nested(LIMITS.depth + 1), 'limit-exceeded'],
    [keys(LIMITS.keys + 1), 'limit-exceeded'],
    [JSON.stringify({ ...base, x: 'é'.repeat(4_097) }), 'limit-exceeded'],
    [JSON.stringify({ ...base, ['é'.repeat(65)]: 1 }), 'limit-exceeded'],
    [JSON.stringify({ ...base, x: ['y'.repeat(8_193)] }), 'limit-exceeded'],
  ])('%j: %s', (text, reason) => {
    const rejection = decodeText(text);
    expect(rejection?.reason).toBe(reason);
    expect(rejection?.detail).toMatch(/^[^\0]{5,200}$/);
  });

  it('accepts what is exactly at the limits', () => {
    expect(decodeText(nested(LIMITS.depth))).toBeNull();
    expect(decodeText(keys(LIMITS.keys))).toBeNull();
    expect(decodeText(JSON.stringify({ ...base, x: 'é'.repeat(4_096) }))).toBeNull();
    expect(decodeText(JSON.stringify({ ...base, ['é'.repeat(64)]: 1 }))).toBeNull();
    const list = JSON.stringify({
      ...base,
      features: { a: Array.from({ length: 5_000 }, () => 1) },
    });
    expect(decodeText(list)).toBeNull();
  });

  it('refuses a name and a value each time they come, also at the place of one that was taken', () => {
    const long = 'é'.repeat(65);
    for (let i = 0; i < 3; i += 1) {
      expect(accept({ ...base, features: { a: 1, b: 2 } })).toMatchObject({ a: 1, b: 2 });
      expect(reasonOf({ a: 1, [long]: 2 })).toBe('limit-exceeded');
      expect(reasonOf({ a: 1, b: 'é'.repeat(4_097) })).toBe('limit-exceeded');
      expect(reasonOf({ a: 1, b: ['\0'] })).toBe('invalid-encoding');
      expect(reasonOf({ a: 1, 'b\ud800': 2 })).toBe('invalid-encoding');
      expect(reasonOf({ a: 1, other: { [long]: 2 } })).toBe('limit-exceeded');
    }
  });

  it('counts the keys of all parts together', () => {
    const some = (count: number): object =>
      Object.fromEntries(Array.from({ length: count }, (_, i) => [`k${i}`, i]));
    const event = (inLabel: number): object => ({
      ...base,
      attributes: { country: 'CH', ...some(99) },
      features: { a: [some(100)], ...some(299) },
      prediction: some(200),
      label: some(inLabel),
    });
    const own = 6 + 100 + 100 + 300 + 200;
    expect(decodeText(JSON.stringify(event(LIMITS.keys - own)))).toBeNull();
    expect(decodeText(JSON.stringify(event(LIMITS.keys - own + 1)))?.reason).toBe('limit-exceeded');
    expect(reasonOf(some(LIMITS.keys + 500))).toBe('limit-exceeded');
  });

  it('knows an escape that must be looked at among others', () => {
    const text = (escapes: string): string =>
      `{"model":"m","ts":1,"features":{"a":"${escapes}"},"not\\u0065":1}`;
    expect(decodeText(text('\\u0041\\\\u0000\\u00e9\\ud83d\\ude00'))).toBeNull();
    for (const odd of ['\\u0041\\u0000', '\\u0041\\uD800', '\\u0041\\udc00', '\\\\\\u0000'])
      expect(decodeText(text(odd))?.reason).toBe('invalid-encoding');
  });

  it('refuses bytes that are no UTF-8, and records beyond 1 MiB before looking into them', () => {
    const schemas = { schema: () => SCHEMA };
    const bad = recordOf(Buffer.from([0x7b, 0xff, 0x7d]));
    expect(decoder.decode(bad, schemas, frames)?.reason).toBe('invalid-encoding');
    const big = recordOf(new Uint8Array(LIMITS.recordBytes + 1));
    expect(decoder.decode(big, schemas, frames)?.reason).toBe('too-large');
  });

  it('never quotes the event at length, nor in the words of the parser', () => {
    expect(decodeText(`{"model":"${'s'.repeat(500)}","ts":1}`)?.detail.length).toBeLessThan(150);
    expect(decodeText('{"password": hunter2}')?.detail).not.toContain('hunter2');
  });
});
