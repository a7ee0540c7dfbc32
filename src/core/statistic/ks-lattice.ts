/**
 * ln P(D_nm >= d) exactly, by the recursion over the lattice of Viehmann (2021) as in R's psmirnov: A(i, j), the chance
 * that a path from the origin to (i, j) has met the bound; every term is positive. O(nm) steps.
 *
 * @param d any distance; of values that D cannot have the next one that it can
 * @param n @param m sample sizes, whole numbers of 1 or more
 * @param pooled cumulative pooled counts at which values end, ascending to n + m, when there are ties: the p-value is then
 * conditional on the ties (of binned data: the bins). null: no ties.
 */
export function ksExactLogP(
  d: number,
  n: number,
  m: number,
  pooled: Float64Array | null = null,
): number {
  // In units of 1/(nm) D is a whole number, and d one that a few divisions and a difference have rounded.
  const units = d * n * m;
  const bound = Math.ceil(units - Math.max(1e-7, ROUNDINGS * Number.EPSILON * units));
  if (bound <= 0) return 0;
  const ends = pooled === null ? null : endFlags(pooled, n + m);
  // Where even the bound of Dvoretzky, Kiefer and Wolfowitz is out of the doubles' reach the plain walk is in vain.
  const effective = (n * m) / (n + m);
  const p = 2 * effective * d * d > LEAST_PLAIN_LOG_P ? 0 : latticeP(bound, n, m, ends);
  return p > LEAST_PLAIN_P ? Math.min(0, Math.log(p)) : scaledLatticeLogP(bound, n, m, ends);
}

/** Roundings of a difference of two cumulative shares, and some to spare; far less than a unit. */
const ROUNDINGS = 8;

/** Below this the plain recursion loses digits to denormal numbers, and it is done again with exponents of its own. */
const LEAST_PLAIN_P = 1e-280;
const LEAST_PLAIN_LOG_P = 650;

/**
 * The lattice by its diagonals k = i + j: A(i, j) = i/k A(i - 1, j) + j/k A(i, j - 1). On a diagonal where a value ends,
 * everything at the bound or beyond is 1, so only the band between is walked; up to the next such diagonal the band
 * widens by one a step.
 */
function latticeP(bound: number, n: number, m: number, ends: Uint8Array | null): number {
  const row = new Float64Array(m + 2);
  const band = new Band(bound, n, m);
  for (let k = 1; k <= n + m; k += 1) {
    band.step(k, ends === null || ends[k] === 1);
    for (let j = band.to; j >= band.from; j -= 1) {
      const left = j === 0 ? 0 : (row[j - 1] as number);
      row[j] = ((k - j) * (row[j] as number) + j * left) / k;
    }
    // What lies just outside the band has met the bound for certain.
    if (band.from > 0) row[band.from - 1] = 1;
    row[band.to + 1] = 1;
    if (band.from > band.to) return 1;
  }
  return row[m] as number;
}

/** Numbers with an exponent of their own: value * 2^(EXPONENT * exponent). */
const EXPONENT = 512;
const STEP_UP = 2 ** EXPONENT;
const STEP_DOWN = 2 ** -EXPONENT;

/** As latticeP, on numbers that do not underflow: the same sums, each brought back above 2^-512 when it falls below. */
function scaledLatticeLogP(bound: number, n: number, m: number, ends: Uint8Array | null): number {
  const row = new Float64Array(m + 2);
  const exponents = new Int32Array(m + 2);
  const band = new Band(bound, n, m);
  for (let k = 1; k <= n + m; k += 1) {
    band.step(k, ends === null || ends[k] === 1);
    for (let j = band.to; j >= band.from; j -= 1) {
      let up = (k - j) * (row[j] as number);
      let left = j === 0 ? 0 : j * (row[j - 1] as number);
      let exponent = exponents[j] as number;
      const other = j === 0 ? exponent : (exponents[j - 1] as number);
      if (other !== exponent) {
        // The smaller one in the greater one's unit; two steps apart it is below the last digit.
        if (up === 0 || (left !== 0 && other > exponent)) {
          up = other - exponent === 1 ? up * STEP_DOWN : 0;
          exponent = other;
        } else left = exponent - other === 1 ? left * STEP_DOWN : 0;
      }
      let sum = (up + left) / k;
      if (sum < STEP_DOWN && sum > 0) {
        sum *= STEP_UP;
        exponent -= 1;
      }
      row[j] = sum;
      exponents[j] = exponent;
    }
    if (band.from > 0) {
      row[band.from - 1] = 1;
      exponents[band.from - 1] = 0;
    }
    row[band.to + 1] = 1;
    exponents[band.to + 1] = 0;
    if (band.from > band.to) return 0;
  }
  return Math.min(0, Math.log(row[m] as number) + (exponents[m] as number) * EXPONENT * Math.LN2);
}

/** The columns of a diagonal that a path may stand on without having met the bound for certain. */
class Band {
  from = 0;
  to = 0;
  readonly #bound: number;
  readonly #n: number;
  readonly #m: number;

  constructor(bound: number, n: number, m: number) {
    this.#bound = bound;
    this.#n = n;
    this.#m = m;
  }

  /** To diagonal k from the one before; `bounded`: a value ends there, the bound holds. */
  step(k: number, bounded: boolean): void {
    this.from = Math.max(this.from, k - this.#n);
    this.to = Math.min(this.to + 1, this.#m);
    if (!bounded) return;
    // |(k - j) m - j n| < bound
    while (this.from <= this.to && this.#difference(k, this.from) >= this.#bound) this.from += 1;
    while (this.from <= this.to && -this.#difference(k, this.to) >= this.#bound) this.to -= 1;
  }

  #difference(k: number, j: number): number {
    return (k - j) * this.#m - j * this.#n;
  }
}

function endFlags(pooled: Float64Array, total: number): Uint8Array {
  const flags = new Uint8Array(total + 1);
  for (const end of pooled) flags[end] = 1;
  flags[total] = 1;
  return flags;
}
