import type { Binning, Histogram } from '../../src/core/histogram/types.ts';

/** Everything of a histogram that is an exact count or, for values whose sums are exact, an exact sum; cells as their total. */
export interface PlainCounts {
  readonly counts: readonly number[];
  readonly missing: number;
  readonly invalid: number;
  /** Numeric: zero, negative, integer, infinite, sum, sum of squares, min, max. Categories: other, unseen, sum of the cells. */
  readonly rest: readonly number[];
}

/**
 * Counts values one by one, by looking through the edges or names from the first on; shares nothing with the program.
 * @param values number, text, or null for missing
 */
export function plainCounts(
  binning: Binning,
  values: readonly (number | string | null)[],
): PlainCounts {
  const present = values.filter((value) => value !== null);
  const missing = values.length - present.length;
  if (binning.kind === 'numeric') {
    const numbers = present.filter((value) => typeof value === 'number');
    const { edges } = binning;
    const counts = new Array<number>(edges.length + 1).fill(0);
    for (const value of numbers) {
      let bin = 0;
      while (bin < edges.length && value > (edges[bin] as number)) bin += 1;
      counts[bin] = (counts[bin] as number) + 1;
    }
    const rest = [
      numbers.filter((value) => value === 0).length,
      numbers.filter((value) => value < 0).length,
      numbers.filter((value) => Number.isInteger(value)).length,
      0,
      numbers.reduce((sum, value) => sum + value, 0),
      numbers.reduce((sum, value) => sum + value * value, 0),
      numbers.reduce((least, value) => Math.min(least, value), Infinity),
      numbers.reduce((most, value) => Math.max(most, value), -Infinity),
    ];
    return { counts, missing, invalid: present.length - numbers.length, rest };
  }
  const counts = binning.categories.map((name) => present.filter((value) => value === name).length);
  const unseen = present.length - counts.reduce((sum, count) => sum + count, 0);
  return { counts, missing, invalid: 0, rest: [0, unseen, present.length] };
}

/** The same of a stored histogram; null: nothing was counted. */
export function countsOf(binning: Binning, histogram: Histogram | null): PlainCounts {
  if (histogram === null) return plainCounts(binning, []);
  const h = histogram;
  const rest =
    h.kind === 'numeric'
      ? [h.zero, h.negative, h.integer, h.infinite, h.sum, h.sumSquares, h.min, h.max]
      : [h.other, h.unseen, h.cells.reduce((sum, count) => sum + count, 0)];
  return { counts: [...h.counts], missing: h.missing, invalid: h.invalid, rest };
}
