import { sumOf } from './counts.ts';

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

/**
 * The greatest share the baseline makes credible: q + 4 sqrt(q / m) with q = (count + 1) / (m + 2) (STATISTICS 4). Of more
 * than half of the values: what the rest of them leaves at its least, for their standard error is the smaller one.
 */
export function credibleShare(count: number, m: number): number {
  if (count > m / 2) return 1 - leastCredibleShare(m - count, m);
  const q = (count + 1) / (m + 2);
  return q + 4 * Math.sqrt(q / m);
}

/**
 * The least share the baseline makes credible: count / m - 4 sqrt(q / m), q as above, not below 0.
 *
 * A baseline share of s or more under a true one of t < s has a chance of at most exp(-m KL(s, t)), and KL(s, t) is at
 * least (s - t)^2 / 2s: four times sqrt(s / m) below s that is e^-8, whatever s. The form above is no surer: there the
 * divergence is (t - s)^2 / 2t, and t is greater.
 */
export function leastCredibleShare(count: number, m: number): number {
  if (count > m / 2) return 1 - credibleShare(m - count, m);
  const q = (count + 1) / (m + 2);
  return Math.max(0, count / m - 4 * Math.sqrt(q / m));
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
  // A share that is too small is one of everything else that is too great.
  const down = 1 - leastCredibleShare(baseCount, m);
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

/** The same under several tolerated excesses at once. */
export interface CellTests extends Omit<CellTest, 'logPDelta'> {
  /** One a delta, in the order given. */
  readonly logPDeltas: readonly number[];
  /** Does the change of any cell exceed the first of its deltas? */
  readonly beyond: boolean;
}

export interface CellOptions {
  /** Sizes of the samples that the cells are a part of; by default the sums of the cells. */
  readonly of?: readonly [live: number, baseline: number];
  /** Only cells with at most this baseline share are tested (the spike statistic: .02). */
  readonly maxShare?: number;
  /** A lack counts as well as an excess (L-infinity). */
  readonly bothDirections?: boolean;
  /** The cells lie between values of the baseline itself: their share in it is too small where the baseline has gaps. */
  readonly edgesOfBaseline?: boolean;
  /** Cells of more baseline share than this have deltas of their own, as many as the others. */
  readonly heavy?: { readonly above: number; readonly deltas: readonly number[] };
}

/** A cell is taken for greater than it is credible to be in this share of baselines without any drift. */
const GAP_CHANCE = 0.001;

/**
 * What the largest of `cells` gaps between values of a baseline of m holds beyond `credibleShare`. The mass of a gap is about
 * Exp(1 / m), so that one of J holds more than ln(J / chance) / m with that chance at most; `credibleShare` of no count is
 * 5 / m of it. Cells with counts have a Gamma law, and more room above them.
 * @param m effective size of the baseline
 */
export function gapAllowance(cells: number, m: number): number {
  return Math.max(0, Math.log(Math.max(1, cells) / GAP_CHANCE) - 5) / m;
}

/**
 * The largest excess of a single cell among many, Bonferroni over the J cells tested: min(1, J min_i bound_i).
 *
 * @param baseline @param live counts a cell
 * @param n @param m effective sample sizes
 */
export function cellTest(
  baseline: Float64Array,
  live: Float64Array,
  n: number,
  m: number,
  delta: number,
  options: CellOptions = {},
): CellTest {
  const { value, cell, logP0, logPDeltas } = cellTests(baseline, live, n, m, [delta], options);
  return { value, cell, logP0, logPDelta: logPDeltas[0] as number };
}

/** As cellTest, for several deltas in one pass over the cells. */
export function cellTests(
  baseline: Float64Array,
  live: Float64Array,
  n: number,
  m: number,
  deltas: readonly number[],
  options: CellOptions = {},
): CellTests {
  const { maxShare = 1, bothDirections = false, edgesOfBaseline = false, heavy } = options;
  const least = new Float64Array(deltas.length + 1);
  const [rawN, rawM] = options.of ?? [sumOf(live), sumOf(baseline)];
  let tested = 0;
  let value = 0;
  let cell = -1;
  let beyond = false;
  const bound = (p: number, u: number, deltas: readonly number[]): void => {
    least[0] = Math.min(least[0] as number, logShareAbove(p, n, u, 0));
    for (let k = 0; k < deltas.length; k += 1)
      least[k + 1] = Math.min(least[k + 1] as number, logShareAbove(p, n, u, deltas[k] as number));
  };
  const any = rawN > 0 && rawM > 0 && n > 0 && m > 0;
  const light = (count: number): boolean => count / rawM <= maxShare;
  const gap = any && edgesOfBaseline ? gapAllowance(baseline.filter(light).length, m) : 0;
  for (let i = 0; any && i < live.length; i += 1) {
    const q = (baseline[i] as number) / rawM;
    if (q > maxShare) continue;
    tested += bothDirections ? 2 : 1;
    const p = (live[i] as number) / rawN;
    const change = bothDirections ? Math.abs(p - q) : p - q;
    if (change > value) {
      value = change;
      cell = i;
    }
    // What is credible is above the baseline's own share: only an excess (a lack) can be beyond it.
    const own = heavy !== undefined && q > heavy.above ? heavy.deltas : deltas;
    beyond ||= change > (own[0] ?? Infinity);
    if (p > q) bound(p, Math.min(1, credibleShare(q * m, m) + gap), own);
    else if (bothDirections && p < q) bound(1 - p, 1 - leastCredibleShare(q * m, m), own);
  }
  const spread = Math.log(Math.max(1, tested));
  const [logP0 = 0, ...logPDeltas] = Array.from(least, (logP) => Math.min(0, spread + logP));
  return { value, cell, logP0, logPDeltas, beyond };
}
