import { binnedTotal } from '../histogram/histogram.ts';
import type { NumericHistogram } from '../histogram/types.ts';

/**
 * First Wasserstein distance of two histograms under one binning, in the feature's own unit (STATISTICS 2b): bins with
 * kept sums are point masses at their mean, atoms at their value, other bins uniform between their edges; never less than
 * the difference of the means. Infinite values take no part.
 * @returns 0 when a side has no finite value
 */
export function wasserstein(baseline: NumericHistogram, live: NumericHistogram): number {
  const n = binnedTotal(live) - live.infinite;
  const m = binnedTotal(baseline) - baseline.infinite;
  if (n <= 0 || m <= 0) return 0;
  const pieces = [...massesOf(live, 1 / n), ...massesOf(baseline, -1 / m)];
  const area = integrateAbsolute(pieces);
  const shift = Math.abs(live.sum / n - baseline.sum / m);
  // Sums of values near the end of the doubles overflow: then they say nothing of the means.
  return Number.isFinite(shift) ? Math.max(area, shift) : area;
}

/**
 * W1 of two samples: the integral of |F - G|.
 * @param weights one weight a value, of any positive sum; equal when left out
 */
export function wassersteinOfSamples(
  u: Float64Array,
  v: Float64Array,
  weights: { readonly u?: Float64Array; readonly v?: Float64Array } = {},
): number {
  return integrateAbsolute([...pointMasses(u, weights.u, 1), ...pointMasses(v, weights.v, -1)]);
}

function pointMasses(
  values: Float64Array,
  weights: Float64Array | undefined,
  sign: number,
): Piece[] {
  const total = weights === undefined ? values.length : weights.reduce((sum, w) => sum + w, 0);
  return Array.from(values, (x, i) => ({
    from: x,
    to: x,
    mass: (sign * (weights?.[i] ?? 1)) / total,
  }));
}

/** Signed mass, all at `from` when from = to, else uniform between. */
interface Piece {
  readonly from: number;
  readonly to: number;
  readonly mass: number;
}

function massesOf(h: NumericHistogram, weight: number): Piece[] {
  const { edges, atoms, tailBins } = h.binning;
  const sumOf = new Map<number, number>();
  tailBins.forEach((bin, i) => sumOf.set(bin, h.tailSums[i] as number));
  const pieces: Piece[] = [];
  for (let bin = 0; bin < h.counts.length; bin += 1) {
    let count = h.counts[bin] as number;
    // Infinite values stand in the end bins' counts, but not in their sums.
    if ((bin === 0 || bin === edges.length) && h.infinite > 0) count = finiteInEnd(h, bin);
    if (count <= 0) continue;
    const low = edges[bin - 1];
    const high = edges[bin];
    const sum = sumOf.get(bin);
    const mass = count * weight;
    if (atoms[bin] === 1 && high !== undefined) pieces.push({ from: high, to: high, mass });
    else if (sum !== undefined || low === undefined || high === undefined) {
      const mean = clamp((sum ?? 0) / count, low ?? h.min, high ?? h.max);
      pieces.push({ from: mean, to: mean, mass });
    } else pieces.push({ from: low, to: high, mass });
  }
  return pieces;
}

/** How many finite values an end bin holds: none when its side's extreme lies inside the edges. */
function finiteInEnd(h: NumericHistogram, bin: number): number {
  const { edges } = h.binning;
  const count = h.counts[bin] as number;
  if (bin === 0) return h.min <= (edges[0] as number) ? Math.max(0, count - h.infinite) : 0;
  return h.max > (edges[edges.length - 1] as number) ? Math.max(0, count - h.infinite) : 0;
}

function clamp(x: number, low: number, high: number): number {
  return Math.min(high, Math.max(low, x));
}

/** The integral of |sum of the pieces' distribution functions|: piecewise linear between the pieces' ends. */
function integrateAbsolute(pieces: readonly Piece[]): number {
  const jumps = new Map<number, number>();
  const slopes = new Map<number, number>();
  const add = (map: Map<number, number>, at: number, value: number): void => {
    map.set(at, (map.get(at) ?? 0) + value);
  };
  for (const { from, to, mass } of pieces) {
    if (from === to) add(jumps, from, mass);
    else {
      const density = mass / (to - from);
      add(slopes, from, density);
      add(slopes, to, -density);
      add(jumps, to, 0);
    }
  }
  const points = [...new Set([...jumps.keys(), ...slopes.keys()])].sort((a, b) => a - b);
  let height = 0;
  let slope = 0;
  let area = 0;
  for (let i = 0; i < points.length; i += 1) {
    const at = points[i] as number;
    height += jumps.get(at) ?? 0;
    slope += slopes.get(at) ?? 0;
    const width = (points[i + 1] ?? at) - at;
    const end = height + slope * width;
    if (height === 0 && end === 0) continue;
    area +=
      height * end >= 0
        ? (width * Math.abs(height + end)) / 2
        : (width * (height * height + end * end)) / (2 * (Math.abs(height) + Math.abs(end)));
    height = end;
  }
  return area;
}
