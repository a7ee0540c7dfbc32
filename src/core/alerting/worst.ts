import type { Verdict } from '../domain/verdict.ts';
import type { FeatureResult } from '../evaluate/types.ts';

/**
 * Worst first. A window that compared something counts before one that could not (`couldJudge`): a feature whose short
 * window has too few values is as healthy as its long window says.
 */
const WORST_FIRST: readonly Verdict[] = [
  'drifted',
  'warning',
  'suspected',
  'stable',
  'insufficient',
  'not-comparable',
  'no-baseline',
  'no-data',
];

/** KS when the feature has one, else PSI: orders features of equal verdict. */
function effectOf(result: FeatureResult): number {
  let psi = 0;
  for (const statistic of result.statistics) {
    if (statistic.name === 'ks') return statistic.value;
    if (statistic.name === 'psi') psi = statistic.value;
  }
  return psi;
}

/** Negative when `a` is worse: by verdict, then by the size of the effect. */
export function compareWorst(a: FeatureResult, b: FeatureResult): number {
  const byVerdict = WORST_FIRST.indexOf(a.verdict) - WORST_FIRST.indexOf(b.verdict);
  return byVerdict === 0 ? effectOf(b) - effectOf(a) : byVerdict;
}

/** The worst of a feature's windows. @param verdicts one at least */
export function worstVerdict(verdicts: readonly Verdict[]): Verdict {
  return WORST_FIRST.find((verdict) => verdicts.includes(verdict)) ?? 'no-data';
}

/** A feature has one alert: its verdict is the worst of its windows. The results of each feature and segment, reduced to one. */
export function worstOfWindows(results: readonly FeatureResult[]): FeatureResult[] {
  const worst = new Map<string, FeatureResult>();
  for (const result of results) {
    const key = seriesKey(result.feature, result.segment);
    const known = worst.get(key);
    if (known === undefined || compareWorst(result, known) < 0) worst.set(key, result);
  }
  return [...worst.values()];
}

/** One text for a feature in a segment; neither can hold a NUL. */
export function seriesKey(feature: string, segment: string): string {
  return `${feature}\u0000${segment}`;
}
