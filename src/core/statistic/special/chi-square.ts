import { logGamma } from './log-gamma.ts';
import { logGammaP, logGammaPrefactor, logGammaQ } from './gamma.ts';
import { normalIsf } from './normal.ts';

/** ln P(chi2(df) > x). */
export function logChi2Sf(x: number, df: number): number {
  return logGammaQ(df / 2, x / 2);
}

/** Weights of the mixture below this part of the greatest one are left out. */
const LEAST_WEIGHT = 1e-20;
/** Sums are brought down by this factor before they leave the doubles. */
const GREATEST = 1e200;

/**
 * ln P(chi2'(df, nc) > x): the non-central chi-square's upper tail, a Poisson(nc/2) mixture of central tails. Summed
 * upwards from below the mode, where weights are too small to count, by w(j + 1) = w(j) nc/2 / (j + 1) and
 * Q(a + 1, y) = Q(a, y) + y^a e^-y / Gamma(a + 1): every term is positive, and one incomplete gamma function starts
 * them all. Some 20 sqrt(nc) steps.
 */
export function logNoncentralChi2Sf(x: number, df: number, nc: number): number {
  if (!(x > 0) || nc === Infinity) return 0;
  if (!(nc > 0) || x === Infinity) return logChi2Sf(x, df);
  const half = nc / 2;
  const y = x / 2;
  const mode = Math.floor(half);
  let weight = 1;
  let j = mode;
  while (j > 0 && weight > LEAST_WEIGHT) {
    weight *= j / half;
    j -= 1;
  }
  const a = df / 2;
  // Weighted tails and steps, in units of the first tail and of the mode's weight.
  const logFirst = logGammaQ(a + j, y);
  let logUnit = logFirst + (mode === 0 ? -half : logGammaPrefactor(mode, half));
  let term = weight;
  let step = weight * Math.exp(logGammaPrefactor(a + j, y) - logFirst);
  let total = 0;
  for (; ; j += 1) {
    total += term;
    const fall = half / (j + 1);
    const growth = fall * (1 + step / term);
    // When the tails' growth no longer makes up for the weights' fall, the rest is below a geometric series.
    if (growth < 1 && (term * growth) / (1 - growth) < total * 1e-17) break;
    term = (term + step) * fall;
    step *= (fall * y) / (a + j + 1);
    if (total > GREATEST) {
      term /= GREATEST;
      step /= GREATEST;
      total /= GREATEST;
      logUnit += Math.log(GREATEST);
    }
  }
  return Math.min(0, logUnit + Math.log(total));
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
