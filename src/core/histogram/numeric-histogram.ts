import type { BinLookup } from './bin-lookup.ts';
import type { NumericBinning, NumericHistogram } from './types.ts';

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

/** For each bin its place in `tailSums`, or -1. Made once a binning. */
export function tailPlaces(binning: NumericBinning): Int16Array {
  const places = new Int16Array(binning.edges.length + 1).fill(-1);
  for (const [place, bin] of binning.tailBins.entries()) places[bin] = place;
  return places;
}

/**
 * Counts one value. +-Infinity goes to an end bin and `infinite`, NaN is invalid.
 *
 * @param lookup `createBinLookup(binning.edges)`
 * @param places `tailPlaces(binning)`
 * @returns the bin, -1 for NaN
 */
export function addNumber(
  histogram: NumericHistogram,
  value: number,
  lookup: BinLookup,
  places: Int16Array,
): number {
  if (value !== value) {
    histogram.invalid += 1;
    return -1;
  }
  const bin = lookup(value);
  histogram.counts[bin] = (histogram.counts[bin] as number) + 1;
  if (value < 0) histogram.negative += 1;
  if (value === Infinity || value === -Infinity) {
    histogram.infinite += 1;
    return bin;
  }
  if (value === 0) histogram.zero += 1;
  if (Math.trunc(value) === value) histogram.integer += 1;
  histogram.sum += value;
  histogram.sumSquares += value * value;
  // + 0: a negative zero is a zero here too.
  if (value < histogram.min) histogram.min = value + 0;
  if (value > histogram.max) histogram.max = value + 0;
  const place = places[bin] as number;
  if (place >= 0) histogram.tailSums[place] = (histogram.tailSums[place] as number) + value;
  return bin;
}

/** Adds `source` to `target`; the binnings are the caller's to compare. */
export function mergeNumeric(target: NumericHistogram, source: NumericHistogram): void {
  addArray(target.counts, source.counts);
  addArray(target.tailSums, source.tailSums);
  target.missing += source.missing;
  target.invalid += source.invalid;
  target.zero += source.zero;
  target.negative += source.negative;
  target.integer += source.integer;
  target.infinite += source.infinite;
  target.sum += source.sum;
  target.sumSquares += source.sumSquares;
  if (source.min < target.min) target.min = source.min;
  if (source.max > target.max) target.max = source.max;
}

/** target[i] += source[i] */
export function addArray(target: Float64Array, source: Float64Array): void {
  for (let i = 0; i < target.length; i += 1) {
    target[i] = (target[i] as number) + (source[i] as number);
  }
}
