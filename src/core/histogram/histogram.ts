import { HASH_CELLS } from './categorical-binning.ts';
import { mergeHeavy } from './heavy-values.ts';
import type {
  Binning,
  CategoricalBinning,
  CategoricalHistogram,
  Histogram,
  NumericBinning,
  NumericHistogram,
} from './types.ts';

/** Two histograms under different binnings were to be added or compared. */
export class BinningMismatchError extends Error {
  constructor(left: string, right: string) {
    super(`histograms of binnings ${left} and ${right} cannot be put together`);
    this.name = 'BinningMismatchError';
  }
}

export function emptyNumericHistogram(binning: NumericBinning): NumericHistogram {
  return {
    kind: 'numeric',
    binning,
    counts: new Float64Array(binning.edges.length + 1),
    tailSums: new Float64Array(binning.tailBins.length),
    missing: 0,
    invalid: 0,
    zero: 0,
    negative: 0,
    integer: 0,
    infinite: 0,
    sum: 0,
    sumSquares: 0,
    min: Infinity,
    max: -Infinity,
  };
}

export function emptyCategoricalHistogram(binning: CategoricalBinning): CategoricalHistogram {
  return {
    kind: binning.kind,
    binning,
    counts: new Float64Array(binning.categories.length),
    cells: new Float64Array(HASH_CELLS),
    heavy: new Map(),
    missing: 0,
    invalid: 0,
    other: 0,
    unseen: 0,
  };
}

/** A histogram of no values under this binning. */
export function emptyHistogram(binning: Binning): Histogram {
  return binning.kind === 'numeric'
    ? emptyNumericHistogram(binning)
    : emptyCategoricalHistogram(binning);
}

/** How many values are binned: all but missing and invalid ones. */
export function binnedTotal(h: Histogram): number {
  let total = 0;
  for (const count of h.counts) total += count;
  return h.kind === 'numeric' ? total : total + h.other + h.unseen;
}

/** How many observations there were: binned, missing and invalid. */
export function observedTotal(h: Histogram): number {
  return binnedTotal(h) + h.missing + h.invalid;
}

function addArrays(target: Float64Array, source: Float64Array): void {
  for (let i = 0; i < target.length; i += 1)
    target[i] = (target[i] as number) + (source[i] as number);
}

/**
 * Adds `source` to `target`. Counts add exactly, so any order and grouping gives the same; sums of floats agree to
 * rounding.
 * @throws BinningMismatchError when the binnings differ
 */
export function mergeInto(target: Histogram, source: Histogram): void {
  if (target.binning.id !== source.binning.id) {
    throw new BinningMismatchError(target.binning.id, source.binning.id);
  }
  target.missing += source.missing;
  target.invalid += source.invalid;
  addArrays(target.counts, source.counts);
  if (target.kind === 'numeric' && source.kind === 'numeric') {
    addArrays(target.tailSums, source.tailSums);
    target.zero += source.zero;
    target.negative += source.negative;
    target.integer += source.integer;
    target.infinite += source.infinite;
    target.sum += source.sum;
    target.sumSquares += source.sumSquares;
    target.min = Math.min(target.min, source.min);
    target.max = Math.max(target.max, source.max);
  } else if (target.kind !== 'numeric' && source.kind !== 'numeric') {
    addArrays(target.cells, source.cells);
    target.other += source.other;
    target.unseen += source.unseen;
    mergeHeavy(target.heavy, source.heavy);
  }
}

/** A copy that shares nothing but the binning. */
export function cloneHistogram(h: Histogram): Histogram {
  const copy = emptyHistogram(h.binning);
  mergeInto(copy, h);
  return copy;
}
