import { describe, expect, it } from 'vitest';
import {
  chi2Isf,
  logChi2Cdf,
  logChi2Sf,
  logNoncentralChi2Sf,
} from '../../../../src/core/statistic/special/chi-square.ts';
import {
  kolmogorovCdf,
  kolmogorovIsf,
  logKolmogorovSf,
} from '../../../../src/core/statistic/special/kolmogorov.ts';
import { logNormalSf, normalIsf } from '../../../../src/core/statistic/special/normal.ts';
import { expectClose, golden } from './golden.ts';

interface SpecialCase {
  readonly fn: 'chi2_sf' | 'ncx2_sf' | 'norm_isf' | 'norm_sf' | 'chi2_isf';
  readonly x: number;
  readonly df: number;
  readonly nc: number;
  readonly p: number;
  readonly z: number;
  readonly value: number;
}

describe('special functions against mpmath and scipy', () => {
  it.each(golden<SpecialCase>('special-functions'))('$fn x=$x df=$df nc=$nc p=$p z=$z', (c) => {
    switch (c.fn) {
      case 'chi2_sf':
        return expectClose(Math.exp(logChi2Sf(c.x, c.df)), c.value);
      case 'ncx2_sf': {
        const p = Math.exp(logNoncentralChi2Sf(c.x, c.df, c.nc));
        if (c.nc > 1e5) return expect(Math.abs(p - c.value)).toBeLessThanOrEqual(1e-8);
        return expectClose(p, c.value);
      }
      case 'norm_sf':
        return expectClose(Math.exp(logNormalSf(c.z)), c.value);
      case 'norm_isf':
        if (c.value === 0) return expect(Math.abs(normalIsf(Math.log(c.p)))).toBeLessThan(1e-15);
        return expectClose(normalIsf(Math.log(c.p)), c.value);
      case 'chi2_isf':
        return expectClose(chi2Isf(Math.log(c.p), c.df), c.value, 1e-9);
    }
  });

  it.each(golden<{ x?: number; sf: number; cdf: number; p?: number; isf: number }>('kolmogorov'))(
    'kolmogorov x=$x p=$p',
    (c) => {
      if (c.x === undefined) {
        expectClose(kolmogorovIsf(Math.log(c.p as number)), c.isf);
        return expectClose(Math.exp(logKolmogorovSf(c.isf)), c.p as number);
      }
      expectClose(Math.exp(logKolmogorovSf(c.x)), c.sf);
      expectClose(kolmogorovCdf(c.x), c.cdf);
    },
  );
});

describe('special functions at their ends', () => {
  const degrees = [1, 2, 9, 99, 199, 1000, 5000];

  it.each(degrees)('chi-square with %d degrees: tails add to 1, fall, and invert', (df) => {
    let before = 0;
    for (const factor of [1e-12, 1e-3, 0.5, 0.9, 1, 1.1, 2, 10, 1e3, 1e6]) {
      const x = df * factor;
      const upper = logChi2Sf(x, df);
      expect(Number.isNaN(upper)).toBe(false);
      expect(upper).toBeLessThanOrEqual(before);
      before = upper;
      expectClose(Math.exp(upper) + Math.exp(logChi2Cdf(x, df)), 1, 1e-11);
    }
    for (const p of [1e-300, 1e-50, 1e-3, 0.3]) {
      const logP = Math.log(p);
      expectClose(logChi2Sf(chi2Isf(logP, df), df), logP, 1e-11);
    }
  });

  it('a chi-square with 2 degrees is exponential, far beyond the doubles', () => {
    for (const x of [0.001, 1, 700, 5e3, 1e6]) expectClose(logChi2Sf(x, 2), -x / 2, 1e-12);
  });

  it('the non-central tail at 1 degree is two normal tails', () => {
    for (const [x, nc] of [
      [9, 4],
      [100, 25],
      [2500, 2304],
      [1e4, 9801],
      [1, 36],
    ] as const) {
      const [r, s] = [Math.sqrt(x), Math.sqrt(nc)];
      const want = Math.exp(logNormalSf(r - s)) + Math.exp(logNormalSf(r + s));
      expectClose(Math.exp(logNoncentralChi2Sf(x, 1, nc)), want, 1e-10);
    }
  });

  it.each([0, 1e-300, 1e-9, 1, 1e3, 1e5, 1e6])('non-centrality %d: falls in x, never NaN', (nc) => {
    let before = 0;
    for (const x of [0, 1e-300, 1e-9, 1, 100, 1e4, 1e6, 1.01e6, 2e6]) {
      const logP = logNoncentralChi2Sf(x, 9, nc);
      expect(Number.isNaN(logP)).toBe(false);
      expect(logP).toBeLessThanOrEqual(before + 1e-9);
      before = logP;
    }
  });

  it('kolmogorov: the inverse inverts, from certain to beyond the doubles', () => {
    for (const logP of [-1e-12, -1e-3, -0.5, -Math.LN2, -0.7, -1, -5, -100, -5000])
      expectClose(logKolmogorovSf(kolmogorovIsf(logP)), logP, 1e-9);
    expect([kolmogorovIsf(0), kolmogorovIsf(-Infinity)]).toEqual([0, Infinity]);
  });

  it('kolmogorov: the two series meet at 1, and the far tail is 2 exp(-2x^2)', () => {
    expectClose(logKolmogorovSf(1 - 1e-15), logKolmogorovSf(1), 1e-12);
    expectClose(logKolmogorovSf(50), Math.LN2 - 5000, 1e-14);
    expect(logKolmogorovSf(0)).toBe(0);
    expect(logKolmogorovSf(-1)).toBe(0);
    expect(kolmogorovCdf(0.01)).toBe(0);
    expect(logKolmogorovSf(Infinity)).toBe(-Infinity);
  });
});
