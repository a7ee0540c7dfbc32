import type { Change } from './population.ts';
import { BASELINE_ROWS } from './population.ts';
import type { Random } from './random.ts';

/**
 * The power of the decision worked out again, for the figures that differ from the published table. No code of driftd takes
 * part: the baseline's 200-quantiles by the law of uniform order statistics, the live counts between them by the normal
 * law, KS and PSI by their definitions, the second gate alone (which is the binding one) with limits of its own.
 */
const ALPHA = 0.001;
const DELTAS = [0.05, 0.1] as const;
const BINS = 200;
const BINS_A_GROUP = 20;
const GROUPS = BINS / BINS_A_GROUP;
const RUNS_A_BASELINE = 5;

/** A share of windows, with the standard error of the computation. */
export interface Share {
  readonly value: number;
  readonly error: number;
}

/**
 * Power at the warning and at the critical delta, the mean over all baselines: 5 windows on each of `baselines` ones.
 * At 20,000 the standard error is at most .002.
 *
 * @param n live values of a window
 */
export function plainPower(
  random: Random,
  n: number,
  { shift = 0, scale = 1 }: Change,
  baselines: number,
): [warning: Share, critical: Share] {
  const c = 1 / n + 1 / BASELINE_ROWS;
  const psiLimits = DELTAS.map((delta) => plainPsiLimit(delta, c));
  const ksLimits = DELTAS.map((delta) => delta + Math.sqrt((Math.log(2 / ALPHA) / 2) * c));
  const [sums, squares] = [new Float64Array(2), new Float64Array(2)];
  for (let baseline = 0; baseline < baselines; baseline += 1) {
    const law = liveLaw(random, shift, scale);
    const hits = new Float64Array(2);
    for (let run = 0; run < RUNS_A_BASELINE; run += 1) {
      const { d, psi } = distances(random.multinomial(n, law), n);
      DELTAS.forEach((_, i) => {
        if (d > (ksLimits[i] as number) || psi > (psiLimits[i] as number))
          hits[i] = (hits[i] as number) + 1 / RUNS_A_BASELINE;
      });
    }
    hits.forEach((share, i) => {
      sums[i] = (sums[i] as number) + share;
      squares[i] = (squares[i] as number) + share * share;
    });
  }
  const shareOf = (i: number): Share => {
    const value = (sums[i] as number) / baselines;
    // Windows of one baseline are not independent: the error is that of the baselines' means.
    const variance = (squares[i] as number) / baselines - value * value;
    return { value, error: Math.sqrt(Math.max(0, variance) / baselines) };
  };
  return [shareOf(0), shareOf(1)];
}

/** Probabilities of a live value between the 200-quantiles of one baseline drawn from the standard normal law. */
function liveLaw(random: Random, shift: number, scale: number): Float64Array {
  // The k-th smallest of m uniform values is Gamma(k) / Gamma(m + 1): sums of independent gaps.
  const gaps = Array.from({ length: BINS }, () => random.gamma(BASELINE_ROWS / BINS));
  const total = gaps.reduce((sum, gap) => sum + gap, random.gamma(1));
  const law = new Float64Array(BINS);
  let [u, z, before] = [0, -3, 0];
  for (let bin = 0; bin < BINS - 1; bin += 1) {
    u += (gaps[bin] as number) / total;
    z = plainNormalQuantile(u, z);
    const below = plainNormalCdf((z - shift) / scale);
    law[bin] = below - before;
    before = below;
  }
  // The baseline's maximum bounds nothing here: what is above it has no bin of its own in KS or PSI.
  law[BINS - 1] = 1 - before;
  return law;
}

function distances(counts: Float64Array, n: number): { d: number; psi: number } {
  let [below, d, group, psi] = [0, 0, 0, 0];
  for (let bin = 0; bin < BINS; bin += 1) {
    below += counts[bin] as number;
    group += counts[bin] as number;
    d = Math.max(d, Math.abs((bin + 1) / BINS - below / n));
    if ((bin + 1) % BINS_A_GROUP > 0) continue;
    const p = (group + 0.5) / (n + 0.5 * GROUPS);
    psi += (p - 1 / GROUPS) * Math.log(p * GROUPS);
    group = 0;
  }
  return { d, psi };
}

/** The PSI over ten groups from which P(chi2(9, delta / c) > PSI / c) is below .001, by bisection. */
export function plainPsiLimit(delta: number, c: number): number {
  let [low, high] = [0, 10];
  for (let step = 0; step < 50; step += 1) {
    const middle = (low + high) / 2;
    if (noncentralTail(middle / c, GROUPS - 1, delta / c) > ALPHA) low = middle;
    else high = middle;
  }
  return high;
}

/** P(chi2(df, lambda) > x), df odd: a Poisson mixture of central tails, Q(k + 2) = Q(k) + (x/2)^(k/2) e^(-x/2) / Gamma(k/2 + 1). */
function noncentralTail(x: number, df: number, lambda: number): number {
  const half = x / 2;
  // Of one degree of freedom; the terms in logarithms, for e^(-x/2) underflows.
  let tail = 2 * (1 - plainNormalCdf(Math.sqrt(x)));
  let logTerm = 0.5 * Math.log(half) - half - Math.log(Math.sqrt(Math.PI) / 2);
  let logWeight = -lambda / 2;
  let sum = 0;
  const last = lambda / 2 + 40 * Math.sqrt(lambda / 2 + 1);
  for (let k = 1; k <= df + 2 * last; k += 2) {
    if (k >= df) {
      sum += Math.exp(logWeight) * tail;
      logWeight += Math.log(lambda / 2) - Math.log((k - df) / 2 + 1);
    }
    tail += Math.exp(logTerm);
    logTerm += Math.log(half) - Math.log(k / 2 + 1);
  }
  return sum;
}

/** P(Z <= z), by the series of Marsaglia (2004): 1/2 + phi(z) (z + z^3/3 + z^5/15 + ...). */
export function plainNormalCdf(z: number): number {
  if (Math.abs(z) > 8) return z < 0 ? 0 : 1;
  let [sum, term] = [z, z];
  for (let i = 3; Math.abs(term) > 1e-17 * Math.abs(sum); i += 2) {
    term *= (z * z) / i;
    sum += term;
  }
  return 0.5 + sum * density(z);
}

/** The z with P(Z <= z) = u, by Newton's method from a start below it. */
function plainNormalQuantile(u: number, start: number): number {
  let z = start;
  for (let step = 0; step < 50; step += 1) {
    // From far in the tail the tangent leads beyond the other end.
    const move = Math.max(-1, Math.min(1, (u - plainNormalCdf(z)) / density(z)));
    z += move;
    if (Math.abs(move) < 1e-10) break;
  }
  return z;
}

function density(z: number): number {
  return Math.exp((-z * z) / 2) / Math.sqrt(2 * Math.PI);
}
