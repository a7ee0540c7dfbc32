import { logGammaQ } from './gamma.ts';

/** ln P(Z > z) for a standard normal Z. */
export function logNormalSf(z: number): number {
  const tail = logGammaQ(0.5, (z * z) / 2) - Math.LN2;
  return z >= 0 ? tail : Math.log1p(-Math.exp(tail));
}

/** The z with P(Z > z) = e^logP: a rational start (Abramowitz and Stegun 26.2.23), then Newton on the log tail. */
export function normalIsf(logP: number): number {
  if (logP === -Infinity) return Infinity;
  if (logP >= 0) return -Infinity;
  if (logP > -Math.LN2) return -normalIsf(Math.log(-Math.expm1(logP)));
  const t = Math.sqrt(-2 * logP);
  let z =
    t -
    (2.515517 + t * (0.802853 + t * 0.010328)) /
      (1 + t * (1.432788 + t * (0.189269 + t * 0.001308)));
  for (let step = 0; step < 50; step += 1) {
    const logSf = logNormalSf(z);
    const logDensity = (-z * z) / 2 - 0.9189385332046727418;
    const next = z + (logSf - logP) * Math.exp(logSf - logDensity);
    if (Math.abs(next - z) <= 1e-15 * Math.max(1, Math.abs(z))) return next;
    z = next;
  }
  return z;
}
