import { describe, expect, it } from 'vitest';
import { contingencyTest } from '../../../../src/core/statistic/contingency.ts';
import {
  hellinger,
  jensenShannon,
  kullbackLeibler,
  linf,
  totalVariation,
} from '../../../../src/core/statistic/distances.ts';
import { ksDkwLogP, ksInterval, ksLimitLogP } from '../../../../src/core/statistic/ks.ts';
import { benjaminiHochberg } from '../../../../src/core/statistic/multiple-testing.ts';
import { psi, psiLogP } from '../../../../src/core/statistic/psi.ts';
import { wassersteinOfSamples } from '../../../../src/core/statistic/wasserstein.ts';
import { expectClose, golden } from './golden.ts';
import type { GoldenNumber } from './golden.ts';

type Binned = { tag: string; baseline: number[]; live: number[] };

const sum = (counts: Float64Array): number => counts.reduce((a, b) => a + b, 0);

/** Every field of the file, computed by the product. */
function computed(baseline: Float64Array, live: Float64Array): Record<string, number> {
  const m = sum(baseline);
  const n = sum(live);
  const c = 1 / n + 1 / m;
  const ks = ksInterval(baseline, live, new Uint8Array(live.length)).low;
  const half = psi(baseline, live);
  const table = contingencyTest(baseline, live);
  const js = jensenShannon(baseline, live);
  const p = Math.exp;
  return {
    psi_pseudo_half: half,
    psi_eps_1e4: psi(baseline, live, 'floor'),
    psi_plain: kullbackLeibler(baseline, live) + kullbackLeibler(live, baseline),
    js_distance_e: js,
    js_distance_2: js / Math.sqrt(Math.LN2),
    js_divergence_2: js ** 2 / Math.LN2,
    hellinger: hellinger(baseline, live),
    tvd: totalVariation(baseline, live),
    linf: linf(baseline, live),
    ks_binned: ks,
    ks_p_limit: p(ksLimitLogP(ks, 1 / c)),
    chi2: table?.chi2 ?? Number.NaN,
    chi2_p: p(table?.logP ?? Number.NaN),
    chi2_df: table?.df ?? Number.NaN,
    g: table?.g ?? Number.NaN,
    g_p: p(table?.logPG ?? Number.NaN),
    cramers_v: Math.sqrt((table?.chi2 ?? Number.NaN) / (n + m)),
    'ks_min_effect_p_0.05': p(ksDkwLogP(ks - 0.05, 1 / c)),
    'ks_min_effect_p_0.1': p(ksDkwLogP(ks - 0.1, 1 / c)),
    'psi_min_effect_p_0.05': p(psiLogP(half, live.length, c, 0.05)),
    'psi_min_effect_p_0.1': p(psiLogP(half, live.length, c, 0.1)),
    kl_live_base: kullbackLeibler(baseline, live),
    kl_base_live: kullbackLeibler(live, baseline),
  };
}

describe('distances of binned counts against scipy', () => {
  it.each(golden<Binned>('binned-distances'))('$tag', (c) => {
    const got = computed(Float64Array.from(c.baseline), Float64Array.from(c.live));
    const total = sum(Float64Array.from(c.live)) + sum(Float64Array.from(c.baseline));
    for (const [field, want] of Object.entries(c) as [string, GoldenNumber][]) {
      if (field === 'tag' || field === 'baseline' || field === 'live') continue;
      expect(got, field).toHaveProperty([field]);
      const value = got[field] as number;
      // Non-centrality delta / c beyond 1e5: the log-weights cancel.
      if (field.startsWith('psi_min') && 0.1 * total > 1e5 && Math.abs(value - Number(want)) < 1e-8)
        continue;
      // Zero distances of equal counts: rounding of one side.
      if (Math.abs(Number(want)) < 1e-15) expect(Math.abs(value), field).toBeLessThan(1e-15);
      else expectClose(value, want);
    }
  });

  it('disjoint counts have an infinite Kullback-Leibler divergence', () => {
    expect(kullbackLeibler(Float64Array.of(1, 0), Float64Array.of(0, 1))).toBe(Infinity);
  });

  it('an empty side gives 0 everywhere and no table', () => {
    const none = new Float64Array(3);
    const some = Float64Array.of(1, 2, 3);
    for (const of of [jensenShannon, hellinger, totalVariation, linf, kullbackLeibler, psi]) {
      expect([of(none, some), of(some, none), of(none, none)]).toEqual([0, 0, 0]);
    }
    expect(contingencyTest(none, some)).toBeNull();
    expect(contingencyTest(Float64Array.of(3, 0), Float64Array.of(2, 0))).toBeNull();
  });
});

describe('Wasserstein distance of samples against scipy', () => {
  it.each(
    golden<{
      tag: string;
      u: number[];
      v: number[];
      u_weights?: number[];
      v_weights?: number[];
      w1: number;
      w1_over_std_u?: number;
    }>('wasserstein'),
  )('$tag', (c) => {
    const w1 = wassersteinOfSamples(Float64Array.from(c.u), Float64Array.from(c.v), {
      ...(c.u_weights === undefined ? {} : { u: Float64Array.from(c.u_weights) }),
      ...(c.v_weights === undefined ? {} : { v: Float64Array.from(c.v_weights) }),
    });
    expectClose(w1, c.w1);
    if (c.w1_over_std_u === undefined) return;
    const mean = c.u.reduce((a, b) => a + b, 0) / c.u.length;
    const std = Math.sqrt(c.u.reduce((a, b) => a + (b - mean) ** 2, 0) / c.u.length);
    expectClose(w1 / Math.max(std, 0.001), c.w1_over_std_u);
  });
});

describe('Benjamini-Hochberg against statsmodels', () => {
  it.each(golden<{ tag: string; p: number[]; bh: number[] }>('multiple-testing'))('$tag', (c) => {
    const adjusted = benjaminiHochberg(c.p.map((p) => Math.log(p)));
    adjusted.forEach((logP, i) => expectClose(Math.exp(logP), c.bh[i] as number));
    expect(adjusted).toHaveLength(c.bh.length);
  });

  it('of nothing is nothing, and keeps logs far below the doubles', () => {
    expect(benjaminiHochberg([])).toEqual([]);
    expect(benjaminiHochberg([-5000])).toEqual([-5000]);
    expect(benjaminiHochberg([-Infinity, 0])).toEqual([-Infinity, 0]);
  });
});
