import { describe, expect, it } from 'vitest';
import { logChi2Sf } from '../../../src/core/statistic/special/chi-square.ts';
import { createCounter } from '../../../src/core/histogram/counter.ts';
import { emptyNumericHistogram } from '../../../src/core/histogram/numeric-histogram.ts';
import { SLOT } from '../../../src/core/domain/event-frame.ts';
import { THIRTY } from '../../../scripts/simulate/families.ts';
import { populationOf } from '../../../scripts/simulate/population.ts';
import { Random } from '../../../scripts/simulate/random.ts';

/** ln p of Pearson's chi-square of observed counts against expected ones; rare cells pooled. */
function fit(observed: readonly number[], expected: readonly number[]): number {
  let [chi2, cells, restO, restE] = [0, 0, 0, 0];
  observed.forEach((o, i) => {
    const e = expected[i] as number;
    restO += o;
    restE += e;
    if (restE < 10) return;
    chi2 += (restO - restE) ** 2 / restE;
    cells += 1;
    [restO, restE] = [0, 0];
  });
  return logChi2Sf(chi2, cells - 1);
}

describe('binomial draws', () => {
  it.each([
    [10, 0.3],
    [40, 0.9],
    [100, 0.25],
    [1000, 0.5],
    [20_000, 0.005],
    [5000, 0.02],
  ])('of %d trials at %d have the law of the textbook', (n, p) => {
    const random = new Random(11);
    const runs = 40_000;
    const seen = new Array<number>(n + 1).fill(0);
    for (let run = 0; run < runs; run += 1) {
      const k = random.binomial(n, p);
      seen[k] = (seen[k] as number) + 1;
    }
    const expected: number[] = [];
    let logMass = n * Math.log1p(-p);
    for (let k = 0; k <= n; k += 1) {
      expected.push(runs * Math.exp(logMass));
      logMass += Math.log(((n - k) / (k + 1)) * (p / (1 - p)));
    }
    expect(fit(seen, expected)).toBeGreaterThan(Math.log(1e-4));
  });

  it('of many cells add up', () => {
    const counts = new Random(3).multinomial(1e6, Float64Array.of(0, 0.2, 0.3, 0, 0.5, 0));
    expect(counts.reduce((sum, count) => sum + count, 0)).toBe(1e6);
    expect([counts[0], counts[3], counts[5]]).toEqual([0, 0, 0]);
  });
});

describe.each([...new Set(THIRTY)])('windows of a $name feature', (family) => {
  it('have the counts, zeros, negative and whole numbers of raw draws', () => {
    const random = new Random(5);
    const population = populationOf(family, random, 5000);
    const { histogram } = population.baseline;
    if (histogram.kind !== 'numeric') throw new TypeError('numeric');
    const n = 200_000;
    const counter = createCounter(histogram.binning);
    const raw = emptyNumericHistogram(histogram.binning);
    for (let i = 0; i < n; i += 1) counter.add(raw, SLOT.number, family.draw(random), '');
    const drawn = population.window(random, 100 * n);
    expect(
      fit(
        [...raw.counts],
        Array.from(drawn.counts, (count) => count / 100),
      ),
    ).toBeGreaterThan(Math.log(1e-4));
    for (const key of ['zero', 'negative', 'integer'] as const) {
      const share = drawn[key] / (100 * n);
      const spread = Math.sqrt((share * (1 - share)) / n);
      expect(Math.abs(raw[key] / n - share)).toBeLessThanOrEqual(4 * spread);
    }
  });
});
