import { beforeEach, describe, expect, it } from 'vitest';
import type { ModelSchema } from '../../../src/core/domain/event-frame.ts';
import type { SourceRecord } from '../../../src/core/domain/ingestion.ts';
import { NativeScanner } from '../../../src/ingest/decode/bytes/native-scanner.ts';
import { createParsingDecoder } from '../../../src/ingest/decode/native.ts';
import { FrameList } from '../../../src/ingest/decoder.ts';

const SCHEMA: ModelSchema = {
  modelId: 1,
  model: 'm',
  features: [{ id: 1, name: 'a', kind: 'numeric', role: 'input', tier: 'standard' }],
  indexOf: new Map([['a', 0]]),
  ignored: new Set(['raw']),
  attributes: ['country'],
};
const SCHEMAS = { schema: () => SCHEMA };

const recordOf = (text: string): SourceRecord => ({
  offset: 0,
  timestamp: 0,
  key: null,
  value: Buffer.from(text),
  headers: new Map(),
});

/** An event that has the value wherever nobody counts it. */
const eventWith = (value: string, more = ''): string =>
  `{"model":"m","ts":1,"meta":${value},"features":{"embedding":${value},"a":1,"raw":${value}},` +
  `"attributes":{"tags":${value},"country":"AT"}${more}}`;

describe('nested values that nobody counts', () => {
  let scanner: NativeScanner;
  let frames: FrameList;
  beforeEach(() => {
    scanner = new NativeScanner();
    frames = new FrameList();
  });

  const isRead = (text: string): boolean => {
    frames.clear();
    return scanner.decode(recordOf(text), SCHEMAS, frames);
  };
  const reasonOf = (text: string): string | undefined =>
    createParsingDecoder().decode(recordOf(text), SCHEMAS, new FrameList())?.reason;

  it.each([
    '[0.25,-1e-3,null,true]',
    '{"deep":{"deeper":[[],{}]},"é":"\\u00e9"}',
    '[ "]", "}\\"", "\\\\" , {"[":"{"} ]',
    '{"a":1,"a":2}',
    '[]',
    '{}',
  ])('are passed over, along the plan as well: %s', (value) => {
    for (let i = 0; i < 3; i += 1) {
      expect(isRead(eventWith(value))).toBe(true);
      const frame = frames.at(0);
      expect(frame.numbers[0]).toBe(1);
      expect(frame.unknownFeatures).toBe(1);
      expect(frame.attributes).toEqual(['AT']);
    }
    expect(scanner.planned).toBe(2);
  });

  it.each([
    ['that are not closed', '[[1]', 'invalid-json'],
    // Longer than what was read before: nothing behind it closes it.
    ['that go on to the end of the memory', `[[[[1]${' '.repeat(200_000)}`, 'invalid-json'],
    ['that are closed by another', '[1}', 'invalid-json'],
    ['with a text that does not end', '["]', 'invalid-json'],
    ['that are no JSON', '[1,]', 'invalid-json'],
    ['with U+0000', '["\\u0000"]', 'invalid-encoding'],
    ['with half a surrogate pair in a name', '{"\\ud800":1}', 'invalid-encoding'],
    ['with a long name', `{"${'x'.repeat(129)}":1}`, 'limit-exceeded'],
    ['with a long text', `["${'x'.repeat(8_193)}"]`, 'limit-exceeded'],
    ['that are too deep', '['.repeat(32) + ']'.repeat(32), 'limit-exceeded'],
  ])('%s are not read', (_, value, reason) => {
    for (const text of [
      `{"model":"m","ts":1,"meta":${value}}`,
      `{"model":"m","ts":1,"features":{"a":1,"embedding":${value}}}`,
    ]) {
      // With a plan and without one.
      for (const before of ['{"model":"m","ts":1}', eventWith('[1]'), eventWith('[1]')]) {
        expect(isRead(text)).toBe(false);
        isRead(before);
      }
      expect(reasonOf(text)).toBe(reason);
    }
  });

  it('in `features` are as deep as they may be with what they stand in', () => {
    const eventOf = (depth: number): string =>
      `{"model":"m","ts":1,"features":{"a":1,"embedding":${'['.repeat(depth)}${']'.repeat(depth)}}}`;
    for (let i = 0; i < 3; i += 1) {
      expect([isRead(eventOf(30)), isRead(eventOf(31))]).toEqual([true, false]);
    }
    expect([reasonOf(eventOf(30)), reasonOf(eventOf(31))]).toEqual([undefined, 'limit-exceeded']);
  });

  it('of a prediction or label that the model has none of are no values by name', () => {
    // `a` is a name that nobody counts here; an object without names has nothing unknown.
    const outcomes = [
      '0.5',
      '{}',
      '[{"a":1}]',
      '{"a":1,"b":[2],"raw":3}',
      '"x"',
      '{}',
      '[]',
      'null',
    ];
    const unknown = [1, 0, 1, 2, 1, 0, 1, 1];
    for (const key of ['prediction', 'label']) {
      const eventOf = (value: string): string =>
        `{"model":"m","ts":1,"features":{"a":1},"${key}":${value}}`;
      for (const [i, first] of outcomes.entries()) {
        for (const [j, second] of outcomes.entries()) {
          scanner = new NativeScanner();
          for (const [at, value] of [i, j, i, j].map((k) => [k, outcomes[k] ?? ''] as const)) {
            expect(isRead(eventOf(value))).toBe(true);
            expect([first, second, frames.at(0).unknownFeatures]).toEqual([
              first,
              second,
              unknown[at],
            ]);
          }
        }
      }
    }
  });

  it('have keys that count with those of the event', () => {
    const keys = (count: number): string =>
      `{${Array.from({ length: count }, (_, i) => `"k${i}":0`).join(',')}}`;
    // model, ts, meta, features, embedding, a, raw, attributes, tags, country: 10, and four times the value's.
    const [most, one] = [eventWith(keys(247), ',"x":[{"y":0}]'), eventWith(keys(248))];
    for (let i = 0; i < 5; i += 1) {
      expect(isRead(most)).toBe(true);
      expect(isRead(one)).toBe(false);
    }
    expect(scanner.planned).toBeGreaterThanOrEqual(2);
    expect(reasonOf(most)).toBeUndefined();
    expect(reasonOf(one)).toBe('limit-exceeded');
  });
});
