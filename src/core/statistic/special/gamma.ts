import { logGamma } from './log-gamma.ts';
import { logOneMinusExp } from './log-space.ts';

const EPSILON = 1e-17;
const MAX_STEPS = 100_000;

/** ln of x^a e^-x / Gamma(a + 1), the common factor of both expansions; for whole a the Poisson law's ln P(a), mean x. */
export function logGammaPrefactor(a: number, x: number): number {
  // For large a the three terms cancel to a small rest: expand around x = a.
  if (a > 100) {
    const d = (x - a) / a;
    const mu = logOnePlusMinus(d);
    return a * mu - 0.5 * Math.log(2 * Math.PI * a) - stirlingRest(a);
  }
  return a * Math.log(x) - x - logGamma(a + 1);
}

/** ln(1 + d) - d without cancellation near 0. */
function logOnePlusMinus(d: number): number {
  if (Math.abs(d) > 0.1) return Math.log1p(d) - d;
  let term = -d * d;
  let sum = term / 2;
  for (let k = 3; k < 60; k += 1) {
    term *= -d;
    const next = sum + term / k;
    if (next === sum) break;
    sum = next;
  }
  return sum;
}

/** ln Gamma(a + 1) - [(a + 1/2) ln a - a + ln(2 pi)/2]. */
function stirlingRest(a: number): number {
  const r = 1 / (a * a);
  return (1 / 12 - r * (1 / 360 - r * (1 / 1260 - r / 1680))) / a;
}

/**
 * ln Q(a, x), the logarithm of the regularised upper incomplete gamma function, a > 0, x >= 0.
 * Series for x < a + 1, Lentz's continued fraction above (Numerical Recipes 6.2; DLMF 8.7, 8.9).
 */
export function logGammaQ(a: number, x: number): number {
  if (!(x > 0)) return 0;
  if (x === Infinity) return -Infinity;
  if (x < a + 1) return logOneMinusExp(logSeries(a, x));
  return logContinuedFraction(a, x);
}

/** ln P(a, x) = ln(1 - Q). */
export function logGammaP(a: number, x: number): number {
  if (!(x > 0)) return -Infinity;
  if (x === Infinity) return 0;
  if (x < a + 1) return Math.min(0, logSeries(a, x));
  return logOneMinusExp(logContinuedFraction(a, x));
}

function logSeries(a: number, x: number): number {
  let term = 1;
  let sum = 1;
  for (let k = 1; k < MAX_STEPS; k += 1) {
    term *= x / (a + k);
    sum += term;
    if (term < sum * EPSILON) break;
  }
  return logGammaPrefactor(a, x) + Math.log(sum);
}

function logContinuedFraction(a: number, x: number): number {
  const tiny = 1e-300;
  let b = x + 1 - a;
  let c = 1 / tiny;
  let d = 1 / b;
  let h = d;
  for (let k = 1; k < MAX_STEPS; k += 1) {
    const an = -k * (k - a);
    b += 2;
    d = an * d + b;
    if (Math.abs(d) < tiny) d = tiny;
    c = b + an / c;
    if (Math.abs(c) < tiny) c = tiny;
    d = 1 / d;
    const delta = d * c;
    h *= delta;
    if (Math.abs(delta - 1) < 1e-16) break;
  }
  // The prefactor has Gamma(a + 1) = a Gamma(a) below it; the fraction wants Gamma(a).
  return logGammaPrefactor(a, x) + Math.log(a) + Math.log(h);
}
