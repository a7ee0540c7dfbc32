import { expect, it } from 'vitest';
import type { ModelSchema } from '../../../src/core/domain/event-frame.ts';
import type { SourceRecord } from '../../../src/core/domain/ingestion.ts';
import { createNativeDecoder } from '../../../src/ingest/decode/native.ts';
import { FrameList } from '../../../src/ingest/decoder.ts';
import type { Decoder } from '../../../src/ingest/decoder.ts';

const SCHEMA: ModelSchema = {
  modelId: 1,
  model: 'm',
  features: [{ id: 1, name: 'a', kind: 'numeric', role: 'input', tier: 'standard' }],
  indexOf: new Map([['a', 0]]),
  attributes: [],
};
const SCHEMAS = { schema: () => SCHEMA };
const USUAL = '{"model":"m","ts":1,"features":{"a":1}}';
const UNUSUAL = '{"model":"m","ts":1,"features":{"\\u0061":1}}';

const frames = new FrameList();

/**
 * Decodes the event so many times. @returns which of them the scanner was asked for: where they lie is then looked at more
 * often than by JSON.parse alone, which does so once
 */
function triedOf(decoder: Decoder, count: number, text: string): number[] {
  const tried: number[] = [];
  for (let i = 0; i < count; i += 1) {
    let asked = 0;
    const memory = Buffer.from(text);
    const record: SourceRecord = {
      offset: i,
      timestamp: 0,
      key: null,
      value: memory,
      headers: new Map(),
      get place() {
        asked += 1;
        return { memory, from: 0, to: memory.length };
      },
    };
    frames.clear();
    expect(decoder.decode(record, SCHEMAS, frames)).toBeNull();
    expect(frames.at(0).numbers[0]).toBe(1);
    if (asked > 1) tried.push(i);
  }
  return tried;
}

it('lets the scanner try unusual records less and less often, and usual ones always', () => {
  const decoder = createNativeDecoder();
  const first = [0, 1, 2, 3, 4, 5, 6, 7];
  expect(triedOf(decoder, 600, UNUSUAL)).toEqual([...first, 72, 201, 458]);
  // 512 are left alone behind the last of them, 371 of these still to come.
  expect(triedOf(decoder, 471, USUAL)).toHaveLength(100);
  expect(triedOf(decoder, 80, UNUSUAL)).toEqual([...first, 72]);
});

it('does not leave it out for more than 4,096 records', () => {
  const decoder = createNativeDecoder();
  const tried = triedOf(decoder, 20_000, UNUSUAL);
  const pauses = tried.slice(1).map((at, i) => at - (tried[i] ?? 0) - 1);
  expect(Math.max(...pauses)).toBe(4_096);
  expect(pauses.slice(-2)).toEqual([4_096, 4_096]);
});
