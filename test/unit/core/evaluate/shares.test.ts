import { describe, expect, it } from 'vitest';
import { Random } from '../../../../scripts/simulate/random.ts';
import {
  credibleShare,
  leastCredibleShare,
  shareTest,
} from '../../../../src/core/statistic/chernoff.ts';
import { even, judge, repeat, statistic, subjectOf } from './subjects.ts';
import type { Cell } from './subjects.ts';

/** A share of the values is another one, spread evenly. */
function mixed(size: number, share: number, value: Cell): Cell[] {
  const every = Math.round(size * share);
  return even(size).map((x, i) =>
    Math.floor((i * every) / size) !== Math.floor(((i + 1) * every) / size) ? value : x,
  );
}

describe('a share that falls', () => {
  it('to nothing fires as the one that rises does', () => {
    const fallen = judge(subjectOf(mixed(5000, 0.055, null), even(100_000)));
    expect(statistic(fallen, 'missing').fires).toBe('critical');
    expect(fallen.verdict).toBe('drifted');
    const risen = judge(subjectOf(even(5000), mixed(100_000, 0.055, null)));
    expect(statistic(risen, 'missing').fires).toBe('critical');
  });

  it('from everything too, and up to everything', () => {
    const all = judge(subjectOf(mixed(5000, 0.945, null), repeat(100_000, [null])));
    expect(statistic(all, 'missing').fires).toBe('critical');
    const fewer = judge(
      subjectOf(repeat(5000, [null, null, null, null, 1]), mixed(50_000, 0.6, null)),
    );
    expect(statistic(fewer, 'missing').fires).toBe('critical');
  });

  it('of a rare category: it is gone', () => {
    const names = [...repeat(9850, ['a', 'b', 'c']), ...repeat(150, ['rare'])];
    const result = judge(
      subjectOf([...names, ...names, ...names], repeat(100_000, ['a', 'b', 'c'])),
    );
    expect(statistic(result, 'linf').fires).not.toBeNull();
  });

  it('by less than is tolerated does not', () => {
    const result = judge(subjectOf(mixed(50_000, 0.055, null), mixed(1_000_000, 0.048, null)));
    expect([statistic(result, 'missing').fires, result.verdict]).toEqual([null, 'stable']);
  });
});

describe('what a baseline makes credible of a share', () => {
  it('is the form of the specification up to a half, and the same seen from the other end above', () => {
    for (const [count, m] of [
      [0, 100],
      [30, 5000],
      [2500, 5000],
    ] as const) {
      const q = (count + 1) / (m + 2);
      expect(credibleShare(count, m)).toBeCloseTo(q + 4 * Math.sqrt(q / m), 14);
      expect(leastCredibleShare(m - count - 1e-9, m)).toBeCloseTo(1 - credibleShare(count, m), 6);
    }
    expect(leastCredibleShare(5, 5000)).toBe(0);
    expect(credibleShare(5000, 5000)).toBe(1);
  });

  it.each([0.002, 0.01, 0.02, 0.05, 0.3, 0.5])('is below a true share of %d', (share) => {
    const random = new Random(5);
    const [m, runs] = [2000, 20_000];
    let above = 0;
    for (let run = 0; run < runs; run += 1)
      if (leastCredibleShare(random.binomial(m, share), m) > share) above += 1;
    expect(above / runs).toBeLessThanOrEqual(Math.exp(-8));
  });

  it.each([0.002, 0.01, 0.05, 0.5, 0.95])(
    'without a change of %d the first gate keeps its level',
    (share) => {
      const random = new Random(9);
      const [m, n, runs] = [5000, 50_000, 10_000];
      let passed = 0;
      for (let run = 0; run < runs; run += 1) {
        const live = random.binomial(n, share) / n;
        if (shareTest(random.binomial(m, share), m, live, n, 0).logP0 < Math.log(0.001))
          passed += 1;
      }
      expect(passed / runs).toBeLessThanOrEqual(0.001);
    },
  );
});
