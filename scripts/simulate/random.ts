/**
 * Seeded random draws for the simulations: the same seed gives the same figures on every machine.
 */

/** Uniform on [0, 1) with 53 bits, by xoshiro128** (Blackman and Vigna 2018), seeded through splitmix32. */
export class Random {
  readonly #state = new Uint32Array(4);
  #spare = NaN;

  constructor(seed: number) {
    let mix = seed >>> 0;
    for (let i = 0; i < 4; i += 1) {
      mix = (mix + 0x9e3779b9) >>> 0;
      let z = mix;
      z = Math.imul(z ^ (z >>> 16), 0x21f0aaad);
      z = Math.imul(z ^ (z >>> 15), 0x735a2d97);
      this.#state[i] = z ^ (z >>> 15);
    }
  }

  uniform(): number {
    return ((this.#next() >>> 5) * 67_108_864 + (this.#next() >>> 6)) / 9_007_199_254_740_992;
  }

  /** Standard normal (Marsaglia's polar method). */
  normal(): number {
    if (!Number.isNaN(this.#spare)) {
      const spare = this.#spare;
      this.#spare = NaN;
      return spare;
    }
    for (;;) {
      const u = 2 * this.uniform() - 1;
      const v = 2 * this.uniform() - 1;
      const s = u * u + v * v;
      if (s >= 1 || s === 0) continue;
      const factor = Math.sqrt((-2 * Math.log(s)) / s);
      this.#spare = v * factor;
      return u * factor;
    }
  }

  /** Gamma with scale 1 and a shape of 1 or more (Marsaglia and Tsang 2000). */
  gamma(shape: number): number {
    const d = shape - 1 / 3;
    const c = 1 / Math.sqrt(9 * d);
    for (;;) {
      const x = this.normal();
      const v = (1 + c * x) ** 3;
      if (v > 0 && Math.log(1 - this.uniform()) < (x * x) / 2 + d - d * v + d * Math.log(v))
        return d * v;
    }
  }

  /** Successes in n trials; exact: inversion for few expected ones, else Hoermann's BTRS (1993). */
  binomial(n: number, p: number): number {
    if (n <= 0 || p <= 0) return 0;
    if (p >= 1) return n;
    if (p > 0.5) return n - this.binomial(n, 1 - p);
    return n * p < 10 ? this.#binomialByInversion(n, p) : this.#binomialByRejection(n, p);
  }

  /** Counts of n draws over cells with these probabilities, by conditional binomials. They sum to n. */
  multinomial(n: number, probabilities: Float64Array): Float64Array {
    const counts = new Float64Array(probabilities.length);
    let left = n;
    let mass = 0;
    for (const p of probabilities) mass += p;
    for (let i = 0; i < counts.length && left > 0; i += 1) {
      const p = probabilities[i] as number;
      const share = mass > p ? p / mass : 1;
      const drawn = i === counts.length - 1 ? left : this.binomial(left, share);
      counts[i] = drawn;
      left -= drawn;
      mass -= p;
    }
    return counts;
  }

  #next(): number {
    const s = this.#state;
    const [s0, s1, s2, s3] = [s[0] as number, s[1] as number, s[2] as number, s[3] as number];
    const product = Math.imul(s1, 5);
    const result = Math.imul((product << 7) | (product >>> 25), 9);
    const t2 = s2 ^ s0;
    const t3 = s3 ^ s1;
    s[0] = s0 ^ t3;
    s[1] = s1 ^ t2;
    s[2] = t2 ^ (s1 << 9);
    s[3] = (t3 << 11) | (t3 >>> 21);
    return result >>> 0;
  }

  #binomialByInversion(n: number, p: number): number {
    const odds = p / (1 - p);
    let probability = Math.exp(n * Math.log1p(-p));
    let u = this.uniform();
    let k = 0;
    while (u > probability && k < n) {
      u -= probability;
      probability *= (odds * (n - k)) / (k + 1);
      k += 1;
    }
    return k;
  }

  #binomialByRejection(n: number, p: number): number {
    const spread = Math.sqrt(n * p * (1 - p));
    const b = 1.15 + 2.53 * spread;
    const a = -0.0873 + 0.0248 * b + 0.01 * p;
    const centre = n * p + 0.5;
    const alpha = (2.83 + 5.1 / b) * spread;
    const mode = Math.floor((n + 1) * p);
    const logOdds = Math.log(p / (1 - p));
    for (;;) {
      const u = this.uniform() - 0.5;
      let v = this.uniform();
      const us = 0.5 - Math.abs(u);
      const k = Math.floor(((2 * a) / us + b) * u + centre);
      if (us >= 0.07 && v <= 0.92 - 4.2 / b) return k;
      if (k < 0 || k > n) continue;
      v = Math.log((v * alpha) / (a / (us * us) + b));
      const bound =
        stirlingRest(mode) +
        stirlingRest(n - mode) -
        stirlingRest(k) -
        stirlingRest(n - k) +
        logRatio(mode, n, k) +
        (k - mode) * logOdds;
      if (v <= bound) return k;
    }
  }
}

/** ln k! without its Stirling main term (k + 1/2) ln(k + 1) - (k + 1) + ln(2 pi)/2. */
function stirlingRest(k: number): number {
  if (k < STIRLING_REST.length) return STIRLING_REST[k] as number;
  const x = 1 / (k + 1);
  return x * (1 / 12 - x * x * (1 / 360 - (x * x) / 1260));
}

const STIRLING_REST = Array.from({ length: 10 }, (_, k) => {
  let logFactorial = 0;
  for (let i = 2; i <= k; i += 1) logFactorial += Math.log(i);
  return logFactorial - ((k + 0.5) * Math.log(k + 1) - (k + 1) + Math.log(2 * Math.PI) / 2);
});

/** The main terms of ln [mode! (n - mode)! / (k! (n - k)!)]. */
function logRatio(mode: number, n: number, k: number): number {
  return (
    (mode + 0.5) * Math.log((mode + 1) / (k + 1)) +
    (n - mode + 0.5) * Math.log((n - mode + 1) / (n - k + 1)) -
    (k - mode) * Math.log((k + 1) / (n - k + 1))
  );
}
