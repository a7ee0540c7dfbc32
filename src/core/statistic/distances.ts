import { sumOf } from './counts.ts';

/*
 * Distances of two discrete distributions given as counts on the same bins: live shares p, baseline shares q. A side
 * without counts gives 0.
 */

/** Adds up what each bin contributes; 0 when a side is empty. */
function sumOverShares(
  baseline: Float64Array,
  live: Float64Array,
  part: (p: number, q: number) => number,
): number {
  const [n, m] = [sumOf(live), sumOf(baseline)];
  if (!(n > 0 && m > 0)) return 0;
  let sum = 0;
  for (let i = 0; i < live.length; i += 1) {
    sum += part((live[i] as number) / n, (baseline[i] as number) / m);
  }
  return sum;
}

/**
 * Jensen-Shannon distance: the square root of the divergence, natural logarithms, 0 to sqrt(ln 2)
 * (Endres and Schindelin 2003; as scipy's `jensenshannon`). In base 2 it is this divided by sqrt(ln 2).
 */
export function jensenShannon(baseline: Float64Array, live: Float64Array): number {
  const sum = sumOverShares(baseline, live, (p, q) => {
    const middle = (p + q) / 2;
    return (p > 0 ? p * Math.log(p / middle) : 0) + (q > 0 ? q * Math.log(q / middle) : 0);
  });
  return Math.sqrt(Math.max(0, sum / 2));
}

/** Hellinger distance, 0 to 1: sqrt(1/2 sum (sqrt p - sqrt q)^2). */
export function hellinger(baseline: Float64Array, live: Float64Array): number {
  const sum = sumOverShares(baseline, live, (p, q) => (Math.sqrt(p) - Math.sqrt(q)) ** 2);
  return Math.min(1, Math.sqrt(sum / 2));
}

/** Total variation distance, 0 to 1: 1/2 sum |p - q|. */
export function totalVariation(baseline: Float64Array, live: Float64Array): number {
  return Math.min(1, sumOverShares(baseline, live, (p, q) => Math.abs(p - q)) / 2);
}

/** L-infinity, 0 to 1: the greatest |p - q| of a single bin. */
export function linf(baseline: Float64Array, live: Float64Array): number {
  let most = 0;
  sumOverShares(baseline, live, (p, q) => (most = Math.max(most, Math.abs(p - q))));
  return most;
}

/** Kullback-Leibler divergence of the live shares from the baseline's, sum p ln(p / q); Infinity where q = 0 < p. */
export function kullbackLeibler(baseline: Float64Array, live: Float64Array): number {
  return Math.max(
    0,
    sumOverShares(baseline, live, (p, q) => (p > 0 ? p * Math.log(p / q) : 0)),
  );
}
