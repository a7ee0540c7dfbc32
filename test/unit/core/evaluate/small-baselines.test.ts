import { describe, expect, it } from 'vitest';
import { Random } from '../../../../scripts/simulate/random.ts';
import { gapAllowance } from '../../../../src/core/statistic/chernoff.ts';
import { judge, PLAIN, statistic, subjectOf } from './subjects.ts';
import type { Cell } from './subjects.ts';

const LAWS: Readonly<Record<string, (random: Random) => Cell>> = {
  uniform: (random) => random.uniform(),
  normal: (random) => random.normal(),
  'heavy tails': (random) => Math.tan(Math.PI * (random.uniform() - 0.5)),
  'twenty categories': (random) => `k${String(Math.floor(20 * random.uniform()))}`,
};
const N = 5000;

/** Features of one law, without drift, whose `name` fires. */
function firing(name: string, law: string, m: number, features: number): number {
  const random = new Random(m + law.length);
  const draw = LAWS[law] as (random: Random) => Cell;
  const values = (size: number): Cell[] => Array.from({ length: size }, () => draw(random));
  let fired = 0;
  for (let i = 0; i < features; i += 1) {
    const result = judge(subjectOf(values(m), values(N)));
    if (statistic(result, name).fires !== null) fired += 1;
  }
  return fired;
}

describe('a small baseline without drift', () => {
  // 100 features a cell; without room for the gaps up to 7 % of them fired.
  it.each(
    [50, 100, 200, 300, 400, 500, 1000].flatMap((m) =>
      ['uniform', 'normal', 'heavy tails'].map((law) => [m, law] as const),
    ),
  )('m = %i, %s: no gap between its values is a spike', (m, law) => {
    expect(firing('spike', law, m, 100)).toBe(0);
  });

  it.each([50, 75, 100])('m = %i: a category that it happens to lack is not unseen drift', (m) => {
    expect(firing('unseen', 'twenty categories', m, 200)).toBe(0);
  });
});

describe('what the room for gaps costs', () => {
  it('is less than a fortieth of the tolerance at 50,000 rows', () => {
    expect(gapAllowance(200, 50_000)).toBeLessThan(PLAIN.shareDelta.warning / 40);
  });

  it('leaves a default value of 30 % visible to a baseline of 100', () => {
    const random = new Random(5);
    const baseline = Array.from({ length: 100 }, () => random.normal());
    const live = Array.from({ length: 500 }, () => (random.uniform() < 0.3 ? 0 : random.normal()));
    expect(statistic(judge(subjectOf(baseline, live)), 'spike').fires).toBe('critical');
  });
});
