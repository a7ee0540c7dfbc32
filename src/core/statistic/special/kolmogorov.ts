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

/**
 * The x with P(K > x) = e^logP: Newton steps on the logarithm of the smaller tail, halving where they leave the bracket.
 */
export function kolmogorovIsf(logP: number): number {
  if (logP >= 0) return 0;
  if (logP === -Infinity) return Infinity;
  const isUpper = logP <= -Math.LN2;
  const target = isUpper ? logP : Math.log(-Math.expm1(logP));
  const tail = (x: number): number => (isUpper ? logKolmogorovSf(x) : Math.log(kolmogorovCdf(x)));
  // Above the median sf is 2 exp(-2x^2) but for a thousandth; below it anything will do.
  let x = isUpper ? Math.sqrt((Math.LN2 - logP) / 2) : 0.6;
  let [low, high] = [0, isUpper ? x + 1 : 1];
  for (let step = 0; step < 200; step += 1) {
    const f = tail(x) - target;
    // The upper tail falls in x, the lower one rises.
    if (f > 0 === isUpper) low = x;
    else high = x;
    const slope = ((isUpper ? -1 : 1) * kolmogorovDensity(x)) / Math.exp(tail(x));
    let next = x - f / slope;
    if (!(next > low && next < high)) next = (low + high) / 2;
    if (Math.abs(next - x) <= 1e-15 * x) return next;
    x = next;
  }
  return x;
}

function kolmogorovDensity(x: number): number {
  let sum = 0;
  for (let k = 1; k < 100; k += 1) {
    const a = ((2 * k - 1) * Math.PI) ** 2 / 8;
    const term =
      x < 1
        ? Math.sqrt(2 * Math.PI) * Math.exp(-a / (x * x)) * ((2 * a) / x ** 4 - 1 / (x * x))
        : (k % 2 === 0 ? -8 : 8) * x * k * k * Math.exp(-2 * k * k * x * x);
    sum += term;
    if (Math.abs(term) < Math.abs(sum) * 1e-18) break;
  }
  return sum;
}
