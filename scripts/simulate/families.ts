import type { Random } from './random.ts';
import { normalCdf } from './normal-cdf.ts';

/** A law of one feature: its distribution function, and draws from it. */
export interface Family {
  readonly name: string;
  /** P(X <= x). */
  readonly cdf: (x: number) => number;
  /** P(X < x), where it differs: at atoms. */
  readonly below?: (x: number) => number;
  /** Share of whole numbers among the values below, at and above 0. */
  readonly wholeBelow: number;
  readonly wholeAbove: number;
  readonly draw: (random: Random) => number;
}

const T_FREEDOM = 1.5;
const ZEROS = 0.6;

export const NORMAL: Family = {
  name: 'normal',
  cdf: normalCdf,
  wholeBelow: 0,
  wholeAbove: 0,
  draw: (random) => random.normal(),
};

const LOGNORMAL: Family = {
  name: 'lognormal 1.5',
  cdf: (x) => (x <= 0 ? 0 : normalCdf(Math.log(x) / 1.5)),
  wholeBelow: 0,
  wholeAbove: 0,
  draw: (random) => Math.exp(1.5 * random.normal()),
};

const ZERO_INFLATED: Family = {
  name: 'zero-inflated 60 %',
  cdf: (x) => {
    if (x < 0) return 0;
    return ZEROS + (x === 0 ? 0 : (1 - ZEROS) * normalCdf(Math.log(x)));
  },
  below: (x) => {
    if (x <= 0) return 0;
    return ZEROS + (1 - ZEROS) * normalCdf(Math.log(x));
  },
  wholeBelow: 0,
  wholeAbove: 0,
  draw: (random) => (random.uniform() < ZEROS ? 0 : Math.exp(random.normal())),
};

const POISSON: Family = {
  name: 'Poisson 3',
  cdf: (x) => poissonCdf(Math.floor(x)),
  below: (x) => poissonCdf(Math.ceil(x) - 1),
  wholeBelow: 1,
  wholeAbove: 1,
  draw: (random) => {
    const u = random.uniform();
    let k = 0;
    while (poissonCdf(k) < u) k += 1;
    return k;
  },
};

const STUDENT: Family = {
  name: "Student's t 1.5",
  cdf: studentCdf,
  wholeBelow: 0,
  wholeAbove: 0,
  // Bailey (1994).
  draw: (random) => {
    for (;;) {
      const u = 2 * random.uniform() - 1;
      const v = 2 * random.uniform() - 1;
      const w = u * u + v * v;
      if (w > 1 || w === 0) continue;
      return u * Math.sqrt((T_FREEDOM * (w ** (-2 / T_FREEDOM) - 1)) / w);
    }
  },
};

const BIMODAL: Family = {
  name: 'bimodal',
  cdf: (x) => (normalCdf(x + 2) + normalCdf(x - 2)) / 2,
  wholeBelow: 0,
  wholeAbove: 0,
  draw: (random) => random.normal() + (random.uniform() < 0.5 ? -2 : 2),
};

/** The thirty features of the tables. */
export const THIRTY: readonly Family[] = [
  ...new Array<Family>(10).fill(NORMAL),
  ...new Array<Family>(6).fill(LOGNORMAL),
  ...new Array<Family>(4).fill(ZERO_INFLATED),
  ...new Array<Family>(4).fill(POISSON),
  ...new Array<Family>(3).fill(STUDENT),
  ...new Array<Family>(3).fill(BIMODAL),
];

const POISSON_CDF = ((): number[] => {
  const sums: number[] = [];
  let probability = Math.exp(-3);
  let sum = 0;
  for (let k = 0; k < 40; k += 1) {
    sum += probability;
    sums.push(Math.min(1, sum));
    probability *= 3 / (k + 1);
  }
  return sums;
})();

function poissonCdf(k: number): number {
  return k < 0 ? 0 : (POISSON_CDF[k] ?? 1);
}

/** P(T <= x) for 1.5 degrees of freedom, by the incomplete beta function's series in 1 / (1 + x^2 / df). */
function studentCdf(x: number): number {
  const a = T_FREEDOM / 2;
  const w = T_FREEDOM / (T_FREEDOM + x * x);
  // I_w(a, 1/2) = w^a / (a B(a, 1/2)) sum (1/2)_k / k! * a / (a + k) w^k; near w = 1 by the mirrored series.
  const tail = w <= 0.5 ? betaSeries(w, a, 0.5) : 1 - betaSeries(1 - w, 0.5, a);
  return x < 0 ? tail / 2 : 1 - tail / 2;
}

/** B(3/4, 1/2). */
const BETA = 2.396280469471184;

/** I_w(a, b) with {a, b} = {3/4, 1/2}: sum over k of (1 - b)_k / (k! (a + k)) w^(a + k) / B(a, b). */
function betaSeries(w: number, a: number, b: number): number {
  let factor = 1;
  let sum = 0;
  for (let k = 0; k < 200; k += 1) {
    const term = factor / (a + k);
    sum += term;
    if (term < sum * 1e-17) break;
    factor *= ((k + 1 - b) / (k + 1)) * w;
  }
  return (w ** a * sum) / BETA;
}
