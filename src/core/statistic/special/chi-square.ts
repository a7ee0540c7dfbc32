import { logGamma } from './log-gamma.ts';
import { logGammaP, logGammaQ } from './gamma.ts';
import { logAdd } from './log-space.ts';
import { normalIsf } from './normal.ts';

/** ln P(chi2(df) > x). */
export function logChi2Sf(x: number, df: number): number {
  return logGammaQ(df / 2, x / 2);
}

/**
 * ln P(chi2'(df, nc) > x): the non-central chi-square's upper tail, a Poisson(nc/2) mixture of central tails summed
 * outwards from its mode; all terms are positive. Central tails follow from one another by
 * Q(a + 1, y) = Q(a, y) + y^a e^-y / Gamma(a + 1).
 */
export function logNoncentralChi2Sf(x: number, df: number, nc: number): number {
  if (!(x > 0)) return 0;
  if (nc === 0) return logChi2Sf(x, df);
  const half = nc / 2;
  const y = x / 2;
  const mode = Math.floor(half);
  const a0 = df / 2;
  const logPoisson = (j: number): number => j * Math.log(half) - half - logGamma(j + 1);
  const logStep = (a: number): number => a * Math.log(y) - y - logGamma(a + 1);

  let total = -Infinity;
  let tail = logGammaQ(a0 + mode, y);
  for (let j = mode; ; j += 1) {
    const term = logPoisson(j) + tail;
    total = logAdd(total, term);
    // Tails grow towards 1, weights fall: behind the mode the rest is below weight * (j + 1) / (j + 1 - half).
    if (j > mode + 10 && logPoisson(j) < total - 40) break;
    tail = logAdd(tail, logStep(a0 + j));
    if (tail > 0) tail = 0;
  }
  // Downwards the recursion would subtract: each tail is taken afresh until it no longer counts.
  for (let j = mode - 1; j >= 0; j -= 1) {
    const term = logPoisson(j) + logGammaQ(a0 + j, y);
    total = logAdd(total, term);
    if (term < total - 40) break;
  }
  return Math.min(0, total);
}

/**
 * The x with P(chi2(df) > x) = e^logP. Wilson and Hilferty's approximation, then Newton steps on the log tail.
 */
export function chi2Isf(logP: number, df: number): number {
  if (logP >= 0) return 0;
  if (logP === -Infinity) return Infinity;
  const z = normalIsf(logP);
  const w = 1 - 2 / (9 * df) + z * Math.sqrt(2 / (9 * df));
  let x = w > 0 ? df * w ** 3 : df * 1e-3;
  const a = df / 2;
  let low = 0;
  let high = Infinity;
  for (let step = 0; step < 200; step += 1) {
    const f = logChi2Sf(x, df) - logP;
    if (f > 0) low = x;
    else high = x;
    const logDensity = (a - 1) * Math.log(x / 2) - x / 2 - logGamma(a) - Math.LN2;
    // d ln Q / dx = -density / Q
    let next = x + f * Math.exp(logChi2Sf(x, df) - logDensity);
    if (!(next > low && next < high)) next = high === Infinity ? x * 2 : (low + high) / 2;
    if (Math.abs(next - x) <= 1e-15 * x) return next;
    x = next;
  }
  return x;
}

/** ln P(chi2(df) <= x). */
export function logChi2Cdf(x: number, df: number): number {
  return logGammaP(df / 2, x / 2);
}
