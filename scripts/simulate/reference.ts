import { DEFAULT_POLICY } from '../../src/core/evaluate/types.ts';
import { minimumDetectableEffect } from '../../src/core/evaluate/evaluate.ts';
import { hellinger, jensenShannon, totalVariation } from '../../src/core/statistic/distances.ts';
import { ksInterval } from '../../src/core/statistic/ks.ts';
import {
  decileGroups,
  groupCounts,
  PSI_MODES,
  psi,
  psiGroups,
} from '../../src/core/statistic/psi.ts';
import { normalCdf, normalQuantile } from './normal-cdf.ts';
import { BASELINE_ROWS } from './population.ts';
import { Random } from './random.ts';
import { printTable } from './report.ts';
import type { PsiGrouping } from '../../src/core/statistic/psi.ts';

const BINS = 200;
/** So many values that shares are those of the law itself. */
const MANY = 1e12;

/** KS, PSI, JS, Hellinger, total variation of a change of a normal law (STATISTICS 1). */
const EFFECTS = [
  { name: 'shift .1 sd', shift: 0.1, scale: 1, expected: [0.04, 0.01, 0.035, 0.035, 0.04] },
  { name: 'shift .125 sd', shift: 0.125, scale: 1, expected: [0.05, 0.015, 0.044, 0.044, 0.05] },
  { name: 'shift .25 sd', shift: 0.25, scale: 1, expected: [0.099, 0.06, 0.088, 0.088, 0.099] },
  { name: 'shift .5 sd', shift: 0.5, scale: 1, expected: [0.197, 0.238, 0.174, 0.175, 0.197] },
  { name: 'shift 1 sd', shift: 1, scale: 1, expected: [0.383, 0.926, 0.334, 0.343, 0.383] },
  { name: 'scale x1.25', shift: 0, scale: 1.25, expected: [0.054, 0.064, 0.109, 0.111, 0.108] },
  { name: 'scale x1.5', shift: 0, scale: 1.5, expected: [0.097, 0.194, 0.192, 0.198, 0.194] },
] as const;

/**
 * Binning loses some of a difference and adds none. A value of 200 bins, or a PSI of tenths (which is specified so), lies
 * this much below the specified one at most; the distances of tenths of the baseline this much below the law's own, the
 * most where the tails change.
 */
const LOST = [0.03, 0.03, 0.22, 0.22, 0.03] as const;
/** The expected figures are rounded. */
const ROUNDING = 0.0006;

/** What drift of known size measures, by driftd's statistics on 200 quantile bins. @returns whether all are as expected */
export function effectTable(): boolean {
  const names = ['KS', 'PSI', 'JS distance', 'Hellinger', 'total variation'];
  const rows: string[][] = [['change of a normal law', ...names]];
  let agree = true;
  for (const { name, shift, scale, expected } of EFFECTS) {
    const baseline = new Float64Array(BINS).fill(MANY / BINS);
    const live = baseline.map((_, i) => {
      const share = (upTo: number): number =>
        normalCdf((normalQuantile(upTo / BINS) - shift) / scale);
      return MANY * (share(i + 1) - share(i));
    });
    const grouped = ({ groupOf, groups }: PsiGrouping): [Float64Array, Float64Array] => [
      groupCounts(baseline, groupOf, groups),
      groupCounts(live, groupOf, groups),
    ];
    const tenths = grouped(decileGroups(baseline));
    const values = [
      ksInterval(baseline, live, new Uint8Array(BINS)).low,
      psi(...grouped(psiGroups(baseline))),
      jensenShannon(...tenths),
      hellinger(...tenths),
      totalVariation(...tenths),
    ];
    const near = values.map((value, i) => {
      const law = expected[i] as number;
      return value <= law + ROUNDING && value >= law * (1 - (LOST[i] as number)) - ROUNDING;
    });
    agree &&= !near.includes(false);
    rows.push([
      name,
      ...values.map(
        (value, i) => `${value.toFixed(3)} (${expected[i]})${near[i] === true ? '' : ' !'}`,
      ),
    ]);
  }
  printTable(
    'What drift of a known size measures (the laws themselves): KS on 200 bins, the others on tenths. Binning loses at ' +
      'most 3 % (of JS and Hellinger 22 %, in the tails), and adds nothing.',
    rows,
  );
  return agree;
}

/** The PSI of the same counts under the three rules for empty bins. */
export function zeroRuleTable(seed: number): boolean {
  const deciles = (n: number): number[] => new Array<number>(10).fill(n / 10);
  const emptied = (n: number): number[] =>
    deciles(n).map((count, i) => (i === 0 ? 0 : (count * 10) / 9));
  const cases = [
    { name: 'no change, n = 1,000', baseline: deciles(50_000), live: deciles(1000) },
    { name: 'a decile empties, n = 1,000', baseline: deciles(50_000), live: emptied(1000) },
    { name: 'a decile empties, n = 100,000', baseline: deciles(50_000), live: emptied(100_000) },
    { name: 'a bin of .1 % empties, n = 10,000', baseline: [49_950, 50], live: [10_000, 0] },
    {
      name: 'a new value of 2 %, n = 10,000',
      baseline: [25_000, 25_000, 0],
      live: [4900, 4900, 200],
    },
    { name: 'a new value of 2 %, m = 500', baseline: [250, 250, 0], live: [4900, 4900, 200] },
  ];
  const rows = cases.map(({ name, baseline, live }) => [
    name,
    ...PSI_MODES.map((mode) =>
      psi(Float64Array.from(baseline), Float64Array.from(live), mode).toFixed(3),
    ),
  ]);
  printTable('PSI of the same counts under the rules for empty bins.', [
    ['counts', ...PSI_MODES],
    ...rows,
  ]);

  const random = new Random(seed);
  const means = [
    [10, 200],
    [50, 200],
    [50, 1000],
  ].map(([bins = 10, n = 200]) => {
    const law = new Float64Array(bins).fill(1 / bins);
    const sums = PSI_MODES.map(() => 0);
    const runs = 2000;
    for (let run = 0; run < runs; run += 1) {
      const baseline = random.multinomial(BASELINE_ROWS, law);
      const live = random.multinomial(n, law);
      PSI_MODES.forEach((mode, i) => (sums[i] = (sums[i] ?? 0) + psi(baseline, live, mode) / runs));
    }
    const asymptote = (bins - 1) * (1 / n + 1 / BASELINE_ROWS);
    return [`${bins} bins, n = ${n}`, ...sums.map((sum) => (sum / asymptote).toFixed(2))];
  });
  printTable('Mean PSI without drift against its law c chi2(B-1), 2000 runs: 1 is right.', [
    ['', ...PSI_MODES],
    ...means,
  ]);
  return true;
}

/** The smallest difference that a window of n values can announce as a warning (STATISTICS 4). */
export function detectableTable(): boolean {
  const tests = 90;
  const q = DEFAULT_POLICY.alertBudgetPerDay / 24;
  const expected = [
    [50, 0.343],
    [200, 0.188],
    [1000, 0.112],
    [10_000, 0.071],
    [1_000_000, 0.059],
  ] as const;
  let agree = true;
  const rows = expected.map(([n, wanted]) => {
    const value = minimumDetectableEffect(1 / n + 1 / BASELINE_ROWS, DEFAULT_POLICY, q, tests);
    const near = Math.abs(value - wanted) <= 0.001;
    agree &&= near;
    return [String(n), value.toFixed(3), String(wanted) + (near ? '' : ' !')];
  });
  printTable('Minimum detectable effect: 30 features, 3 statistics, hourly, m = 50,000.', [
    ['n', 'effect', 'expected'],
    ...rows,
  ]);
  return agree;
}
