import { describe, expect, it } from 'vitest';
import { createBinLookup, lowerBound } from '../../../../src/core/histogram/bin-lookup.ts';
import { createCounter } from '../../../../src/core/histogram/counter.ts';
import { emptyHistogram } from '../../../../src/core/histogram/histogram.ts';
import { numericBinning } from '../../../../src/core/histogram/numeric-binning.ts';
import { ksInterval } from '../../../../src/core/statistic/ks.ts';
import { SLOT } from '../../../../src/core/domain/event-frame.ts';
import golden from '../../../golden/histogram.json' with { type: 'json' };

/** The vectors write numbers that JSON has not as text. */
function numberOf(value: number | string): number {
  return typeof value === 'number' ? value : Number(value);
}

interface AssignCase {
  readonly kind: string;
  readonly tag: string;
  readonly edges: number[];
  readonly values: (number | string)[];
  readonly index: (number | null)[];
  readonly counts: number[];
  readonly missing: number;
}

const cases = golden.cases.filter((entry) => entry.kind === 'assign') as unknown as AssignCase[];

describe('bin assignment, reference vectors', () => {
  it('reads both cases', () => {
    expect(cases).toHaveLength(2);
  });

  it.each(cases)('$tag', ({ edges, values, index, counts, missing }) => {
    const array = Float64Array.from(edges);
    const lookup = createBinLookup(array);
    for (const [i, value] of values.entries()) {
      const x = numberOf(value);
      if (Number.isNaN(x)) expect(index[i]).toBeNull();
      else expect([value, lookup(x), lowerBound(array, x)]).toEqual([value, index[i], index[i]]);
    }
    const binning = numericBinning(array, new Uint8Array(edges.length + 1), new Uint16Array(0));
    const histogram = emptyHistogram(binning);
    const counter = createCounter(binning);
    for (const value of values) counter.add(histogram, SLOT.number, numberOf(value), '');
    expect(Array.from(histogram.counts)).toEqual(counts);
    // The vectors file NaN under "missing"; here a number that is none is invalid, and missing is an absent value.
    expect(histogram.invalid).toBe(missing);
  });
});

interface IntervalCase {
  readonly tag: string;
  readonly baseline: number[];
  readonly live: number[];
  readonly atom: boolean[];
  readonly D_lower: number;
  readonly D_upper: number;
}

const intervals = golden.cases.filter(
  (entry) => entry.kind === 'ks-interval',
) as unknown as IntervalCase[];

describe('the certified interval of KS, reference vectors', () => {
  it('reads all that is not bin assignment', () => {
    expect(intervals).toHaveLength(golden.cases.length - cases.length);
  });

  it.each(intervals)('$tag', ({ baseline, live, atom, D_lower, D_upper }) => {
    const atoms = Uint8Array.from(atom, Number);
    const { low, high } = ksInterval(Float64Array.from(baseline), Float64Array.from(live), atoms);
    expect(Math.abs(low - D_lower)).toBeLessThanOrEqual(1e-10 * D_lower);
    expect(Math.abs(high - D_upper)).toBeLessThanOrEqual(1e-10 * D_upper);
  });
});

describe('createBinLookup', () => {
  it.each([
    ['one edge', [3]],
    ['few edges', [1, 2, 3]],
    ['the whole range of doubles', Array.from({ length: 40 }, (_, i) => (i - 20) * 8.9e306)],
    ['denormals', Array.from({ length: 40 }, (_, i) => i * 5e-324)],
    ['one far edge among many near ones', [...Array.from({ length: 60 }, (_, i) => i), 1e300]],
    ['edges one step apart', Array.from({ length: 40 }, (_, i) => 1 + i * Number.EPSILON)],
    ['powers', Array.from({ length: 64 }, (_, i) => 2 ** (i * 15 - 480))],
  ])('equals the plain search: %s', (_, list) => {
    const edges = Float64Array.from(list);
    const lookup = createBinLookup(edges);
    const probes = [-Infinity, Infinity, 0, -0, Number.MAX_VALUE, -Number.MAX_VALUE];
    for (const edge of edges) probes.push(edge, edge * (1 + 1e-15), edge * (1 - 1e-15), edge / 2);
    for (const probe of probes) {
      expect([probe, lookup(probe)]).toEqual([probe, lowerBound(edges, probe)]);
    }
  });

  it('takes an empty list of edges: everything is in bin 0', () => {
    expect(createBinLookup(new Float64Array(0))(1)).toBe(0);
  });
});
