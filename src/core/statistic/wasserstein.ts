import { binnedTotal } from '../histogram/histogram.ts';
import type { NumericHistogram } from '../histogram/types.ts';

/**
 * First Wasserstein distance of two histograms under one binning, in the feature's own unit (STATISTICS 2b): bins with
 * kept sums are point masses at their mean, atoms at their value, other bins uniform between their edges; never less than
 * the difference of the means. Infinite values take no part.
 *
 * One pass over the bins: the two sides' masses meet in each bin before anything is divided by its width, so that equal
 * histograms give 0 however narrow their bins are.
 * @returns 0 when a side has no finite value
 */
export function wasserstein(baseline: NumericHistogram, live: NumericHistogram): number {
  const n = binnedTotal(live) - live.infinite;
  const m = binnedTotal(baseline) - baseline.infinite;
  if (n <= 0 || m <= 0) return 0;
  const { edges, atoms, tailBins } = live.binning;
  const [liveEnds, baselineEnds] = [infiniteAtEnds(live), infiniteAtEnds(baseline)];
  const last = edges.length;
  const walk = new Walk(n, m);
  let tail = 0;
  for (let bin = 0; bin <= last; bin += 1) {
    const kept = tailBins[tail] === bin ? tail : -1;
    if (kept >= 0) tail += 1;
    const up = Math.max(0, (live.counts[bin] as number) - infiniteIn(liveEnds, bin, last));
    const down = Math.max(
      0,
      (baseline.counts[bin] as number) - infiniteIn(baselineEnds, bin, last),
    );
    if (up === 0 && down === 0) continue;
    const low = edges[bin - 1];
    const high = edges[bin];
    if (atoms[bin] === 1 && high !== undefined) walk.jump(high, up, down);
    else if (kept < 0 && low !== undefined && high !== undefined) walk.rise(low, high, up, down);
    else {
      const liveAt = meanOf(live, kept, up, low, high);
      const baselineAt = meanOf(baseline, kept, down, low, high);
      if (liveAt < baselineAt) walk.jump(liveAt, up, 0);
      walk.jump(baselineAt, 0, down);
      if (liveAt >= baselineAt) walk.jump(liveAt, up, 0);
    }
  }
  const shift = Math.abs(live.sum / n - baseline.sum / m);
  // Sums of values near the end of the doubles overflow: then they say nothing of the means.
  return Number.isFinite(shift) ? Math.max(walk.area, shift) : walk.area;
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
  const points = [...pointMasses(u, weights.u, true), ...pointMasses(v, weights.v, false)];
  points.sort((a, b) => a.at - b.at);
  const [n, m] = [totalOf(u, weights.u), totalOf(v, weights.v)];
  const walk = new Walk(n, m);
  for (const { at, up, down } of points) walk.jump(at, up, down);
  return walk.area;
}

function totalOf(values: Float64Array, weights: Float64Array | undefined): number {
  return weights === undefined ? values.length : weights.reduce((sum, w) => sum + w, 0);
}

function pointMasses(
  values: Float64Array,
  weights: Float64Array | undefined,
  isLive: boolean,
): { readonly at: number; readonly up: number; readonly down: number }[] {
  return Array.from(values, (at, i) => {
    const weight = weights?.[i] ?? 1;
    return { at, up: isLive ? weight : 0, down: isLive ? 0 : weight };
  });
}

/**
 * The integral of |F - G| on a walk over the number line; places ascend. Heights come from cumulative counts, so that
 * they meet exactly where the two distributions do.
 */
class Walk {
  area = 0;
  readonly #n: number;
  readonly #m: number;
  #up = 0;
  #down = 0;
  #at = 0;

  /** @param n @param m totals of the live and the baseline counts to come */
  constructor(n: number, m: number) {
    this.#n = n;
    this.#m = m;
  }

  /** Counts at a single point. */
  jump(at: number, up: number, down: number): void {
    if (up === 0 && down === 0) return;
    this.#moveTo(at);
    this.#up += up;
    this.#down += down;
  }

  /** Counts spread evenly over (from, to]: the height changes linearly. */
  rise(from: number, to: number, up: number, down: number): void {
    this.#moveTo(from);
    const start = this.#height();
    this.#up += up;
    this.#down += down;
    const end = this.#height();
    this.#at = to;
    if (start === 0 && end === 0) return;
    const mean =
      start * end >= 0
        ? Math.abs(start + end) / 2
        : (start * start + end * end) / (2 * (Math.abs(start) + Math.abs(end)));
    this.area += (to - from) * mean;
  }

  /** F - G here. */
  #height(): number {
    return this.#up / this.#n - this.#down / this.#m;
  }

  #moveTo(at: number): void {
    const height = this.#height();
    if (height !== 0) this.area += (at - this.#at) * Math.abs(height);
    this.#at = at;
  }
}

/** Where a bin's values stand as a point mass: their mean by the kept sum; without one (a foreign binning), an end. */
function meanOf(
  h: NumericHistogram,
  kept: number,
  count: number,
  low: number | undefined,
  high: number | undefined,
): number {
  const mean = kept < 0 || count <= 0 ? 0 : (h.tailSums[kept] as number) / count;
  return Math.min(high ?? h.max, Math.max(low ?? h.min, mean));
}

/** Counts of -Infinity and +Infinity: they stand in the end bins, but not in their sums. */
function infiniteAtEnds(h: NumericHistogram): { readonly low: number; readonly high: number } {
  if (h.infinite === 0) return { low: 0, high: 0 };
  const { edges } = h.binning;
  const atLow = h.counts[0] as number;
  const atHigh = h.counts[edges.length] as number;
  // An end bin with no finite value in it holds infinite ones alone, and the other end the rest.
  if (!(h.min <= (edges[0] as number))) return { low: atLow, high: h.infinite - atLow };
  if (!(h.max > (edges[edges.length - 1] as number)))
    return { low: h.infinite - atHigh, high: atHigh };
  // Finite ones at both ends: which are which is not kept; each end has its part.
  const low = Math.min(atLow, (h.infinite * atLow) / (atLow + atHigh));
  return { low, high: h.infinite - low };
}

function infiniteIn(
  ends: { readonly low: number; readonly high: number },
  bin: number,
  last: number,
): number {
  if (bin === 0) return ends.low;
  return bin === last ? ends.high : 0;
}
