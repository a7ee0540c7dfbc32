import { SLOT } from '../domain/event-frame.ts';
import type { BinIndex } from './bin-lookup.ts';
import type { NumericBinning, NumericHistogram, SlotRows } from './types.ts';

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
 * @param index of `binning.edges`
 * @param places `tailPlaces(binning)`
 * @returns the bin, -1 for NaN
 */
export function addNumber(
  histogram: NumericHistogram,
  value: number,
  index: BinIndex,
  places: Int16Array,
): number {
  if (value !== value) {
    histogram.invalid += 1;
    return -1;
  }
  const bin = index.find(value);
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

/**
 * Counts one feature of many rows, to the bit as `addNumber` would one after another: what is added to again and again
 * stays in registers meanwhile.
 *
 * @param order the rows that count: the first `count` of it
 * @returns how many of them were observations
 */
export function addNumbers(
  histogram: NumericHistogram,
  rows: SlotRows,
  feature: number,
  order: Uint16Array,
  count: number,
  index: BinIndex,
  places: Int16Array,
): number {
  const { slots, numbers, width } = rows;
  const { counts, tailSums } = histogram;
  let { sum, sumSquares, min, max, zero, negative, integer } = histogram;
  let observed = 0;
  for (let i = 0; i < count; i += 1) {
    const at = (order[i] as number) * width + feature;
    const slot = slots[at];
    if (slot === SLOT.absent) continue;
    observed += 1;
    const value = numbers[at] as number;
    if (slot !== SLOT.number || value !== value) {
      if (slot === SLOT.missing) histogram.missing += 1;
      else histogram.invalid += 1;
      continue;
    }
    const bin = index.find(value);
    counts[bin] = (counts[bin] as number) + 1;
    // Without branches: signs come as they like.
    negative += Number(value < 0);
    if (value === Infinity || value === -Infinity) {
      histogram.infinite += 1;
      continue;
    }
    zero += Number(value === 0);
    integer += Number(Math.trunc(value) === value);
    sum += value;
    sumSquares += value * value;
    // + 0: a negative zero is a zero here too.
    if (value < min) min = value + 0;
    if (value > max) max = value + 0;
    const place = places[bin] as number;
    if (place >= 0) tailSums[place] = (tailSums[place] as number) + value;
  }
  histogram.sum = sum;
  histogram.sumSquares = sumSquares;
  histogram.min = min;
  histogram.max = max;
  histogram.zero = zero;
  histogram.negative = negative;
  histogram.integer = integer;
  return observed;
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
