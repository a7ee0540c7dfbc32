import { logNormalSf, normalIsf } from '../../src/core/statistic/special/normal.ts';

/** P(Z <= z). */
export function normalCdf(z: number): number {
  return Math.exp(logNormalSf(-z));
}

/** The z with P(Z <= z) = p. */
export function normalQuantile(p: number): number {
  return -normalIsf(Math.log(p));
}
