import { sumOf } from './counts.ts';
import { logKolmogorovSf } from './special/kolmogorov.ts';
import { logAdd } from './special/log-space.ts';

/** What the fine bins of two histograms say about sup |F - G|, F live and G baseline. */
export interface KsInterval {
  /** Greatest difference at a bin edge: the statistic. Never above the exact D of the raw values. */
  readonly low: number;
  /** Certified: the exact D of the raw values is not above it. */
  readonly high: number;
  /** Index of the bin whose upper edge has the greatest difference; -1 without a difference. */
  readonly bin: number;
  /** 1: more live mass at or below that edge than in the baseline (values moved down); -1: less; 0: equal. */
  readonly sign: -1 | 0 | 1;
}

/**
 * The Kolmogorov-Smirnov statistic with its certified interval from two histograms under one binning (STATISTICS 2).
 * Inside a bin that is no atom the curves can part by no more than the mass that one of them has there.
 *
 * @param baseline @param live counts a bin; a side without counts gives 0 to 0
 * @param atoms 1 where a bin holds a single value: there is no inside
 */
export function ksInterval(
  baseline: Float64Array,
  live: Float64Array,
  atoms: Uint8Array,
): KsInterval {
  const m = sumOf(baseline);
  const n = sumOf(live);
  if (m === 0 || n === 0) return { low: 0, high: 0, bin: -1, sign: 0 };
  let cumulativeF = 0;
  let cumulativeG = 0;
  let before = 0;
  let low = 0;
  let high = 0;
  let bin = -1;
  let sign: -1 | 0 | 1 = 0;
  for (let i = 0; i < live.length; i += 1) {
    cumulativeF += live[i] as number;
    cumulativeG += baseline[i] as number;
    const d = i === live.length - 1 ? 0 : cumulativeG / m - cumulativeF / n;
    if (Math.abs(d) > low) {
      low = Math.abs(d);
      bin = i;
      sign = d < 0 ? 1 : -1;
    }
    if (atoms[i] !== 1) {
      const f = (baseline[i] as number) / m;
      const g = (live[i] as number) / n;
      high = Math.max(high, Math.min(d + g, before + f), Math.min(-d + f, -before + g));
    }
    before = d;
  }
  return { low, high: Math.min(1, Math.max(low, high)), bin, sign };
}

/** ln P(D >= d) in the limit of large samples: Q(sqrt(en) d), en = nm/(n+m), uncorrected (STATISTICS 3). */
export function ksLimitLogP(d: number, effective: number): number {
  return logKolmogorovSf(Math.sqrt(effective) * d);
}

/** ln of the DKW bound min(1, 2 exp(-2 en d^2)). */
export function ksDkwLogP(d: number, effective: number): number {
  return Math.min(0, Math.LN2 - 2 * effective * Math.max(0, d) ** 2);
}

/**
 * ln P(D_nm >= d) exactly, by the recursion over the lattice of Viehmann (2021) as in R's psmirnov: A(i, j), the chance
 * that a path from the origin to (i, j) has met the bound; every term is positive. O(nm) steps.
 *
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
  // In units of 1/(nm) both sides of the comparison are whole numbers; half a unit absorbs the rounding of d.
  const bound = Math.ceil(d * n * m - 0.5 - 1e-7 * d * n * m * Number.EPSILON);
  if (bound <= 0) return 0;
  const ends = pooled === null ? null : endFlags(pooled, n + m);
  const p = latticeP(bound, n, m, ends);
  return p > LEAST_PLAIN_P ? Math.min(0, Math.log(p)) : latticeLogP(bound, n, m, ends);
}

/** Below this the plain recursion runs out of doubles, and the same is done on logarithms (some ten times slower). */
const LEAST_PLAIN_P = 1e-280;

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

function latticeLogP(bound: number, n: number, m: number, ends: Uint8Array | null): number {
  const logs = Float64Array.from({ length: n + m + 1 }, (_, k) => Math.log(k));
  const row = new Float64Array(m + 2).fill(-Infinity);
  const band = new Band(bound, n, m);
  for (let k = 1; k <= n + m; k += 1) {
    band.step(k, ends === null || ends[k] === 1);
    const logK = logs[k] as number;
    for (let j = band.to; j >= band.from; j -= 1) {
      const up = k === j ? -Infinity : (logs[k - j] as number) + (row[j] as number);
      const left = j === 0 ? -Infinity : (logs[j] as number) + (row[j - 1] as number);
      row[j] = logAdd(up, left) - logK;
    }
    if (band.from > 0) row[band.from - 1] = 0;
    row[band.to + 1] = 0;
    if (band.from > band.to) return 0;
  }
  return Math.min(0, row[m] as number);
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

/** Cumulative pooled counts of two histograms: where the ties of binned data end. */
export function pooledEnds(baseline: Float64Array, live: Float64Array): Float64Array {
  let sum = 0;
  return baseline.map((count, i) => (sum += count + (live[i] as number)));
}
