import { describe, expect, it } from 'vitest';
import { ksExactLogP } from '../../../../src/core/statistic/ks-lattice.ts';
import {
  ksDkwLogP,
  ksInterval,
  ksLimitLogP,
  pooledEnds,
} from '../../../../src/core/statistic/ks.ts';
import { expectClose, golden } from './golden.ts';

interface TwoSamples {
  readonly tag: string;
  readonly x: readonly number[];
  readonly y: readonly number[];
  readonly n: number;
  readonly m: number;
  readonly D: number;
  readonly D_location: number;
  readonly D_sign: number;
  readonly p_limit: number;
  readonly p_dkw: number;
  readonly p_exact?: number;
  readonly p_exact_ties?: number;
}

/** One bin a distinct value: the histogram's D is then the raw one. */
function countsOf(values: readonly number[], distinct: readonly number[]): Float64Array {
  const counts = new Float64Array(distinct.length + 1);
  for (const value of values) {
    const at = distinct.indexOf(value);
    counts[at] = (counts[at] as number) + 1;
  }
  return counts;
}

describe('two samples against scipy', () => {
  it.each(golden<TwoSamples>('ks-two-sample'))('$tag', (c) => {
    const distinct = [...new Set([...c.x, ...c.y])].sort((a, b) => a - b);
    const live = countsOf(c.x, distinct);
    const baseline = countsOf(c.y, distinct);
    const interval = ksInterval(baseline, live, new Uint8Array(live.length).fill(1));
    expectClose(interval.low, c.D);
    expectClose(interval.high, c.D);
    // Equal samples have no place of a greatest difference; the reference names the first value.
    if (c.D > 0) {
      expect(distinct[interval.bin]).toBe(c.D_location);
      expect(interval.sign).toBe(c.D_sign);
    } else expect(interval).toEqual({ low: 0, high: 0, bin: -1, sign: 0 });
    const effective = (c.n * c.m) / (c.n + c.m);
    expectClose(Math.exp(ksLimitLogP(interval.low, effective)), c.p_limit);
    expectClose(Math.exp(ksDkwLogP(interval.low, effective)), c.p_dkw);
    if (c.p_exact !== undefined) {
      expectClose(Math.exp(ksExactLogP(interval.low, c.n, c.m)), c.p_exact);
    }
    if (c.p_exact_ties !== undefined) {
      const ends = pooledEnds(baseline, live);
      expectClose(Math.exp(ksExactLogP(interval.low, c.n, c.m, ends)), c.p_exact_ties);
      // Who is baseline and who is live makes no difference.
      expectClose(Math.exp(ksExactLogP(interval.low, c.m, c.n, ends)), c.p_exact_ties);
    }
  });
});

interface LatticeCase {
  readonly n: number;
  readonly m: number;
  readonly T: number;
  readonly D: number;
  readonly p_exact: number;
  readonly p_limit: number;
}

describe('the exact lattice', () => {
  it.each(golden<LatticeCase>('ks-exact-lattice'))('n=$n m=$m T=$T', (c) => {
    expectClose(Math.exp(ksExactLogP(c.D, c.n, c.m)), c.p_exact);
    expectClose(Math.exp(ksExactLogP(c.T / (c.n * c.m), c.m, c.n)), c.p_exact);
    expectClose(Math.exp(ksLimitLogP(c.D, (c.n * c.m) / (c.n + c.m))), c.p_limit);
  });

  it('full separation has one path of C(n + m, n) on each side', () => {
    for (const n of [1, 2, 7, 40, 300, 1000]) {
      let logPaths = 0;
      for (let k = 1; k <= n; k += 1) logPaths += Math.log((n + k) / k);
      const want = Math.min(0, Math.LN2 - logPaths);
      expect(Math.abs(ksExactLogP(1, n, n) - want)).toBeLessThanOrEqual(1e-9 * Math.abs(want));
    }
  });

  it('of equal sizes is the alternating sum of paths, far below the doubles too', () => {
    // P(D >= k/n) = 2 sum (-1)^(i-1) C(2n, n - ik) / C(2n, n): Gnedenko and Korolyuk (1951), by reflection.
    for (const [n, k] of [
      [10, 4],
      [500, 40],
      [3000, 1500],
      [4000, 3999],
    ] as const) {
      const logRatio = (shift: number): number => {
        let sum = 0;
        for (let i = 0; i < shift; i += 1) sum += Math.log((n - i) / (n + shift - i));
        return sum;
      };
      let rest = 0;
      for (let i = 2; i * k <= n; i += 1)
        rest += (i % 2 === 0 ? -1 : 1) * Math.exp(logRatio(i * k) - logRatio(k));
      const want = Math.LN2 + logRatio(k) + Math.log1p(rest);
      const got = ksExactLogP(k / n, n, n);
      expect(Math.abs(got - want), `${String(n)}, ${String(k)}`).toBeLessThanOrEqual(
        1e-11 * Math.abs(want),
      );
    }
  });

  it('of a distance that the samples cannot have is that of the next one they can', () => {
    for (const [n, m] of [
      [10, 10],
      [7, 9],
      [12, 18],
    ] as const) {
      for (let d = 0.001; d < 1; d += 0.0313) {
        let next = 1;
        for (let i = 0; i <= n; i += 1)
          for (let j = 0; j <= m; j += 1) {
            const lattice = Math.abs(i / n - j / m);
            if (lattice >= d) next = Math.min(next, lattice);
          }
        expectClose(ksExactLogP(d, n, m), ksExactLogP(next, n, m));
      }
    }
    expectClose(ksExactLogP(0.301, 10, 10), ksExactLogP(0.4, 10, 10));
    expect(ksExactLogP(0.3, 10, 10)).toBeGreaterThan(ksExactLogP(0.4, 10, 10));
  });

  it('one value against many: P(D >= d) counts ranks', () => {
    // D of a single value of rank r among m + 1 is max(r - 1, m + 1 - r) / m.
    const m = 9;
    for (let T = 1; T <= m; T += 1) {
      let ranks = 0;
      for (let r = 1; r <= m + 1; r += 1) if (Math.max(r - 1, m + 1 - r) >= T) ranks += 1;
      expectClose(Math.exp(ksExactLogP(T / m, 1, m)), ranks / (m + 1));
    }
  });

  it('a single tied value can never part the samples', () => {
    expect(ksExactLogP(0.5, 5, 5, Float64Array.of(10))).toBe(-Infinity);
    expect(ksExactLogP(0, 5, 5, Float64Array.of(10))).toBe(0);
  });
});

describe('the certified interval', () => {
  const inside = new Uint8Array(3);

  it('bounds what may hide inside a bin', () => {
    // All mass in one bin: nothing is seen at the edges, everything may hide inside.
    const one = Float64Array.of(0, 10, 0);
    expect(ksInterval(one, one, inside)).toMatchObject({ low: 0, high: 1 });
    expect(ksInterval(one, one, Uint8Array.of(0, 1, 0))).toMatchObject({ low: 0, high: 0 });
  });

  it('of an empty side is 0 to 0', () => {
    const some = Float64Array.of(1, 2, 3);
    for (const [a, b] of [
      [some, new Float64Array(3)],
      [new Float64Array(3), some],
    ] as const) {
      expect(ksInterval(a, b, inside)).toEqual({ low: 0, high: 0, bin: -1, sign: 0 });
    }
  });

  it('does not underflow: ln p of a million against a million', () => {
    expectClose(ksLimitLogP(1, 5e5), Math.LN2 - 1e6, 1e-12);
    expectClose(ksDkwLogP(1, 5e5), Math.LN2 - 1e6, 1e-12);
  });
});
