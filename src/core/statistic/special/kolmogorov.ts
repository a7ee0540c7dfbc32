/**
 * ln P(K > x) for Kolmogorov's limit law. Two series (Smirnov 1948): the theta form below 1, the alternating one above.
 */
export function logKolmogorovSf(x: number): number {
  if (!(x > 0)) return 0;
  if (x < 1) return Math.log1p(-kolmogorovCdf(x));
  // 2 e^{-2x^2} (1 - e^{-6x^2} + e^{-16x^2} - ...): the bracket is summed apart, so that the tail never underflows.
  let bracket = 1;
  for (let k = 2; k < 100; k += 1) {
    const term = Math.exp(-2 * (k * k - 1) * x * x);
    bracket += k % 2 === 0 ? -term : term;
    if (term < 1e-18) break;
  }
  return Math.min(0, Math.LN2 - 2 * x * x + Math.log(bracket));
}

/** P(K <= x), without cancellation for small x. */
export function kolmogorovCdf(x: number): number {
  if (!(x > 0)) return 0;
  if (x >= 1) return -Math.expm1(logKolmogorovSf(x));
  const factor = (Math.PI * Math.PI) / (8 * x * x);
  let sum = 0;
  for (let k = 1; k < 100; k += 1) {
    const term = Math.exp(-(2 * k - 1) * (2 * k - 1) * factor);
    sum += term;
    if (term < sum * 1e-18) break;
  }
  return (Math.sqrt(2 * Math.PI) / x) * sum;
}
