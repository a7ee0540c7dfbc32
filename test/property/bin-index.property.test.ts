import fc from 'fast-check';
import { expect, test } from 'vitest';
import { BinIndex, lowerBound } from '../../src/core/histogram/bin-lookup.ts';
import { nextDouble, prevDouble } from '../../src/core/histogram/numbers/double.ts';
import { finiteNumber } from '../support/histograms.ts';

const increasing = (values: readonly number[]): Float64Array =>
  Float64Array.from(new Set(values.map((value) => value + 0)))
    .filter(Number.isFinite)
    .sort();

/** Edges of many shapes: over all magnitudes, at quantiles of light and heavy tails, in pairs, crowded in a few places. */
const edges = fc.oneof(
  fc.array(finiteNumber, { maxLength: 300 }).map(increasing),
  fc
    .tuple(fc.integer({ min: 1, max: 300 }), fc.double({ min: 0, max: 40, noNaN: true }))
    .map(([count, spread]) =>
      increasing(
        Array.from({ length: count }, (_, i) => Math.exp(spread * ((i + 0.5) / count - 0.5))),
      ),
    ),
  fc
    .array(fc.integer({ min: -50, max: 50 }), { maxLength: 60 })
    .map((values) => increasing(values.flatMap((value) => [prevDouble(value), value]))),
  fc
    .array(fc.tuple(fc.integer({ min: -3, max: 3 }), fc.integer({ min: 0, max: 9 })), {
      maxLength: 60,
    })
    .map((values) => increasing(values.map(([whole, part]) => whole * 1e6 + part * 1e-9))),
);

test('a value is found in the bin that a plain search finds, under any edges', () => {
  fc.assert(
    fc.property(edges, fc.array(finiteNumber, { maxLength: 20 }), (list, others) => {
      const index = new BinIndex(list);
      const probes = [...others, 0, -0, Infinity, -Infinity];
      for (const [i, edge] of list.entries())
        probes.push(edge, prevDouble(edge), nextDouble(edge), edge / 2 + (list[i + 1] ?? 0) / 2);
      for (const value of probes)
        expect([value, index.find(value)]).toEqual([value, lowerBound(list, value)]);
    }),
    { numRuns: 500 },
  );
});

test.each([
  // So far apart, and so near each other, that there is no scale; at the ends of a grid many.
  [[-1.7e308, 1.7e308]],
  [[0, 5e-324]],
  [[0, 5e-324, 1e-323, 1.5e-323, 2e-323, 0.5, 1]],
  [[-1, 0, 5e-324, 1e-323, 1.5e-323]],
])('a value is found in its bin under the edges %j', (list) => {
  const few = Float64Array.from(list);
  const index = new BinIndex(few);
  for (const value of list.flatMap((edge) => [prevDouble(edge), edge, nextDouble(edge)]))
    expect([value, index.find(value)]).toEqual([value, lowerBound(few, value)]);
  expect([index.find(-Infinity), index.find(Infinity)]).toEqual([0, list.length]);
});

test('edges at the quantiles of a sample are all found without a search but a few', () => {
  const list = Float64Array.from({ length: 200 }, (_, i) => Math.log((i + 0.5) / (199.5 - i)));
  const { start, cells, count } = new BinIndex(list);
  expect(cells).toBe(4 * count);
  expect(start.some((entry) => entry >= 0x8000)).toBe(false);
  const within = (start[cells] as number) - (start[0] as number);
  expect(within).toBeGreaterThanOrEqual(0.85 * count);
});
