import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  booleanBinning,
  buildCategoricalBinning,
} from '../../src/core/histogram/categorical-binning.ts';
import { categoryKey } from '../../src/core/histogram/category-key.ts';
import { decodeBinning, encodeBinning } from '../../src/core/histogram/coding/binning-text.ts';
import { HistogramDecodeError } from '../../src/core/histogram/coding/byte-stream.ts';
import { crc32 } from '../../src/core/histogram/coding/checksum.ts';
import { decodeChunk, decodeChunkAt, encodeChunk } from '../../src/core/histogram/coding/codec.ts';
import {
  binnedTotal,
  cloneHistogram,
  mergeInto,
  observationTotal,
} from '../../src/core/histogram/histogram.ts';
import { buildNumericBinning } from '../../src/core/histogram/numeric-binning.ts';
import type { Binning, Histogram } from '../../src/core/histogram/types.ts';
import { SLOT } from '../../src/core/domain/event-frame.ts';
import { countAll, observation } from '../support/histograms.ts';

const BINNINGS: readonly Binning[] = [
  buildNumericBinning(Float64Array.from({ length: 3_000 }, (_, i) => Math.tan(i)).sort()),
  buildNumericBinning(Float64Array.of(0)),
  buildCategoricalBinning(new Map([['a', 9], ['b', 4], ['c', 1]]), { tracked: 2 }), // prettier-ignore
  buildCategoricalBinning(new Map()),
  booleanBinning(),
];
const binning = fc.constantFrom(...BINNINGS);
const observations = fc.array(observation, { maxLength: 200 });

/**
 * Counts must be equal. Sums of floats agree to 1e-12 of the sum of their absolute terms, which is at most
 * sqrt(n * sum of squares); the names of heavy values are a sidecar.
 */
function expectSame(left: Histogram, right: Histogram): void {
  const bare = (h: Histogram) => ({ ...h, heavy: null, sum: 0, sumSquares: 0, tailSums: null });
  expect(bare(left)).toEqual(bare(right));
  if (left.kind !== 'numeric' || right.kind !== 'numeric') return;
  const terms = Math.sqrt(binnedTotal(left) * left.sumSquares);
  expect(Math.abs(left.sum - right.sum)).toBeLessThanOrEqual(1e-12 * terms);
  expect(Math.abs(left.sumSquares - right.sumSquares)).toBeLessThanOrEqual(1e-12 * left.sumSquares);
  for (const [i, sum] of left.tailSums.entries()) {
    expect(Math.abs(sum - (right.tailSums[i] as number))).toBeLessThanOrEqual(1e-12 * terms);
  }
}

function merged(...parts: readonly Histogram[]): Histogram {
  const [first, ...rest] = parts;
  const target = cloneHistogram(first as Histogram);
  for (const part of rest) mergeInto(target, part);
  return target;
}

describe('histograms', () => {
  it('count every observation exactly once, but for absent slots', () => {
    fc.assert(
      fc.property(binning, observations, (on, list) => {
        const h = countAll(on, list);
        expect(observationTotal(h)).toBe(list.filter(([slot]) => slot !== SLOT.absent).length);
        if (h.kind !== 'numeric') expect(h.cells.reduce((a, b) => a + b)).toBe(binnedTotal(h));
      }),
    );
  });

  it('merge to what the pooled data gives, in any order and grouping', () => {
    fc.assert(
      fc.property(binning, observations, observations, observations, (on, a, b, c) => {
        const [x, y, z] = [countAll(on, a), countAll(on, b), countAll(on, c)] as const;
        expectSame(merged(x, y, z), countAll(on, [...a, ...b, ...c]));
        expectSame(merged(x, y), merged(y, x));
        expectSame(merged(merged(x, y), z), merged(x, merged(y, z)));
      }),
    );
  });

  it('have an empty one that changes nothing, and copies that share nothing', () => {
    fc.assert(
      fc.property(binning, observations, (on, list) => {
        const h = countAll(on, list);
        const before = cloneHistogram(h);
        expect(merged(h, countAll(on, []))).toEqual(before);
        mergeInto(cloneHistogram(h), h);
        expect(h).toEqual(before);
      }),
    );
  });

  it('name every value above 1/65 of the untracked ones, never with too high a count', () => {
    const texts = fc.array(
      fc.integer({ min: 0, max: 400 }).map((n) => `v${Math.floor(n ** 2 / 900)}`),
      {
        maxLength: 2_000,
      },
    );
    fc.assert(
      fc.property(fc.array(texts, { minLength: 1, maxLength: 5 }), (parts) => {
        const on = buildCategoricalBinning(new Map());
        const whole = merged(
          ...parts.map((part) => countAll(on, part.map((text) => [SLOT.text, 0, text]))), // prettier-ignore
        );
        if (whole.kind === 'numeric') throw new Error('a categorical histogram');
        const truth = new Map<string, number>();
        for (const text of parts.flat()) truth.set(text, (truth.get(text) ?? 0) + 1);
        const bound = parts.flat().length / 65;
        for (const [text, count] of truth) {
          const named = whole.heavy.get(text) ?? 0;
          expect(named).toBeLessThanOrEqual(count);
          expect(named).toBeGreaterThanOrEqual(count - bound);
        }
      }),
      { numRuns: 50 },
    );
  });
});

describe('category keys', () => {
  it('are at most 64 bytes, well-formed, and their own keys', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 200 }), (text) => {
        const key = categoryKey(text);
        expect(Buffer.byteLength(key)).toBeLessThanOrEqual(64);
        expect(key.isWellFormed() && !key.includes('\0')).toBe(true);
        expect(categoryKey(key)).toBe(key);
      }),
    );
  });
});

describe('packed chunks', () => {
  const chunk = fc.array(fc.tuple(binning, observations), { maxLength: 8 });

  it('come back exactly', () => {
    fc.assert(
      fc.property(chunk, (parts) => {
        const histograms = parts.map(([on, list]) => countAll(on, list));
        const binnings = parts.map(([on]) => on);
        const blob = encodeChunk(histograms);
        expect(decodeChunk(blob, binnings)).toEqual(histograms);
        expect(binnings.map((_, i) => decodeChunkAt(blob, binnings, i))).toEqual(histograms);
      }),
    );
  });

  /** Decodes or says why not: nothing else may happen, whatever the bytes. */
  function expectTotal(bytes: Uint8Array, binnings: readonly Binning[]): void {
    try {
      const last = binnings.length - 1;
      if (last >= 0) decodeChunkAt(bytes, binnings, last);
      expect(decodeChunk(bytes, binnings)).toHaveLength(binnings.length);
    } catch (error) {
      expect(error).toBeInstanceOf(HistogramDecodeError);
    }
  }

  function sealed(bytes: Uint8Array): Uint8Array {
    const out = new Uint8Array(bytes.length + 4);
    out.set(bytes);
    new DataView(out.buffer).setUint32(bytes.length, crc32(bytes, 0, bytes.length), true);
    return out;
  }

  it('refuse any damage to a blob', () => {
    fc.assert(
      fc.property(chunk, fc.nat(), fc.integer({ min: 1, max: 255 }), (parts, where, flip) => {
        const blob = encodeChunk(parts.map(([on, list]) => countAll(on, list)));
        const at = where % blob.length;
        blob[at] = (blob[at] as number) ^ flip;
        const binnings = parts.map(([on]) => on);
        expect(() => decodeChunk(blob, binnings)).toThrow(HistogramDecodeError);
      }),
    );
  });

  it('answer hostile bytes behind a right checksum with an error of their own', () => {
    const edits = fc.array(fc.tuple(fc.nat(), fc.nat(255)), { minLength: 1, maxLength: 6 });
    fc.assert(
      fc.property(chunk, edits, fc.nat(), (parts, changes, cut) => {
        const blob = encodeChunk(parts.map(([on, list]) => countAll(on, list)));
        const body = blob.slice(0, blob.length - 4 - (cut % 3 === 0 ? cut % blob.length : 0));
        for (const [where, byte] of changes) if (body.length > 0) body[where % body.length] = byte;
        expectTotal(
          sealed(body),
          parts.map(([on]) => on),
        );
      }),
      { numRuns: 1_000 },
    );
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), fc.nat(4), (bytes, features) => {
        const head = Uint8Array.of(1, features, ...bytes);
        expectTotal(sealed(head), BINNINGS.slice(0, features));
      }),
      { numRuns: 1_000 },
    );
  });
});

describe('binnings as text', () => {
  it('come back exactly, with their id', () => {
    const samples = fc.array(fc.double({ noNaN: true, noDefaultInfinity: true }), {
      minLength: 1,
      maxLength: 500,
    });
    fc.assert(
      fc.property(samples, (values) => {
        const made = buildNumericBinning(Float64Array.from(values).sort());
        expect(decodeBinning(encodeBinning(made))).toEqual(made);
      }),
    );
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.string({ unit: 'binary' }), fc.nat()), { maxLength: 200 }),
        (entries) => {
          const made = buildCategoricalBinning(new Map(entries));
          expect(decodeBinning(encodeBinning(made))).toEqual(made);
        },
      ),
    );
  });
});
