/**
 * Tests of a single share by Chernoff's bound: P(share of n >= p | true share u) <= exp(-n KL(p, u)) for p > u. The
 * baseline's own uncertainty is in u: four standard errors are added to its share (STATISTICS 4).
 */

/** KL(p, u) of two Bernoulli shares, natural logarithm; p in [0, 1], u in (0, 1]. */
export function bernoulliKl(p: number, u: number): number {
  const first = p > 0 ? p * Math.log(p / u) : 0;
  const second = p < 1 ? (u < 1 ? (1 - p) * Math.log((1 - p) / (1 - u)) : Infinity) : 0;
  return first + second;
}

/** The greatest share the baseline makes credible: q + 4 sqrt(q / m) with q = (count + 1) / (m + 2). */
export function credibleShare(count: number, m: number): number {
  const q = (count + 1) / (m + 2);
  return q + 4 * Math.sqrt(q / m);
}

/**
 * ln of the one-sided bound that a live share p of n is no more than u + delta; 0 when p is not above it.
 */
export function logShareAbove(p: number, n: number, u: number, delta: number): number {
  const limit = u + delta;
  if (!(p > limit)) return 0;
  return -n * bernoulliKl(p, limit);
}

export interface ShareTest {
  /** Live share minus baseline share. */
  readonly change: number;
  readonly logP0: number;
  readonly logPDelta: number;
}

/**
 * Has a share (missing, zero, negative, ...) changed, in either direction? Factor 2 for the two sides.
 * @param baseCount @param m counts of the baseline, effective where a design effect applies
 * @param liveShare @param n the same for the live side
 */
export function shareTest(
  baseCount: number,
  m: number,
  liveShare: number,
  n: number,
  delta: number,
): ShareTest {
  if (!(m > 0) || !(n > 0)) return { change: 0, logP0: 0, logPDelta: 0 };
  const up = credibleShare(baseCount, m);
  const down = credibleShare(m - baseCount, m);
  const bound = (d: number): number =>
    Math.min(
      0,
      Math.LN2 +
        Math.min(logShareAbove(liveShare, n, up, d), logShareAbove(1 - liveShare, n, down, d)),
    );
  return { change: liveShare - baseCount / m, logP0: bound(0), logPDelta: bound(delta) };
}

export interface CellTest {
  /** Greatest excess (live share minus baseline share) among the tested cells; 0 when there is none. */
  readonly value: number;
  /** Its index; -1 without one. */
  readonly cell: number;
  readonly logP0: number;
  readonly logPDelta: number;
}

/**
 * The largest excess of a single cell among many, Bonferroni over the J cells tested: min(1, J min_i bound_i).
 *
 * @param baseline @param live counts a cell
 * @param n @param m effective sample sizes
 * @param options.maxShare only cells with at most this baseline share are tested (the spike statistic: .02)
 * @param options.bothDirections a lack counts as well as an excess (L-infinity)
 */
export function cellTest(
  baseline: Float64Array,
  live: Float64Array,
  n: number,
  m: number,
  delta: number,
  options: { readonly maxShare?: number; readonly bothDirections?: boolean } = {},
): CellTest {
  const { maxShare = 1, bothDirections = false } = options;
  const none = { value: 0, cell: -1, logP0: 0, logPDelta: 0 };
  let rawN = 0;
  let rawM = 0;
  for (const count of live) rawN += count;
  for (const count of baseline) rawM += count;
  if (rawN <= 0 || rawM <= 0 || n <= 0 || m <= 0) return none;
  let tested = 0;
  let value = 0;
  let cell = -1;
  let least0 = 0;
  let leastDelta = 0;
  for (let i = 0; i < live.length; i += 1) {
    const q = (baseline[i] as number) / rawM;
    if (q > maxShare) continue;
    tested += bothDirections ? 2 : 1;
    const p = (live[i] as number) / rawN;
    const change = bothDirections ? Math.abs(p - q) : p - q;
    if (change > value) {
      value = change;
      cell = i;
    }
    const up = credibleShare(q * m, m);
    least0 = Math.min(least0, logShareAbove(p, n, up, 0));
    leastDelta = Math.min(leastDelta, logShareAbove(p, n, up, delta));
    if (bothDirections) {
      const down = credibleShare((1 - q) * m, m);
      least0 = Math.min(least0, logShareAbove(1 - p, n, down, 0));
      leastDelta = Math.min(leastDelta, logShareAbove(1 - p, n, down, delta));
    }
  }
  const spread = Math.log(Math.max(1, tested));
  return {
    value,
    cell,
    logP0: Math.min(0, spread + least0),
    logPDelta: Math.min(0, spread + leastDelta),
  };
}
