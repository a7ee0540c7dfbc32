import { logNoncentralChi2Sf } from '../../src/core/statistic/special/chi-square.ts';
import type { Change } from './population.ts';
import { BASELINE_ROWS } from './population.ts';
import type { Random } from './random.ts';

/**
 * The decision done again the plain way, for the figures that differ from the table: raw normal values instead of
 * histograms, the KS distance at the
 * baseline's 200-quantiles, the PSI on the baseline's own deciles, and the second gate alone
 * (which is the binding one). Nothing of driftd's binning, grouping or evaluation takes part.
 */
const ALPHA = 0.001;
const RUNS_A_BASELINE = 10;
const QUANTILES = 200;
const DELTAS = [0.05, 0.1] as const;

/** Windows of `runs` that fire at the warning and at the critical delta. */
export function plainHits(
  random: Random,
  n: number,
  { shift = 0, scale = 1 }: Change,
  runs: number,
): [warning: number, critical: number] {
  const c = 1 / n + 1 / BASELINE_ROWS;
  const psiLimits = DELTAS.map((delta) => psiLimit(delta, c));
  const ksLimits = DELTAS.map((delta) => delta + Math.sqrt((Math.log(2 / ALPHA) / 2) * c));
  const hits: [number, number] = [0, 0];
  let baseline = new Float64Array();
  for (let run = 0; run < runs; run += 1) {
    if (run % RUNS_A_BASELINE === 0)
      baseline = Float64Array.from({ length: BASELINE_ROWS }, () => random.normal()).sort();
    const live = Float64Array.from({ length: n }, () => shift + scale * random.normal()).sort();
    const [d, psi] = [ksDistance(baseline, live), decilePsi(baseline, live)];
    DELTAS.forEach((_, i) => {
      if (d > (ksLimits[i] as number) || psi > (psiLimits[i] as number)) hits[i as 0 | 1] += 1;
    });
  }
  return hits;
}

/** The PSI from which p_delta is below alpha, by bisection. */
function psiLimit(delta: number, c: number): number {
  let [low, high] = [0, 10];
  for (let step = 0; step < 60; step += 1) {
    const middle = (low + high) / 2;
    if (logNoncentralChi2Sf(middle / c, 9, delta / c) > Math.log(ALPHA)) low = middle;
    else high = middle;
  }
  return high;
}

/** Greatest difference of the two distribution functions at the baseline's 200-quantiles: what K = 200 bins can see. */
function ksDistance(baseline: Float64Array, live: Float64Array): number {
  let [j, d] = [0, 0];
  for (let k = 1; k < QUANTILES; k += 1) {
    const rank = Math.floor((baseline.length * k) / QUANTILES);
    const edge = baseline[rank - 1] as number;
    while (j < live.length && (live[j] as number) <= edge) j += 1;
    d = Math.max(d, Math.abs(rank / baseline.length - j / live.length));
  }
  return d;
}

function decilePsi(baseline: Float64Array, live: Float64Array): number {
  let [psi, before] = [0, 0];
  for (let decile = 1; decile <= 10; decile += 1) {
    const edge = baseline[Math.floor((baseline.length * decile) / 10) - 1] as number;
    const at = live.findIndex((x) => x > edge);
    const upTo = decile === 10 || at < 0 ? live.length : at;
    const p = (upTo - before + 0.5) / (live.length + 5);
    const q = (baseline.length / 10 + 0.5) / (baseline.length + 5);
    psi += (p - q) * Math.log(p / q);
    before = upTo;
  }
  return psi;
}
