import { binnedTotal } from '../histogram/histogram.ts';
import type { NumericHistogram } from '../histogram/types.ts';
import { ksInterval } from '../statistic/ks.ts';
import { piecesOf, quantileOf, shareUpTo } from './curve.ts';
import type { Piece } from './curve.ts';
import type { NumericPicture, Pair } from './picture.ts';

const BARS = 24;
const CURVE_POINTS = 48;
/** The range shown leaves out this share at either end of a side. */
const OUTSIDE = 0.005;
/** Live values further away than this many baseline ranges are told as a number, not drawn. */
const FAR = 2;

export function numericPictureOf(
  baseline: NumericHistogram,
  live: NumericHistogram,
): NumericPicture | null {
  const reference = piecesOf(baseline);
  const current = piecesOf(live);
  if (reference.length === 0 || current.length === 0) return null;
  const whole = isWhole(baseline) && isWhole(live);
  const edges = edgesOf(reference, current, whole);
  const [first, last] = [edges[0] as number, edges.at(-1) as number];
  const x = Array.from(
    { length: CURVE_POINTS + 1 },
    (_, i) => first + (last - first) * (i / CURVE_POINTS),
  );
  return {
    kind: 'numeric',
    edges,
    baseline: barsOf(reference, edges),
    live: barsOf(current, edges),
    below: {
      baseline: rounded(below(reference, first)),
      live: rounded(below(current, first)),
    },
    above: {
      baseline: rounded(1 - shareUpTo(reference, last)),
      live: rounded(1 - shareUpTo(current, last)),
    },
    cdf: {
      x,
      baseline: x.map((at) => rounded(shareUpTo(reference, at))),
      live: x.map((at) => rounded(shareUpTo(current, at))),
    },
    gap: gapOf(baseline, live),
  };
}

function isWhole(histogram: NumericHistogram): boolean {
  return histogram.integer === binnedTotal(histogram);
}

/** Covers nearly all of both sides; whole numbers get a bar each, or the same number of them a bar. */
function edgesOf(reference: readonly Piece[], current: readonly Piece[], whole: boolean): number[] {
  let low = quantileOf(reference, OUTSIDE);
  let high = quantileOf(reference, 1 - OUTSIDE);
  const reach = FAR * Math.max(high - low, Math.abs(high) * 0.05, Number.MIN_VALUE);
  low = Math.max(low - reach, Math.min(low, quantileOf(current, OUTSIDE)));
  high = Math.min(high + reach, Math.max(high, quantileOf(current, 1 - OUTSIDE)));
  if (whole) {
    const from = Math.floor(low);
    const step = Math.max(1, Math.ceil((Math.ceil(high) - from + 1) / BARS));
    const bars = Math.max(1, Math.ceil((Math.ceil(high) - from + 1) / step));
    return Array.from({ length: bars + 1 }, (_, i) => from - 0.5 + i * step);
  }
  const margin = high > low ? 0 : Math.max(Math.abs(low) * 0.05, 1e-9);
  const [from, to] = [low - margin, high + margin];
  return Array.from({ length: BARS + 1 }, (_, i) => from + (to - from) * (i / BARS));
}

function barsOf(pieces: readonly Piece[], edges: readonly number[]): number[] {
  const upTo = edges.map((edge, i) => (i === 0 ? below(pieces, edge) : shareUpTo(pieces, edge)));
  return upTo.slice(1).map((share, i) => rounded(share - (upTo[i] as number)));
}

/** Share left of the first edge; a value on the very edge belongs to the first bar. */
function below(pieces: readonly Piece[], edge: number): number {
  let sum = 0;
  for (const { from, to, share } of pieces) {
    if (to < edge) sum += share;
    else if (from < edge) sum += share * ((edge - from) / (to - from));
  }
  return sum;
}

function gapOf(baseline: NumericHistogram, live: NumericHistogram): (Pair & { x: number }) | null {
  const { edges, atoms } = baseline.binning;
  const { bin } = ksInterval(baseline.counts, live.counts, atoms);
  const x = bin < 0 ? undefined : edges[bin];
  if (x === undefined) return null;
  const upTo = (histogram: NumericHistogram): number => {
    let sum = 0;
    for (let i = 0; i <= bin; i += 1) sum += histogram.counts[i] as number;
    return rounded(sum / binnedTotal(histogram));
  };
  return { x, baseline: upTo(baseline), live: upTo(live) };
}

/** Four digits are finer than any screen. */
function rounded(share: number): number {
  return Math.min(1, Math.max(0, Math.round(share * 1e4) / 1e4));
}
