/** The result of judging one feature in one segment and window, and what alerts make of it. */

/** In the order of STATISTICS ruling 2: the first that applies wins. Total: there is always one. */
export const VERDICTS = [
  'not-comparable',
  'no-baseline',
  'no-data',
  'drifted',
  'warning',
  'insufficient',
  'suspected',
  'stable',
] as const;
export type Verdict = (typeof VERDICTS)[number];

/** The value of `driftd_feature_status` for each verdict. */
export const VERDICT_GAUGE: Readonly<Record<Verdict, number>> = {
  stable: 0,
  suspected: 1,
  warning: 2,
  drifted: 3,
  insufficient: -1,
  'no-data': -2,
  'no-baseline': -3,
  'not-comparable': -4,
};

export const SEVERITIES = ['warning', 'critical'] as const;
export type Severity = (typeof SEVERITIES)[number];

/** Does this verdict count as a firing evaluation for the alert state machine? */
export function isFiring(verdict: Verdict): boolean {
  return verdict === 'drifted' || verdict === 'warning';
}
