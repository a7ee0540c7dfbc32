import { describe, expect, it } from 'vitest';
import { explanationOf } from '../../../../src/core/evaluate/explain.ts';
import type { Explanation } from '../../../../src/core/evaluate/explain.ts';
import { even, repeat, subjectOf, tilted } from './subjects.ts';
import type { Subject } from '../../../../src/core/evaluate/types.ts';

const baseline = even(20_000);

function explained(subject: Subject, limit?: number): Explanation {
  const explanation = explanationOf(subject, limit);
  if (explanation === null) throw new Error('nothing to explain');
  return explanation;
}

describe('numeric features', () => {
  it('names the ranges that moved, with shares that account for the whole PSI', () => {
    const { moves, words } = explained(subjectOf(baseline, tilted(10_000, -0.1)), 100);
    expect(moves.reduce((sum, { psiShare }) => sum + psiShare, 0)).toBeCloseTo(1, 12);
    expect(moves.reduce((sum, { liveShare }) => sum + liveShare, 0)).toBeCloseTo(1, 12);
    expect(moves.reduce((sum, { baselineShare }) => sum + baselineShare, 0)).toBeCloseTo(1, 12);
    const below = moves.filter(({ to }) => to !== null && to <= 0.51);
    expect(below.every((move) => move.liveShare < move.baselineShare)).toBe(true);
    expect(words[0]).toMatch(/^more mass above 0\.5: 50 % -> 60 %$/);
  });

  it('says "less" the other way round', () => {
    const { words } = explained(subjectOf(baseline, tilted(10_000, 0.1)));
    expect(words[0]).toMatch(/^less mass above 0\.5: 50 % -> 40 %$/);
    expect(words.at(-1)).toMatch(/^median 0\.5 -> 0\.416/);
  });

  it('interpolates quantiles inside bins', () => {
    const { quantiles } = explained(subjectOf(baseline, even(10_000, 0.25)));
    expect(quantiles.map(({ p }) => p)).toEqual([0.05, 0.25, 0.5, 0.75, 0.95]);
    for (const { p, baseline: before, live } of quantiles) {
      expect(before).toBeCloseTo(p, 3);
      if (p < 0.7) expect(live).toBeCloseTo(p + 0.25, 2);
    }
    // Beyond the baseline's range the bins are wide: within a tenth of the truth, inside what was seen.
    expect(Math.abs((quantiles[4]?.live ?? 0) - 1.2)).toBeLessThan(0.1);
  });

  it('has the end groups unbounded, and at most the moves asked for', () => {
    const { moves } = explained(subjectOf(baseline, even(10_000, 3)), 1);
    expect(moves).toHaveLength(1);
    expect(moves[0]).toMatchObject({ to: null, liveShare: 1 });
    expect(moves[0]?.label).toMatch(/^above 0\.9/);
  });

  it('has nothing to say of equal distributions', () => {
    expect(explained(subjectOf(baseline, baseline)).words).toEqual([]);
  });
});

describe('categories', () => {
  it('names new ones, vanished ones and movers', () => {
    const before = repeat(8000, ['a', 'a', 'a', 'b', 'b', 'b', 'c', 'gone']);
    const live = [...repeat(6000, ['a', 'a', 'b']), ...repeat(600, ['novel'])];
    const result = explained(subjectOf(before, live));
    expect(result.newCategories).toEqual([
      { category: 'novel', share: expect.closeTo(600 / 6600, 10) as number },
    ]);
    expect(result.vanishedCategories.map(({ category }) => category)).toEqual(['c', 'gone']);
    expect(result.words.slice(0, 3)).toEqual([
      'new category novel: at least 9.09 %',
      'category c is gone: was 12.5 %',
      'category gone is gone: was 12.5 %',
    ]);
    expect(result.moves.reduce((sum, { psiShare }) => sum + psiShare, 0)).toBeCloseTo(1, 12);
    expect(result.quantiles).toEqual([]);
  });

  it('calls none new that the baseline knows, however heavy it has become', () => {
    const names = Array.from({ length: 200 }, (_, i) => `k${String(i)}`);
    const live = [...repeat(8000, names), ...repeat(2000, ['k177', 'k177', 'k177', 'novel'])];
    const { newCategories } = explained(subjectOf(repeat(20_000, names), live));
    expect(newCategories.map(({ category }) => category)).toEqual(['novel']);
  });

  it('does not call a rare category gone in a small window', () => {
    const before = [...repeat(9900, ['a', 'b']), ...repeat(100, ['rare'])];
    expect(explained(subjectOf(before, repeat(500, ['a', 'b']))).vanishedCategories).toEqual([]);
    expect(explained(subjectOf(before, repeat(2000, ['a', 'b']))).vanishedCategories).toHaveLength(
      1,
    );
  });
});

describe('nothing to compare', () => {
  it.each([
    ['no live window', subjectOf(baseline, null)],
    ['no baseline', subjectOf(baseline, baseline, { baseline: null })],
    ['another binning', subjectOf(baseline, baseline, { comparable: false })],
    ['only missing values', subjectOf(baseline, repeat(10, [null]))],
  ])('%s', (_, subject) => {
    expect(explanationOf(subject)).toBeNull();
  });
});
