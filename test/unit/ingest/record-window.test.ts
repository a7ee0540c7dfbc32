import { expect, it } from 'vitest';
import type { SourceRecord, ValuePlace } from '../../../src/core/domain/ingestion.ts';
import { NativeScanner } from '../../../src/ingest/decode/bytes/native-scanner.ts';
import { FrameList } from '../../../src/ingest/decoder.ts';
import { schemaOf } from '../../support/event-decoding.ts';

/* Of records that are together in memory many are copied at once. */

const SCHEMA = schemaOf('m', ['a', 'b categorical']);
const SCHEMAS = { schema: () => SCHEMA };

interface Batch {
  readonly places: readonly ValuePlace[];
  /** What is in `a` of the first record; each has one more. */
  readonly first: number;
}

/** Records of several windows; every hundredth is longer than the others, but for `a` those of all batches are the same. */
function batchOf(first: number): Batch {
  const values = Array.from({ length: 2_000 }, (_, i) => {
    const text = i % 100 === 50 ? 'x'.repeat(8_000) : 'x';
    return Buffer.from(`{"model":"m","features":{"a":${first + i},"b":"${text}"}}`);
  });
  const memory = Buffer.concat(values);
  let to = 0;
  const places = values.map(({ length }) => {
    to += length;
    return { memory, from: to - length, to };
  });
  return { places, first };
}

const recordOf = (place: ValuePlace): SourceRecord => ({
  offset: 0,
  timestamp: 0,
  key: null,
  value: place.memory.subarray(place.from, place.to),
  place,
  headers: new Map(),
});

it('a record is read as it is, wherever the one before was', () => {
  const batches = [batchOf(1_000_000), batchOf(2_000_000)] as const;
  const [{ places }] = batches;
  expect(places.at(-1)?.to).toBeGreaterThan(3 * 65_536);
  const scanner = new NativeScanner();
  const frames = new FrameList();
  function read({ places: all, first }: Batch, i: number): void {
    frames.clear();
    expect(scanner.decode(recordOf(all[i] as ValuePlace), SCHEMAS, frames)).toBe(true);
    expect([i, frames.at(0).numbers[0]]).toEqual([i, first + i]);
    expect(frames.at(0).texts[1]).toHaveLength(i % 100 === 50 ? 8_000 : 1);
  }
  const all = [...places.keys()];
  for (const batch of batches) for (const i of all) read(batch, i);
  for (const batch of batches) for (const i of all.toReversed()) read(batch, i);
  // There and back, and from batch to batch.
  for (const i of all) read(batches[0], (i * 691) % places.length);
  for (const i of all) read(batches[i % 2 === 0 ? 0 : 1], i);
});
