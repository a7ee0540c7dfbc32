import { describe, expect, it } from 'vitest';
import { Random } from '../../../../scripts/simulate/random.ts';
import { evaluate } from '../../../../src/core/evaluate/evaluate.ts';
import type { FeatureResult } from '../../../../src/core/evaluate/types.ts';
import {
  groupCounts,
  psi,
  psiCells,
  psiGateCells,
  psiLogP,
} from '../../../../src/core/statistic/psi.ts';
import { judge, PLAIN, repeat, statistic, subjectOf } from './subjects.ts';

/** Rows of the baselines; evaluations a day that share the budget. */
const ROWS = 50_000;
const HOURLY = { evaluationsPerDay: 24 };

/** Draws of a Zipf law with exponent 1.1 over `size` categories, by the inverse of its distribution function. */
function zipf(size: number): (random: Random) => number {
  const sums = new Float64Array(size);
  let total = 0;
  for (let i = 0; i < size; i += 1) sums[i] = total += (i + 1) ** -1.1;
  return (random) => {
    const u = random.uniform() * total;
    let [low, high] = [0, size - 1];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((sums[middle] as number) < u) low = middle + 1;
      else high = middle;
    }
    return low;
  };
}

/** What becomes of a drawn rank in a live window; null: it stays. */
type Drift = (rank: number, random: Random) => string | null;

/** Windows of `windows` that fire, each of n values against one baseline. */
function judgeWindows(categories: number, n: number, windows: number, drift?: Drift): string[][] {
  const random = new Random(categories + n);
  const draw = zipf(categories);
  const name = (rank: number): string => `v${String(rank)}`;
  const baseline = Array.from({ length: ROWS }, () => name(draw(random)));
  return Array.from({ length: windows }, () => {
    const live = Array.from({ length: n }, () => {
      const rank = draw(random);
      return drift?.(rank, random) ?? name(rank);
    });
    const { results } = evaluate([subjectOf(baseline, live)], PLAIN, HOURLY);
    return firing(results[0] as FeatureResult);
  });
}

const firing = ({ statistics }: FeatureResult): string[] =>
  statistics.filter(({ fires }) => fires !== null).map(({ name }) => name);

describe('categories by a Zipf law of exponent 1.1, 50,000 rows in the baseline', () => {
  it.each([
    [5, 10_000],
    [1000, 1000],
    [1000, 10_000],
    [5000, 10_000],
    [20_000, 10_000],
    [100_000, 1000],
    [100_000, 10_000],
  ])('%d of them, windows of %d without drift: none fires', (categories, n) => {
    expect(judgeWindows(categories, n, 10)).toEqual(Array.from({ length: 10 }, () => []));
  });

  const newValue: Drift = (_, random) => (random.uniform() < 0.02 ? 'new' : null);
  const topHeavier: Drift = (_, random) => (random.uniform() < 0.1 ? 'v0' : null);
  const topTwoSwapped: Drift = (rank) => (rank === 0 ? 'v1' : rank === 1 ? 'v0' : null);

  it.each([
    ['a new value of 2 %', 1000, 10_000, newValue, 'linf_hash'],
    ['a new value of 2 %', 100_000, 10_000, newValue, 'linf_hash'],
    ['ten points more of the heaviest', 1000, 10_000, topHeavier, 'linf'],
    ['the heaviest two swapped', 1000, 1000, topTwoSwapped, 'psi'],
  ] as const)('%s among %d, windows of %d: each fires', (_, categories, n, drift, by) => {
    for (const fires of judgeWindows(categories, n, 10, drift)) expect(fires).toContain(by);
  });
});

describe('what a baseline cannot know', () => {
  const ids = (from: number, size: number): string[] =>
    Array.from({ length: size }, (_, i) => `id-${String(from + i)}`);

  it.each([50, 200, 1000, 5000])('%d ids against 10,000 other ids: no drift', (rows) => {
    expect(firing(judge(subjectOf(ids(0, rows), ids(rows, 10_000))))).toEqual([]);
  });

  it('thousands of equal categories: the 64 that happened to be heaviest are no drift', () => {
    const random = new Random(7);
    const draw = (size: number): string[] =>
      Array.from({ length: size }, () => `c${String(Math.floor(random.uniform() * 1000))}`);
    for (const rows of [500, 2000, 5000])
      expect(firing(judge(subjectOf(draw(rows), draw(100_000)))), `${rows} rows`).toEqual([]);
  });
});

describe('cells of the PSI', () => {
  const cells = (...counts: number[]): Float64Array => Float64Array.from(counts);

  it('a pooled cell that is empty on both sides is none', () => {
    expect(psiCells(cells(50, 50, 0), cells(40, 60, 0))).toMatchObject({ groups: 2 });
    expect(psiCells(cells(50, 50, 0), cells(40, 60, 1))).toMatchObject({ groups: 3 });
    const booleans = judge(
      subjectOf(repeat(1000, ['true', 'false']), repeat(1000, ['true', 'false'])),
    );
    expect(statistic(booleans, 'psi').value).toBe(0);
  });

  it('a light pooled cell joins the lightest other one in the gate', () => {
    const [baseline, live] = [cells(500, 300, 190, 10), cells(500, 300, 190, 10)];
    expect(psiCells(baseline, live)).toMatchObject({ groups: 4 });
    const { groupOf, groups } = psiGateCells(baseline, live);
    expect([Array.from(groupOf), groups]).toEqual([[0, 1, 2, 2], 3]);
  });

  it.each([0.01, 0.001, 0.0001])(
    'the second gate keeps its level with a rare cell of %d',
    (rare) => {
      const random = new Random(11);
      const [n, m, delta] = [10_000, ROWS, 0.05];
      // Half and half, moved by what makes a PSI of just delta of the two.
      let [low, high] = [0, 0.3];
      for (let step = 0; step < 60; step += 1) {
        const t = (low + high) / 2;
        const [p, q] = [0.5 + t, 0.5 - t - rare];
        const effect = t * Math.log(p / 0.5) - t * Math.log(q / (0.5 - rare));
        if (effect < delta) low = t;
        else high = t;
      }
      const before = cells(0.5, 0.5 - rare, rare);
      const now = cells(0.5 + low, 0.5 - low - rare, rare);
      let passed = 0;
      const runs = 10_000;
      for (let run = 0; run < runs; run += 1) {
        const [b, l] = [random.multinomial(m, before), random.multinomial(n, now)];
        const { groupOf, groups } = psiGateCells(b, l);
        const value = psi(groupCounts(b, groupOf, groups), groupCounts(l, groupOf, groups));
        if (psiLogP(value, groups, 1 / n + 1 / m, delta) < Math.log(0.001)) passed += 1;
      }
      // .001 and three standard errors.
      expect(passed / runs).toBeLessThanOrEqual(0.001 + 3 * Math.sqrt(0.001 / runs));
    },
  );
});

describe('every second of many equal categories vanishes', () => {
  function halved(categories: number, n: number): FeatureResult {
    const random = new Random(categories);
    const draw = (size: number, of: number, step: number): string[] =>
      Array.from({ length: size }, () => `k${String(step * Math.floor(of * random.uniform()))}`);
    return judge(subjectOf(draw(ROWS, categories, 1), draw(n, categories / 2, 2)));
  }

  it.each([
    [40, 1000, ['psi']],
    [60, 10_000, ['linf', 'linf_hash']],
    [200, 1000, []],
    [1000, 10_000, []],
  ])('of %i, seen of %i values by %j; the distances and chi-square show it', (k, n, seen) => {
    const result = halved(k, n);
    expect(firing(result)).toEqual(seen);
    expect(statistic(result, 'js').value).toBeGreaterThan(0.1);
    expect(statistic(result, 'hellinger').value).toBeGreaterThan(0.1);
    // Of 1,000 equal ones the 64 tracked are about 6 %, half of which vanish.
    expect(statistic(result, 'tvd').value).toBeGreaterThan(Math.min(0.5, 64 / k) / 2.1);
    expect(statistic(result, 'chi2').logP).toBeLessThan(Math.log(0.001));
  });
});
