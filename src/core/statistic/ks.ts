import { sumOf } from './counts.ts';
import { logKolmogorovSf } from './special/kolmogorov.ts';

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

/** Cumulative pooled counts of two histograms: where the ties of binned data end. */
export function pooledEnds(baseline: Float64Array, live: Float64Array): Float64Array {
  let sum = 0;
  return baseline.map((count, i) => (sum += count + (live[i] as number)));
}
