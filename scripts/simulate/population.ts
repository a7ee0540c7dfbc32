import type { BaselineFeature } from '../../src/core/baseline/types.ts';
import { createCounter } from '../../src/core/histogram/counter.ts';
import { emptyHistogram } from '../../src/core/histogram/histogram.ts';
import { buildNumericBinning } from '../../src/core/histogram/numeric-binning.ts';
import { emptyNumericHistogram } from '../../src/core/histogram/numeric-histogram.ts';
import type { NumericBinning, NumericHistogram } from '../../src/core/histogram/types.ts';
import { SLOT } from '../../src/core/domain/event-frame.ts';
import type { Subject } from '../../src/core/evaluate/types.ts';
import type { Family } from './families.ts';
import { normalCdf, normalQuantile } from './normal-cdf.ts';
import type { Random } from './random.ts';

/** Rows of the baseline in all tables. */
export const BASELINE_ROWS = 50_000;

/**
 * How the live law differs from the baseline's, on the scale of normal scores: a value at the baseline's quantile u is
 * moved to the one at Phi(shift + scale * Phi^-1(u)); then a share of the rows becomes one value (`at`).
 */
export interface Change {
  readonly shift?: number;
  readonly scale?: number;
  readonly replaced?: { readonly share: number; readonly at: number };
}

/** A feature whose true law is known: the product's baseline of 50,000 draws, and exact draws of live windows. */
export interface Population {
  readonly name: string;
  readonly baseline: BaselineFeature;
  /** Counts of a window of n independent values under a change of the law. */
  readonly window: (random: Random, n: number, change?: Change) => NumericHistogram;
}

export function populationOf(family: Family, random: Random, rows = BASELINE_ROWS): Population {
  const values = Float64Array.from({ length: rows }, () => family.draw(random));
  const sorted = values.toSorted();
  const binning = buildNumericBinning(sorted);
  const histogram = emptyHistogram(binning);
  const counter = createCounter(binning);
  for (const value of values) counter.add(histogram, SLOT.number, value, '');
  const scale =
    (sorted[Math.floor(rows * 0.9)] as number) - (sorted[Math.floor(rows * 0.1)] as number);
  return {
    name: family.name,
    baseline: {
      name: family.name,
      kind: 'numeric',
      role: 'input',
      histogram,
      blocks: null,
      scale,
      goodTuring: null,
      slots: null,
    },
    window: windowsOf(family, binning),
  };
}

/** A stretch of the number line that lies in one bin and on one side of 0. */
interface Cell {
  readonly bin: number;
  readonly sign: -1 | 0 | 1;
  /** Normal score of the baseline's distribution function at its upper end. */
  readonly score: number;
}

/**
 * Draws windows as multinomial counts over the bins, each cut at 0 where need be: exact for independent rows, at the
 * price of the bins alone. Sums of values are not simulated: the Wasserstein distance, which takes no part in the
 * decision, is not to be read from these.
 */
function windowsOf(family: Family, binning: NumericBinning): Population['window'] {
  const cells = cellsOf(family, binning);
  return (random, n, change = {}) => {
    const { shift = 0, scale = 1, replaced } = change;
    const probabilities = new Float64Array(cells.length);
    let before = 0;
    cells.forEach(({ score }, i) => {
      const cumulative = normalCdf((score - shift) / scale);
      probabilities[i] = Math.max(0, cumulative - before);
      before = Math.max(before, cumulative);
    });
    const moved = replaced === undefined ? 0 : random.binomial(n, replaced.share);
    const counts = random.multinomial(n - moved, probabilities);
    const window = emptyNumericHistogram(binning);
    cells.forEach(({ bin, sign }, i) => {
      const count = counts[i] as number;
      window.counts[bin] = (window.counts[bin] as number) + count;
      if (sign < 0) window.negative += count;
      if (sign === 0) window.zero += count;
      window.integer +=
        sign === 0 ? count : count * (sign < 0 ? family.wholeBelow : family.wholeAbove);
    });
    if (replaced !== undefined && moved > 0) add(window, replaced.at, moved);
    return window;
  };
}

function cellsOf(family: Family, binning: NumericBinning): Cell[] {
  const cells: Cell[] = [];
  const below = family.below ?? family.cdf;
  const { edges } = binning;
  for (let bin = 0; bin <= edges.length; bin += 1) {
    const from = edges[bin - 1] ?? -Infinity;
    const to = edges[bin] ?? Infinity;
    if (from < 0) cells.push(cell(bin, -1, to < 0 ? family.cdf(to) : below(0)));
    if (from < 0 && to >= 0) cells.push(cell(bin, 0, family.cdf(0)));
    if (to > 0) cells.push(cell(bin, 1, to === Infinity ? 1 : family.cdf(to)));
  }
  return cells;
}

function cell(bin: number, sign: -1 | 0 | 1, cumulative: number): Cell {
  return { bin, sign, score: normalQuantile(cumulative) };
}

/** Counts one value many times. */
function add(window: NumericHistogram, value: number, times: number): void {
  const { edges } = window.binning;
  const bin = edges.findIndex((edge) => value <= edge);
  const at = bin < 0 ? edges.length : bin;
  window.counts[at] = (window.counts[at] as number) + times;
  if (value < 0) window.negative += times;
  if (value === 0) window.zero += times;
  if (Number.isInteger(value)) window.integer += times;
}

/** A subject as the daemon would make it of one window. */
export function subjectOf(
  population: Population,
  live: NumericHistogram,
  over: Partial<Subject> = {},
): Subject {
  return {
    feature: population.name,
    kind: 'numeric',
    role: 'input',
    tier: 'standard',
    segment: 'all',
    window: { name: '1h', spanMs: 3_600_000 },
    baseline: population.baseline,
    live,
    comparable: true,
    history: [],
    mixture: null,
    ...over,
  };
}
