/** Arithmetic on natural logarithms of probabilities: nothing underflows where the truth is 1e-200. */

/** ln(1 - e^a) for a <= 0, without cancellation (Maechler 2012). */
export function logOneMinusExp(a: number): number {
  if (a >= 0) return -Infinity;
  return a > -Math.LN2 ? Math.log(-Math.expm1(a)) : Math.log1p(-Math.exp(a));
}
