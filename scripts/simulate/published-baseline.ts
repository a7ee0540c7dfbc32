import type { NumericHistogram } from '../../src/core/histogram/types.ts';
import { decileGroups, groupCounts, psi } from '../../src/core/statistic/psi.ts';
import { NORMAL } from './families.ts';
import { normalCdf, normalQuantile } from './normal-cdf.ts';
import { BASELINE_ROWS, populationOf } from './population.ts';
import type { Population } from './population.ts';
import type { Random } from './random.ts';

/**
 * Baselines like the one of the published power table. That table stands on a single baseline of 50,000 rows: a PSI above .2
 * under a spread of x 1.5 has there shares of .65 and 1 at n = 10,000 and 1,000,000, where the mean over baselines has .28
 * and .03, and no test has a part in that. What a baseline adds to a drift it adds at every size of window; two numbers say
 * nearly all of it, by how much it is too narrow and by how much it is off its centre. They were read off three figures: the
 * PSI of a spread of x 1.25 off the power .75 (x 1.25, n = 10,000) and the share .65 above, the KS of a shift of .25 off the
 * power .37 (shift .25, n = 1,000). Every other figure follows.
 */
export const PUBLISHED = {
  /** Over all baselines .0639 with a standard deviation of .0021; 1 in 230 has .0694 or more. */
  psi: { change: { shift: 0, scale: 1.25 }, from: 0.0694, to: 0.0702 },
  /** Over all baselines .1001 with a standard deviation of .0022; 1 in 6 is in here. */
  ks: { change: { shift: 0.25, scale: 1 }, from: 0.098, to: 0.0992 },
} as const;

const GROUPS = 10;
const QUANTILES = 200;

interface Law {
  readonly shift: number;
  readonly scale: number;
}

/** A normal feature with a baseline like the published table's, by rejection of all others. */
export function publishedPopulation(random: Random): Population {
  for (;;) {
    const values = baselineOf(random);
    if (values === null) continue;
    let next = 0;
    return populationOf({ ...NORMAL, draw: () => values[next++] as number }, random);
  }
}

/** Sorted baseline rows; null where either figure of `PUBLISHED` is another. */
function baselineOf(random: Random): Float64Array | null {
  // Gaps between uniform order statistics are exponential over their sum, those between deciles Gamma.
  const rows = BASELINE_ROWS / GROUPS;
  const gaps = Array.from({ length: GROUPS }, () => random.gamma(rows));
  const total = gaps.reduce((sum, gap) => sum + gap, random.gamma(1));
  if (!within(PUBLISHED.psi, (law) => psiOf(gaps, total, law))) return null;
  const uniforms = new Float64Array(BASELINE_ROWS);
  gaps.forEach((gap, group) => {
    const own = Float64Array.from({ length: rows }, () => -Math.log(1 - random.uniform()));
    const unit = gap / own.reduce((sum, one) => sum + one, 0) / total;
    own.forEach((one, i) => {
      const at = group * rows + i;
      uniforms[at] = (uniforms[at - 1] ?? 0) + one * unit;
    });
  });
  if (!within(PUBLISHED.ks, (law) => ksOf(uniforms, law))) return null;
  return uniforms.map(normalQuantile);
}

function within(
  { change, from, to }: { change: Law; from: number; to: number },
  measure: (law: Law) => number,
): boolean {
  const value = measure(change);
  return value >= from && value <= to;
}

/** PSI of the drifted law itself on the baseline's tenths. */
function psiOf(gaps: readonly number[], total: number, { shift, scale }: Law): number {
  let [u, before, psi] = [0, 0, 0];
  gaps.forEach((gap, group) => {
    u += gap / total;
    const below = group === GROUPS - 1 ? 1 : normalCdf((normalQuantile(u) - shift) / scale);
    psi += (below - before - 1 / GROUPS) * Math.log((below - before) * GROUPS);
    before = below;
  });
  return psi;
}

/** KS distance of the drifted law itself at the baseline's 200-quantiles. */
function ksOf(uniforms: Float64Array, { shift, scale }: Law): number {
  let d = 0;
  for (let k = 1; k < QUANTILES; k += 1) {
    const u = uniforms[(k * BASELINE_ROWS) / QUANTILES - 1] as number;
    d = Math.max(d, Math.abs(k / QUANTILES - normalCdf((normalQuantile(u) - shift) / scale)));
  }
  return d;
}

/** PSI that no test looks at, over the tenths of the baseline: what other programs hold against .1 or .2. */
export function untestedPsi({ baseline }: Population, live: NumericHistogram): number {
  const { counts } = baseline.histogram;
  const { groupOf, groups } = decileGroups(counts);
  return psi(groupCounts(counts, groupOf, groups), groupCounts(live.counts, groupOf, groups));
}
