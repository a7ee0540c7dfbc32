import { describe, expect, it } from 'vitest';
import { decileGroups, groupCounts } from '../../../src/core/statistic/psi.ts';
import { logChi2Sf, logNoncentralChi2Sf } from '../../../src/core/statistic/special/chi-square.ts';
import { normalCdf } from '../../../scripts/simulate/normal-cdf.ts';
import { plainNormalCdf, plainPower, plainPsiLimit } from '../../../scripts/simulate/plain.ts';
import { PUBLISHED, publishedPopulation } from '../../../scripts/simulate/published-baseline.ts';
import { Random } from '../../../scripts/simulate/random.ts';
import { againstPlain, shareFigure } from '../../../scripts/simulate/report.ts';

describe('gamma draws', () => {
  it.each([1, 2.5, 250])('of shape %d have the law of the textbook', (shape) => {
    const random = new Random(7);
    const runs = 20_000;
    // 2 G is chi-square with 2 shape degrees of freedom: its tail is uniform.
    const cells = new Float64Array(20);
    for (let run = 0; run < runs; run += 1) {
      const tail = Math.exp(logChi2Sf(2 * random.gamma(shape), 2 * shape));
      const cell = Math.min(19, Math.floor(tail * 20));
      cells[cell] = (cells[cell] as number) + 1;
    }
    const chi2 = cells.reduce((sum, count) => sum + (count - runs / 20) ** 2 / (runs / 20), 0);
    expect(logChi2Sf(chi2, 19)).toBeGreaterThan(Math.log(1e-4));
  });
});

describe('the plain computation of power', () => {
  it('has the normal law of driftd', () => {
    for (let z = -7; z <= 7; z += 0.37)
      expect(Math.abs(plainNormalCdf(z) - normalCdf(z))).toBeLessThan(1e-14);
  });

  it.each([
    [0.05, 200],
    [0.05, 10_000],
    [0.1, 1000],
    [0.1, 1_000_000],
  ])('has the limit of driftd for PSI at delta %d and n = %d', (delta, n) => {
    const c = 1 / n + 1 / 50_000;
    const limit = plainPsiLimit(delta, c);
    expect(logNoncentralChi2Sf(limit / c, 9, delta / c)).toBeCloseTo(Math.log(0.001), 6);
  });

  it('is silent without drift, and knows its own error', () => {
    const random = new Random(3);
    const none = plainPower(random, 1000, {}, 100);
    expect(none.map(({ value }) => value)).toEqual([0, 0]);
    const [once] = plainPower(random, 1000, { shift: 0.25 }, 400);
    const [again] = plainPower(random, 1000, { shift: 0.25 }, 400);
    expect(once.error).toBeGreaterThan(0.005);
    expect(once.error).toBeLessThan(0.03);
    expect(Math.abs(once.value - again.value)).toBeLessThan(
      4 * Math.hypot(once.error, again.error),
    );
  });
});

describe('a baseline like that of the published power table', () => {
  it('has the distances that it was chosen by, counted by driftd', () => {
    const { baseline, window } = publishedPopulation(new Random(2));
    const { counts } = baseline.histogram;
    const random = new Random(4);
    const n = 1e9;
    const { groupOf, groups } = decileGroups(counts);
    const tenths = groupCounts(counts, groupOf, groups).map((count) => count / 50_000);
    const wide = groupCounts(window(random, n, PUBLISHED.psi.change).counts, groupOf, groups);
    const psi = wide.reduce((sum, count, i) => {
      const [p, q] = [count / n, tenths[i] as number];
      return sum + (p - q) * Math.log(p / q);
    }, 0);
    expect(psi).toBeGreaterThan(PUBLISHED.psi.from - 1e-4);
    expect(psi).toBeLessThan(PUBLISHED.psi.to + 1e-4);
    let [below, base, ks] = [0, 0, 0];
    window(random, n, PUBLISHED.ks.change).counts.forEach((count, bin) => {
      below += count / n;
      base += (counts[bin] as number) / 50_000;
      ks = Math.max(ks, Math.abs(below - base));
    });
    expect(ks).toBeGreaterThan(PUBLISHED.ks.from - 1e-4);
    expect(ks).toBeLessThan(PUBLISHED.ks.to + 1e-4);
  });
});

describe('a figure beside the plain one', () => {
  const figure = shareFigure(
    Uint32Array.from({ length: 200 }, (_, i) => (i % 2 ? 4 : 2)),
    2000,
    0.75,
  );

  it('agrees within .03 or two standard errors, whatever was published', () => {
    expect(figure).toMatchObject({ value: 0.3, agrees: false, baselines: 200 });
    expect(againstPlain(figure, { value: 0.32, error: 0.002 }).agrees).toBe(true);
    expect(againstPlain(figure, { value: 0.36, error: 0.002 }).agrees).toBe(false);
  });
});
