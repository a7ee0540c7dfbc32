import { binnedTotal } from '../histogram/histogram.ts';
import type { NumericHistogram } from '../histogram/types.ts';

/** Part of a numeric distribution: `share` of the values in (from, to], evenly spread; from = to: all at one value. */
export interface Piece {
  readonly from: number;
  readonly to: number;
  readonly share: number;
}

/**
 * A numeric histogram as pieces, ascending, only those with mass. Atoms are points; the infinite bins end at the least and
 * the greatest value seen.
 */
export function piecesOf(histogram: NumericHistogram): Piece[] {
  const { edges, atoms } = histogram.binning;
  const total = binnedTotal(histogram);
  const pieces: Piece[] = [];
  if (total === 0) return pieces;
  for (const [i, count] of histogram.counts.entries()) {
    if (count === 0) continue;
    const to = edges[i] ?? finiteOr(histogram.max, edges[i - 1] ?? 0);
    const from = atoms[i] === 1 ? to : (edges[i - 1] ?? finiteOr(histogram.min, to));
    pieces.push({ from: Math.min(from, to), to: Math.max(from, to), share: count / total });
  }
  return pieces;
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
