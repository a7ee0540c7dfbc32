import { emptyCategoricalHistogram, mergeCategorical } from './categorical-histogram.ts';
import { emptyNumericHistogram, mergeNumeric } from './numeric-histogram.ts';
import type {
  Binning,
  CategoricalBinning,
  CategoricalHistogram,
  Histogram,
  NumericBinning,
  NumericHistogram,
} from './types.ts';

/** Two histograms of different binnings were to be mixed: a defect of the caller, never of the data. */
export class BinningMismatchError extends Error {
  constructor(expected: string, found: string) {
    super(`histograms of different binnings cannot be combined: ${expected} and ${found}`);
    this.name = 'BinningMismatchError';
  }
}

export function emptyHistogram(binning: NumericBinning): NumericHistogram;
export function emptyHistogram(binning: CategoricalBinning): CategoricalHistogram;
export function emptyHistogram(binning: Binning): Histogram;
export function emptyHistogram(binning: Binning): Histogram {
  return binning.kind === 'numeric'
    ? emptyNumericHistogram(binning)
    : emptyCategoricalHistogram(binning);
}

/**
 * Adds `source` to `target`. Associative and commutative: counts exactly, sums of floats to rounding; the sidecar of
 * heavy values within its error bound.
 *
 * @throws BinningMismatchError when the binning ids differ; the target is then unchanged
 */
export function mergeInto(target: Histogram, source: Histogram): void {
  assertSameBinning(target, source);
  if (target.kind === 'numeric' && source.kind === 'numeric') mergeNumeric(target, source);
  else if (target.kind !== 'numeric' && source.kind !== 'numeric') mergeCategorical(target, source);
}

/** An independent copy under the same binning. */
export function cloneHistogram<H extends Histogram>(histogram: H): H {
  const copy: Histogram =
    histogram.kind === 'numeric'
      ? { ...histogram, counts: histogram.counts.slice(), tailSums: histogram.tailSums.slice() }
      : {
          ...histogram,
          counts: histogram.counts.slice(),
          cells: histogram.cells.slice(),
          heavy: new Map(histogram.heavy),
        };
  return copy as H;
}

/** Observations that were binned: n without missing and invalid. */
export function binnedTotal(histogram: Histogram): number {
  let total = histogram.kind === 'numeric' ? 0 : histogram.other + histogram.unseen;
  const { counts } = histogram;
  for (let i = 0; i < counts.length; i += 1) total += counts[i] as number;
  return total;
}

/** All observations: binned, missing and invalid. */
export function observationTotal(histogram: Histogram): number {
  return binnedTotal(histogram) + histogram.missing + histogram.invalid;
}

/**
 * Adds `factor` times `source` to `target`: counts and sums alike; the sidecar of heavy values is left out. For mixtures
 * of references, whose counts are no longer whole numbers.
 *
 * @throws BinningMismatchError when the binning ids differ
 */
export function addScaled(target: Histogram, source: Histogram, factor: number): void {
  assertSameBinning(target, source);
  scaleArray(target.counts, source.counts, factor);
  target.missing += factor * source.missing;
  target.invalid += factor * source.invalid;
  if (target.kind === 'numeric' && source.kind === 'numeric') {
    scaleArray(target.tailSums, source.tailSums, factor);
    for (const key of ['zero', 'negative', 'integer', 'infinite', 'sum', 'sumSquares'] as const) {
      target[key] += factor * source[key];
    }
    target.min = Math.min(target.min, source.min);
    target.max = Math.max(target.max, source.max);
  } else if (target.kind !== 'numeric' && source.kind !== 'numeric') {
    scaleArray(target.cells, source.cells, factor);
    target.other += factor * source.other;
    target.unseen += factor * source.unseen;
  }
}

function scaleArray(target: Float64Array, source: Float64Array, factor: number): void {
  for (let i = 0; i < target.length; i += 1) {
    target[i] = (target[i] as number) + factor * (source[i] as number);
  }
}

function assertSameBinning(target: Histogram, source: Histogram): void {
  if (target.binning !== source.binning && target.binning.id !== source.binning.id) {
    throw new BinningMismatchError(target.binning.id, source.binning.id);
  }
}
