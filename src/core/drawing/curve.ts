import { binnedTotal } from '../histogram/histogram.ts';
import type { NumericHistogram } from '../histogram/types.ts';

/** Part of a numeric distribution: `share` of the values in (from, to], evenly spread; from = to: all at one value. */
export interface Piece {
  readonly from: number;
  readonly to: number;
  readonly share: number;
}

/** Further out nothing is drawn: differences of such numbers are finite still. */
const FURTHEST = Number.MAX_VALUE / 8;

/**
 * A numeric histogram as pieces, ascending, only those with mass. Atoms are points; no piece reaches beyond the least and
 * the greatest value seen. A tail bin is wide, but the sum of its values is known: its piece is drawn around their mean.
 */
export function piecesOf(histogram: NumericHistogram): Piece[] {
  const { edges, atoms, tailBins } = histogram.binning;
  const total = binnedTotal(histogram);
  const pieces: Piece[] = [];
  if (total === 0) return pieces;
  const least = bounded(finiteOr(histogram.min, edges[0] ?? 0));
  const greatest = bounded(finiteOr(histogram.max, edges.at(-1) ?? 0));
  for (const [i, count] of histogram.counts.entries()) {
    if (count === 0) continue;
    const share = count / total;
    const to = clamp(edges[i] ?? greatest, least, greatest);
    const from = atoms[i] === 1 ? to : clamp(edges[i - 1] ?? least, least, to);
    const tail = tailBins.indexOf(i);
    const mean = tail < 0 ? NaN : (histogram.tailSums[tail] ?? NaN) / count;
    pieces.push(
      Number.isFinite(mean) ? around(clamp(mean, from, to), from, to, share) : { from, to, share },
    );
  }
  return pieces;
}

/** The widest even piece inside (from, to] that has this mean. */
function around(mean: number, from: number, to: number, share: number): Piece {
  const half = Math.min(mean - from, to - mean);
  return { from: mean - half, to: mean + half, share };
}

function clamp(value: number, least: number, greatest: number): number {
  return Math.min(greatest, Math.max(least, value));
}

function bounded(value: number): number {
  return clamp(value, -FURTHEST, FURTHEST);
}

function finiteOr(value: number, otherwise: number): number {
  return Number.isFinite(value) ? value : otherwise;
}

/** Share of the values at or below `x`. */
export function shareUpTo(pieces: readonly Piece[], x: number): number {
  let sum = 0;
  for (const { from, to, share } of pieces) {
    if (to <= x) sum += share;
    else if (from < x) sum += share * ((x - from) / (to - from));
  }
  return Math.min(1, sum);
}

/** The value with a share of `p` at or below it, interpolated inside pieces; NaN without values. */
export function quantileOf(pieces: readonly Piece[], p: number): number {
  let sum = 0;
  for (const { from, to, share } of pieces) {
    if (sum + share >= p) return from + (to - from) * Math.max(0, (p - sum) / share);
    sum += share;
  }
  return pieces.at(-1)?.to ?? NaN;
}
