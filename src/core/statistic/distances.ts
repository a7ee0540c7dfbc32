import { sumOf } from './counts.ts';

/** Distances of two discrete distributions given as counts on the same bins. A side without counts gives 0. */

/**
 * Jensen-Shannon distance: the square root of the divergence, natural logarithms, 0 to sqrt(ln 2)
 * (Endres and Schindelin 2003; as scipy's `jensenshannon`). In base 2 it is this divided by sqrt(ln 2).
 */
export function jensenShannon(baseline: Float64Array, live: Float64Array): number {
  let sum = 0;
  const [n, m] = [sumOf(live), sumOf(baseline)];
  if (!(n > 0 && m > 0)) return 0;
  for (let i = 0; i < live.length; i += 1) {
    const p = (live[i] as number) / n;
    const q = (baseline[i] as number) / m;
    const middle = (p + q) / 2;
    if (p > 0) sum += p * Math.log(p / middle);
    if (q > 0) sum += q * Math.log(q / middle);
  }
  return Math.sqrt(Math.max(0, sum / 2));
}

/** Hellinger distance, 0 to 1: sqrt(1/2 sum (sqrt p - sqrt q)^2). */
export function hellinger(baseline: Float64Array, live: Float64Array): number {
  let sum = 0;
  const [n, m] = [sumOf(live), sumOf(baseline)];
  if (!(n > 0 && m > 0)) return 0;
  for (let i = 0; i < live.length; i += 1) {
    const p = (live[i] as number) / n;
    const q = (baseline[i] as number) / m;
    sum += (Math.sqrt(p) - Math.sqrt(q)) ** 2;
  }
  return Math.min(1, Math.sqrt(sum / 2));
}

/** Total variation distance, 0 to 1: 1/2 sum |p - q|. */
export function totalVariation(baseline: Float64Array, live: Float64Array): number {
  let sum = 0;
  const [n, m] = [sumOf(live), sumOf(baseline)];
  if (!(n > 0 && m > 0)) return 0;
  for (let i = 0; i < live.length; i += 1) {
    const p = (live[i] as number) / n;
    const q = (baseline[i] as number) / m;
    sum += Math.abs(p - q);
  }
  return Math.min(1, sum / 2);
}

/** L-infinity, 0 to 1: the greatest |p - q| of a single bin. */
export function linf(baseline: Float64Array, live: Float64Array): number {
  let most = 0;
  const [n, m] = [sumOf(live), sumOf(baseline)];
  if (!(n > 0 && m > 0)) return 0;
  for (let i = 0; i < live.length; i += 1) {
    const p = (live[i] as number) / n;
    const q = (baseline[i] as number) / m;
    most = Math.max(most, Math.abs(p - q));
  }
  return most;
}

/** Kullback-Leibler divergence of the live shares from the baseline's, sum p ln(p / q); Infinity where q = 0 < p. */
export function kullbackLeibler(baseline: Float64Array, live: Float64Array): number {
  let sum = 0;
  const [n, m] = [sumOf(live), sumOf(baseline)];
  if (!(n > 0 && m > 0)) return 0;
  for (let i = 0; i < live.length; i += 1) {
    const p = (live[i] as number) / n;
    const q = (baseline[i] as number) / m;
    if (p > 0) sum += p * Math.log(p / q);
  }
  return Math.max(0, sum);
}
