import { describe, expect, it } from 'vitest';
import { evaluate } from '../../../../src/core/evaluate/evaluate.ts';
import { DAY_MS, PLAIN, even, judge, repeat, statistic, subjectOf, tilted } from './subjects.ts';
import type { Subject } from '../../../../src/core/evaluate/types.ts';

const baseline = even(50_000);

describe('the verdict: the first that applies', () => {
  it.each([
    ['not-comparable', subjectOf(baseline, even(1000, 0.5), { comparable: false, baseline: null })],
    ['no-baseline', subjectOf(baseline, null, { baseline: null })],
    ['no-data', subjectOf(baseline, null)],
    ['no-data', subjectOf(baseline, [])],
    ['drifted', subjectOf(baseline, even(2000, 0.5))],
    ['warning', subjectOf(baseline, tilted(10_000, 0.09))],
    ['insufficient', subjectOf(baseline, even(50))],
    ['suspected', subjectOf(baseline, tilted(1000, 0.07))],
    ['stable', subjectOf(baseline, even(10_000))],
  ])('%s', (verdict, subject) => {
    expect(judge(subject).verdict).toBe(verdict);
  });

  it('a firing verdict is not masked by a small window', () => {
    const result = judge(subjectOf(baseline, even(60, 5)));
    expect(result.minimumDetectableEffect).toBeGreaterThan(0.2);
    expect(result.verdict).toBe('drifted');
  });

  it('warming up caps drifted at warning, and says so', () => {
    const result = judge(subjectOf(baseline, even(2000, 0.5)), { designEffect: 'baseline' });
    expect(result).toMatchObject({ verdict: 'warning', warmingUp: true, designEffect: 1 });
    expect(statistic(result, 'ks').fires).toBe('critical');
  });

  it('below the minimum of samples nothing is judged', () => {
    const subject = subjectOf(baseline, even(2000, 0.5));
    expect(judge(subject, { minSamples: 2001 }).verdict).toBe('insufficient');
    expect(judge(subject, { minSamples: 2000 }).verdict).toBe('drifted');
  });

  it('a feature that is all missing now has drifted, though it has no value left', () => {
    const result = judge(subjectOf(baseline, repeat(500, [null])));
    expect(result).toMatchObject({ verdict: 'drifted', n: 0, minimumDetectableEffect: 1 });
    expect(statistic(result, 'missing')).toMatchObject({ value: 1, fires: 'critical' });
  });

  it('only missing values on both sides are observations of which nothing can be told, not the lack of any', () => {
    const missing = repeat(2000, [null]);
    const reference = subjectOf(missing, missing);
    expect(judge(reference).verdict).toBe('insufficient');
    expect(judge({ ...reference, live: null }).verdict).toBe('no-data');
  });

  it('says that a difference is proven to be small', () => {
    expect(judge(subjectOf(baseline, even(20_000))).provenBelow).toBe(true);
    expect(judge(subjectOf(baseline, even(1000))).provenBelow).toBe(false);
  });
});

describe('policies', () => {
  const shifted = subjectOf(baseline, even(2000, 0.5));

  it('statistics switched off are gone, from the report and from the count of tests', () => {
    const all = evaluate([shifted], PLAIN, { evaluationsPerDay: 1 });
    const fewer = evaluate([shifted], { ...PLAIN, off: ['ks', 'spike'] }, { evaluationsPerDay: 1 });
    expect(fewer.tests).toBe(all.tests - 2);
    expect(fewer.results[0]?.statistics.map(({ name }) => name)).not.toContain('ks');
  });

  it('a budget of its own is a family of its own: neither its level nor its tests touch the rest', () => {
    const plain = evaluate([shifted, shifted], PLAIN, { evaluationsPerDay: 24 });
    const strict = { ...shifted, policy: { alertBudgetPerDay: 1e-30 } };
    const mixed = evaluate([shifted, strict], PLAIN, { evaluationsPerDay: 24 });
    const alone = evaluate([shifted], PLAIN, { evaluationsPerDay: 24 });
    expect(mixed.tests).toBe(plain.tests);
    expect(mixed.q).toBe(plain.q);
    expect(mixed.results[0]).toEqual(alone.results[0]);
    const [usual, own] = mixed.results.map((result) => result.minimumDetectableEffect);
    expect(own).toBeGreaterThan(usual as number);
  });

  it('a fixed threshold fires at its value, whatever the p-value', () => {
    const psi = statistic(judge(shifted), 'psi').value;
    const fixed = (warning: number, critical: number): unknown =>
      statistic(judge(shifted, { fixed: { psi: { warning, critical } } }), 'psi').fires;
    expect(fixed(psi, psi)).toBe('critical');
    expect(fixed(psi, psi * 2)).toBe('warning');
    expect(fixed(psi * 2, psi * 3)).toBeNull();
  });

  it('a feature can have its own', () => {
    const own = subjectOf(baseline, even(2000, 0.5), { policy: { minSamples: 5000 } });
    const { results } = evaluate([own, shifted], PLAIN, { evaluationsPerDay: 1 });
    expect(results.map(({ verdict }) => verdict)).toEqual(['insufficient', 'drifted']);
  });

  it('q is the budget a day over the evaluations a day', () => {
    expect(evaluate([], PLAIN, { evaluationsPerDay: 24 }).q).toBeCloseTo(1 / 30 / 24, 15);
    expect(evaluate([], PLAIN, { evaluationsPerDay: 1 / 100 }).q).toBe(1);
  });

  it('the first gate runs over the whole evaluation: many quiet features make one doubtful one quieter', () => {
    const doubtful = subjectOf(baseline, tilted(300, 0.15));
    const alone = evaluate([doubtful], PLAIN, { evaluationsPerDay: 1 });
    const crowd = new Array<Subject>(99).fill(subjectOf(baseline, even(300)));
    const among = evaluate([doubtful, ...crowd], PLAIN, { evaluationsPerDay: 1 });
    expect(among.tests).toBe(100 * alone.tests);
    const adjusted = ({ results }: typeof alone): number =>
      Math.min(...(results[0]?.statistics ?? []).map(({ logPAdjusted }) => logPAdjusted ?? 0));
    expect(adjusted(among) - adjusted(alone)).toBeCloseTo(Math.log(100), 6);
  });

  it('the minimum detectable effect is the greater of both gates', () => {
    const result = evaluate([subjectOf(baseline, even(1000))], PLAIN, { evaluationsPerDay: 1 });
    const c = 1 / 1000 + 1 / 50_000;
    const big = 0.05 + Math.sqrt((Math.log(2 / 0.001) / 2) * c);
    const real = Math.sqrt((Math.log((2 * result.tests) / result.q) / 2) * c);
    expect(result.results[0]?.minimumDetectableEffect).toBeCloseTo(Math.max(big, real), 12);
  });
});

describe('the design effect', () => {
  it('shrinks both samples', () => {
    const subject = subjectOf(baseline, even(10_000));
    const result = judge(subject, { designEffect: 10 });
    expect(result).toMatchObject({ nEff: 1000, mEff: 5000, designEffect: 10, warmingUp: false });
  });

  it('turns the exact p-value off, and so does a seasonal mixture', () => {
    const subject = subjectOf(even(400), even(300, 0.05));
    const logP = (of: Parameters<typeof judge>[0], designEffect: 'none' | number): number =>
      statistic(judge(of, { designEffect }), 'ks').logP as number;
    const { histogram } = subject.baseline ?? { histogram: null };
    if (histogram === null) throw new Error('no baseline');
    const mixed = { ...subject, mixture: { histogram, m: 400 } };
    expect(logP(subject, 'none')).not.toBe(logP(mixed, 'none'));
    expect(logP(mixed, 1)).toBeLessThan(0);
    expect(judge({ ...subject, mixture: { histogram, m: 133.7 } }).mEff).toBeCloseTo(133.7, 10);
  });

  it('of history replaces everything after 30 windows', () => {
    const window = (low: number) => ({ start: 0, groups: [low, 1000 - low] });
    const history = Array.from({ length: 30 }, (_, i) => window(i % 2 === 0 ? 400 : 600));
    const subject = subjectOf(baseline, even(10_000), { history });
    // Each half is .1 off: 1000 * .01 / .25 = 40, times 30 / 29.
    const result = judge(subject, { designEffect: 'history' });
    expect(result.designEffect).toBeCloseTo((40 * 30) / 29, 10);
    const short = { ...subject, history: history.slice(1) };
    expect(judge(short, { designEffect: 'history' })).toMatchObject({
      designEffect: 1,
      warmingUp: true,
    });
  });
});

describe('traps', () => {
  it('a constant reference and another constant now: PSI is 0 over one group, D is 1', () => {
    const result = judge(subjectOf(repeat(5000, [5]), repeat(5000, [6])));
    expect(statistic(result, 'psi')).toMatchObject({ value: 0, logP0: null });
    expect(statistic(result, 'ks').value).toBe(1);
    expect(result.verdict).toBe('drifted');
  });

  it('a constant that stays is stable', () => {
    expect(judge(subjectOf(repeat(5000, [5]), repeat(5000, [5]))).verdict).toBe('stable');
  });

  it('a baseline without a spread has no Wasserstein distance, whatever threshold is on it', () => {
    const values = [...repeat(4750, [0]), ...even(250)];
    const subject = subjectOf(values, even(5000, 50));
    if (subject.baseline === null) throw new Error('no baseline');
    const flat = { ...subject, baseline: { ...subject.baseline, scale: 0 } };
    const fixed = { wasserstein: { warning: 0.1, critical: 0.2 } };
    const { statistics, verdict } = judge(flat, { fixed });
    expect(statistics.map(({ name }) => name)).not.toContain('wasserstein');
    expect(verdict).toBe('drifted');
    expect(statistic(judge(subject, { fixed }), 'wasserstein').fires).toBe('critical');
  });

  it('a default value that fills 5 % is seen by the spike', () => {
    const live = [...even(9500), ...repeat(500, [0.123456789])];
    const result = judge(subjectOf(baseline, live));
    expect(statistic(result, 'spike').fires).toBe('critical');
    expect(statistic(result, 'ks').fires).toBeNull();
  });

  it('rounding is seen by the share of whole numbers', () => {
    const wide = even(50_000).map((x) => x * 1000);
    const result = judge(
      subjectOf(
        wide,
        wide.filter((_, i) => i % 10 === 0).map((x) => Math.round(x)),
      ),
    );
    expect(statistic(result, 'integer').fires).toBe('critical');
  });

  it('a new category is seen, the tail of rare ones is not taken for one', () => {
    const common = repeat(20_000, ['a', 'b', 'c']);
    const rare = Array.from({ length: 5000 }, (_, i) => `once-${String(i)}`);
    const other = Array.from({ length: 1000 }, (_, i) => `later-${String(i)}`);
    const quiet = judge(
      subjectOf([...common, ...rare], [...repeat(4000, ['a', 'b', 'c']), ...other]),
    );
    expect(statistic(quiet, 'unseen')).toMatchObject({ value: 0.2, fires: null });
    const loud = judge(
      subjectOf(common, [...repeat(4000, ['a', 'b', 'c']), ...repeat(200, ['new'])]),
    );
    expect(statistic(loud, 'unseen').fires).toBe('critical');
    expect(loud.verdict).toBe('drifted');
  });

  it('a swap of two categories is seen by L-infinity', () => {
    const live = repeat(3000, ['a', 'b', 'b']);
    const result = judge(subjectOf(repeat(30_000, ['a', 'a', 'b']), live));
    expect(statistic(result, 'linf').value).toBeCloseTo(1 / 3, 10);
    expect(result.verdict).toBe('drifted');
  });

  it('windows of 7 days take days as blocks', () => {
    const blocks = {
      groupOf: new Uint8Array(1000),
      groups: 2,
      hours: Int32Array.from({ length: 20 }, (_, i) => i * 24),
      counts: Uint32Array.from({ length: 40 }, (_, i) => (((i >> 1) + i) % 2 === 0 ? 40 : 60)),
    };
    const subject = subjectOf(baseline, even(1000), {
      window: { name: '7d', spanMs: 7 * DAY_MS },
    });
    const feature = subject.baseline;
    if (feature === null) throw new Error('no baseline');
    const result = judge(
      { ...subject, baseline: { ...feature, blocks } },
      { designEffect: 'baseline' },
    );
    // Each day is .1 off: 100 * .01 / .25 = 4, times 20 / 19.
    expect(result.designEffect).toBeCloseTo((4 * 20) / 19, 10);
  });
});
