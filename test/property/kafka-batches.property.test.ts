import { gzipSync, zstdCompressSync } from 'node:zlib';
import fc from 'fast-check';
import { compress as lz4 } from 'lz4js';
import { compress as snappy } from 'snappyjs';
import { describe, expect, it } from 'vitest';

import { valueBytes } from '../../src/core/domain/ingestion.ts';
import { FetchedMemory } from '../../src/ingest/kafka/protocol/fetched-memory.ts';
import { decodeBatches } from '../../src/ingest/kafka/protocol/record-batches.ts';
import type { DecodedBatches } from '../../src/ingest/kafka/protocol/record-batches.ts';

interface Given {
  readonly key: Buffer | null;
  readonly value: Buffer | null;
  readonly timeDelta: number;
  readonly headers: readonly (readonly [string, Buffer])[];
}

/** Names of the codecs by number; snappy comes bare and in Java's framing. */
const CODECS = ['none', 'gzip', 'snappy', 'lz4', 'zstd', 'snappy (framed)'] as const;
type Codec = (typeof CODECS)[number];
const BASE_TIME = 1_767_225_600_000;

const bytes = (maxLength: number) =>
  fc.uint8Array({ maxLength }).map((array) => Buffer.from(array));
const record: fc.Arbitrary<Given> = fc.record({
  key: fc.option(bytes(20)),
  value: fc.option(fc.oneof(bytes(300), fc.string({ maxLength: 300 }).map(Buffer.from))),
  timeDelta: fc.integer({ min: -1_000_000, max: 100_000_000 }),
  headers: fc.uniqueArray(fc.tuple(fc.string({ maxLength: 8 }), bytes(8)), {
    maxLength: 3,
    selector: ([name]) => name,
  }),
});
const batch = fc.record({
  codec: fc.constantFrom(...CODECS),
  // Compaction leaves gaps, the tail's too.
  skipped: fc.array(fc.nat(3), { minLength: 20, maxLength: 20 }),
  records: fc.array(record, { maxLength: 20 }),
});

function varint(value: number): Buffer {
  let left = value >= 0 ? BigInt(value) * 2n : -BigInt(value) * 2n - 1n;
  const out: number[] = [];
  for (; left > 127n; left >>= 7n) out.push(Number(left & 127n) | 128);
  return Buffer.from([...out, Number(left)]);
}

function varBytes(value: Buffer | null): Buffer {
  return value === null ? varint(-1) : Buffer.concat([varint(value.length), value]);
}

function encodeRecord(given: Given, delta: number): Buffer {
  const body = Buffer.concat([
    Buffer.from([0]),
    varint(given.timeDelta),
    varint(delta),
    varBytes(given.key),
    varBytes(given.value),
    varint(given.headers.length),
    ...given.headers.flatMap(([name, value]) => [varBytes(Buffer.from(name)), varBytes(value)]),
  ]);
  return Buffer.concat([varint(body.length), body]);
}

function framed(payload: Buffer): Buffer {
  const half = Math.floor(payload.length / 2);
  const blocks = [payload.subarray(0, half), payload.subarray(half)].map((part) => {
    const block = Buffer.from(snappy(part));
    const length = Buffer.alloc(4);
    length.writeInt32BE(block.length);
    return Buffer.concat([length, block]);
  });
  return Buffer.concat([Buffer.from('\x82SNAPPY\0\0\0\0\x01\0\0\0\x01', 'latin1'), ...blocks]);
}

const COMPRESS: Readonly<Record<Codec, (payload: Buffer) => Uint8Array>> = {
  none: (payload) => payload,
  gzip: (payload) => gzipSync(payload),
  snappy: (payload) => snappy(payload),
  lz4: (payload) => lz4(payload),
  zstd: (payload) => zstdCompressSync(payload),
  'snappy (framed)': framed,
};

/** https://kafka.apache.org/documentation/#recordbatch; the checksum is left out, nobody looks. */
function encodeBatch(
  base: number,
  deltas: readonly number[],
  records: readonly Given[],
  codec: Codec,
  lastDelta: number,
): Buffer {
  const payload = COMPRESS[codec](
    Buffer.concat(records.map((given, i) => encodeRecord(given, deltas[i] ?? 0))),
  );
  const head = Buffer.alloc(61);
  head.writeBigInt64BE(BigInt(base), 0);
  head.writeInt32BE(49 + payload.length, 8);
  head.writeInt8(2, 16);
  head.writeInt16BE(codec === 'snappy (framed)' ? 2 : CODECS.indexOf(codec), 21);
  head.writeInt32BE(lastDelta, 23);
  head.writeBigInt64BE(BigInt(BASE_TIME), 27);
  head.writeBigInt64BE(-1n, 43);
  head.writeInt32BE(records.length, 57);
  return Buffer.concat([head, payload]);
}

interface Encoded {
  readonly log: Buffer;
  readonly expected: readonly object[];
  readonly end: number;
}

function encode(
  batches: readonly { codec: Codec; skipped: number[]; records: Given[] }[],
): Encoded {
  let offset = 1_000;
  const parts: Buffer[] = [];
  const expected: object[] = [];
  for (const { codec, skipped, records } of batches) {
    const base = offset;
    const deltas: number[] = [];
    for (const [i, given] of records.entries()) {
      offset += skipped[i] ?? 0;
      deltas.push(offset - base);
      expected.push({
        offset,
        timestamp: BASE_TIME + given.timeDelta,
        key: given.key,
        value: given.value,
        headers: new Map(given.headers),
      });
      offset += 1;
    }
    offset += 1 + (skipped.at(-1) ?? 0);
    parts.push(encodeBatch(base, deltas, records, codec, offset - 1 - base));
  }
  return { log: Buffer.concat(parts), expected, end: offset };
}

/** The records as what they say; their values in their places are the same. */
function contentOf(decoded: DecodedBatches | null): object[] {
  return Array.from(decoded?.records ?? [], (record) => {
    const { offset, timestamp, key, value, headers, place } = record;
    const placed = place?.memory.subarray(place.from, place.to) ?? null;
    expect(placed).toEqual(value);
    expect(valueBytes(record)).toBe(value?.length ?? null);
    return { offset, timestamp, key, value, headers };
  });
}

function decode(log: Buffer): Promise<DecodedBatches | null> {
  const fetched = { bytes: log, memory: new FetchedMemory(log) };
  return decodeBatches(fetched, [], { bytes: Infinity }, 1_000_000);
}

describe('fetched batches', () => {
  it('are read back whatever is in them, however compressed, with gaps', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(batch, { minLength: 1, maxLength: 4 }), async (batches) => {
        const { log, expected, end } = encode(batches);
        const decoded = await decode(log);
        expect(contentOf(decoded)).toEqual(expected);
        expect(decoded?.records.length ?? 0).toBe(expected.length);
        expect(decoded?.to).toBe(end);
      }),
    );
  });

  it('that are cut off are left for the next fetch', async () => {
    await fc.assert(
      fc.asyncProperty(batch, batch, fc.nat(), async (first, second, seed) => {
        const whole = encode([first]);
        const both = encode([first, second]).log;
        const cut = whole.log.length + (seed % (both.length - whole.log.length));
        const decoded = await decode(both.subarray(0, cut));
        expect(decoded?.to).toBe(whole.end);
        expect(contentOf(decoded)).toEqual(whole.expected);
      }),
    );
  });

  it('that are damaged are told, never thrown, and never take an offset that is not theirs', async () => {
    const changes = fc.array(fc.tuple(fc.nat(), fc.nat(255)), { minLength: 1, maxLength: 5 });
    await fc.assert(
      fc.asyncProperty(batch, changes, async (given, damage) => {
        const { log, end } = encode([given]);
        // Behind offset and length: where the broker's checksum has nothing to say, the frame is whole.
        for (const [at, value] of damage) log[61 + (at % Math.max(1, log.length - 61))] = value;
        const decoded = await decode(log.subarray(0, 12 + log.readInt32BE(8)));
        expect(decoded?.to).toBe(end);
        for (const { offset, fault } of decoded?.records ?? []) {
          expect(offset).toBeGreaterThanOrEqual(1_000);
          expect(offset).toBeLessThan(end);
          if (fault !== undefined) expect(fault.detail).not.toBe('');
        }
      }),
    );
  });

  it('of random bytes end somewhere', async () => {
    await fc.assert(
      fc.asyncProperty(bytes(400), async (log) => {
        await expect(decode(log)).resolves.toBeDefined();
      }),
    );
  });
});

describe('a batch that grows when decompressed', () => {
  const bomb = Buffer.alloc(80 * 1024 * 1024, ' ');

  it.each(CODECS.filter((codec) => codec !== 'none'))(
    '%s: is not read, its neighbours are',
    async (codec) => {
      const given = { key: null, value: Buffer.from('neighbour'), timeDelta: 0, headers: [] };
      const log = Buffer.concat([
        encodeBatch(0, [0], [given], 'none', 0),
        encodeBatch(1, [0], [{ ...given, value: bomb }], codec, 0),
        encodeBatch(2, [0], [given], codec, 0),
      ]);
      const decoded = await decode(log);
      expect(
        [...(decoded?.records ?? [])].map(({ offset, fault }) => [offset, fault?.reason]),
      ).toEqual([
        [0, undefined],
        [1, 'too-large'],
        [2, undefined],
      ]);
    },
    60_000,
  );
});
