import { describe, expect, it } from 'vitest';
import { lowerBound } from '../../../../src/core/histogram/bin-lookup.ts';
import { nextDouble, prevDouble } from '../../../../src/core/histogram/numbers/double.ts';
import {
  EmptySampleError,
  binningFault,
  buildNumericBinning,
} from '../../../../src/core/histogram/numeric-binning.ts';
import type { NumericBinning } from '../../../../src/core/histogram/types.ts';

const build = (values: number[], bins?: number): NumericBinning =>
  buildNumericBinning(Float64Array.from(values).sort(), bins === undefined ? {} : { bins });

function expectWellFormed(binning: NumericBinning): void {
  expect(binningFault(binning.edges, binning.atoms)).toBeNull();
  expect(binning.id).toMatch(/^[0-9a-f]{32}$/);
  expect(Array.from(binning.tailBins)).toEqual(
    [...new Set(binning.tailBins)].sort((a, b) => a - b),
  );
}

describe('prevDouble and nextDouble', () => {
  it.each([
    [0, 5e-324],
    [-5e-324, 0],
    [1, 1 + Number.EPSILON],
    [-1, -1 + Number.EPSILON / 2],
    [Number.MAX_VALUE, Infinity],
    [-Infinity, -Number.MAX_VALUE],
    [2 ** 53, 2 ** 53 + 2],
  ])('%d and %d are neighbours', (below, above) => {
    expect(nextDouble(below) === above).toBe(true);
    expect(prevDouble(above) === below).toBe(true);
  });

  it('never makes a negative zero', () => {
    expect(Object.is(nextDouble(-5e-324), 0)).toBe(true);
    expect(Object.is(prevDouble(5e-324), 0)).toBe(true);
  });
});

describe('buildNumericBinning', () => {
  it('cuts a continuous sample into 200 bins between its ends, with 12 tail edges a side', () => {
    const binning = build(Array.from({ length: 10_000 }, (_, i) => i + 1));
    expectWellFormed(binning);
    // 12 + 12 tail edges, prev(min), 200 quantile edges of which the last is the maximum.
    expect(binning.edges).toHaveLength(225);
    expect(binning.atoms.some((flag) => flag === 1)).toBe(false);
    expect(binning.edges[12]).toBe(prevDouble(1));
    expect(Array.from(binning.edges.slice(13, 16))).toEqual([50, 100, 150]);
    expect(binning.edges[212]).toBe(10_000);
    // The tails: q99 - q01 = 9799.02 by interpolation, from a quarter of it to 512 times.
    expect((binning.edges[213] as number) - 10_000).toBeCloseTo(9799 / 4, -1);
    expect((binning.edges[224] as number) / (512 * 9799)).toBeCloseTo(1, 2);
    expect(binning.tailBins).toHaveLength(30);
    expect(Array.from(binning.tailBins.slice(11, 19))).toEqual([
      11, 12, 13, 14, 211, 212, 213, 214,
    ]);
  });

  it('makes every value an atom when there are at most K of them', () => {
    const values = Array.from({ length: 5_000 }, (_, i) => i % 7);
    const { edges, atoms } = build(values);
    for (let v = 0; v < 7; v += 1) {
      const bin = lowerBound(edges, v);
      expect([atoms[bin], edges[bin], edges[bin - 1]]).toEqual([1, v, prevDouble(v)]);
    }
  });

  it('makes a value an atom from a count of m / 2K on', () => {
    const continuous = Array.from({ length: 1_000 }, (_, i) => i + 0.5);
    const edge = (copies: number): NumericBinning =>
      // 10 bins: m / 2K = m / 20.
      build([...continuous, ...Array.from({ length: copies }, () => 300)], 10);
    const flagged = (binning: NumericBinning): number =>
      binning.atoms[lowerBound(binning.edges, 300)] as number;
    expect(flagged(edge(53))).toBe(1); // 53 >= 1053 / 20
    expect(flagged(edge(52))).toBe(0); // 52 < 1052 / 20
  });

  it('takes a constant: one atom, tails by its size', () => {
    const binning = build([42, 42, 42]);
    expectWellFormed(binning);
    expect(binning.edges).toHaveLength(26);
    expect(binning.atoms[lowerBound(binning.edges, 42)]).toBe(1);
    expect(binning.edges.at(-1)).toBe(42 + 42 * 512);
    expectWellFormed(build([0]));
    expect(build([0]).edges.at(-1)).toBe(512);
  });

  it('knows -0 as 0', () => {
    expect(build([-0, -0, 1]).id).toBe(build([0, 0, 1]).id);
    const { edges, atoms } = build([-0, 0, 1]);
    expect(lowerBound(edges, -0)).toBe(lowerBound(edges, 0));
    expect(atoms[lowerBound(edges, 0)]).toBe(1);
    expect(edges.some((edge) => Object.is(edge, -0))).toBe(false);
  });

  it.each([
    ['the largest doubles', [-Number.MAX_VALUE, 0, Number.MAX_VALUE]],
    ['one huge constant', [Number.MAX_VALUE]],
    ['the lowest double', [-Number.MAX_VALUE]],
    ['denormals', [5e-324, 1e-323, 1.5e-323]],
    ['a spread below the resolution', [1e18, 1e18 + 128, 1e18 + 256]],
    ['two values', [1, 2]],
  ])('keeps edges finite and increasing: %s', (_, values) => {
    const binning = build(values);
    expectWellFormed(binning);
    for (const value of values) expect(lowerBound(binning.edges, value)).toBeGreaterThanOrEqual(0);
  });

  it('stays within 4K + 28 bins on tied data', () => {
    const tied = Array.from({ length: 20_000 }, (_, i) => (i * 7919) % 401);
    const binning = build(tied);
    expectWellFormed(binning);
    expect(binning.atoms.length).toBeLessThanOrEqual(4 * 200 + 28);
  });

  it('gives equal samples equal ids, and others others', () => {
    expect(build([1, 2, 3]).id).toBe(build([3, 2, 1]).id);
    expect(build([1, 2, 3]).id).not.toBe(build([1, 2, 4]).id);
    expect(build([1, 2, 3], 100).id).toBe(build([1, 2, 3], 200).id);
  });

  it('refuses an empty sample', () => {
    expect(() => build([])).toThrow(EmptySampleError);
  });
});
