import { logChi2Sf } from './special/chi-square.ts';

/** A test of the 2 x B table of two samples; null p when there is nothing to compare. */
export interface ContingencyTest {
  readonly chi2: number;
  /** Log-likelihood-ratio statistic. */
  readonly g: number;
  readonly df: number;
  readonly logP: number;
  readonly logPG: number;
}

/**
 * Pearson's chi-square and the G statistic of two samples' counts, over the bins that are non-empty in either, without
 * Yates' correction.
 * @returns null when a side is empty or fewer than two bins are filled
 */
export function contingencyTest(
  baseline: Float64Array,
  live: Float64Array,
): ContingencyTest | null {
  let m = 0;
  let n = 0;
  for (const count of baseline) m += count;
  for (const count of live) n += count;
  if (m <= 0 || n <= 0) return null;
  let chi2 = 0;
  let g = 0;
  let filled = 0;
  for (let i = 0; i < baseline.length; i += 1) {
    const b = baseline[i] as number;
    const l = live[i] as number;
    const total = b + l;
    if (total <= 0) continue;
    filled += 1;
    const expectedB = (total * m) / (n + m);
    const expectedL = (total * n) / (n + m);
    chi2 += (b - expectedB) ** 2 / expectedB + (l - expectedL) ** 2 / expectedL;
    if (b > 0) g += 2 * b * Math.log(b / expectedB);
    if (l > 0) g += 2 * l * Math.log(l / expectedL);
  }
  if (filled < 2) return null;
  const df = filled - 1;
  return { chi2, g: Math.max(0, g), df, logP: logChi2Sf(chi2, df), logPG: logChi2Sf(g, df) };
}
