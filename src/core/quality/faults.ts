import { ALL_SEGMENT } from '../domain/feature.ts';
import type { FeatureResult } from '../evaluate/types.ts';
import { shareTest } from '../statistic/chernoff.ts';

/**
 * Checks of the data beside drift: is it there, is it complete, is it of the right kind?
 *
 * - `no-data`: a window without any event. `volume-drop`: far fewer events than at the same time of earlier days or weeks.
 * - `absent`: a feature that no event of the window has. `missing`, `invalid`, `unseen`: more missing values, values of the
 *   wrong type, new categories than in the baseline. `out-of-range`: values beyond the baseline's least and greatest.
 * - `unknown`: events bring features that the baseline does not know.
 */
export const QUALITY_CHECKS = [
  'no-data',
  'volume-drop',
  'absent',
  'missing',
  'invalid',
  'unseen',
  'out-of-range',
  'unknown',
] as const;
export type QualityCheck = (typeof QUALITY_CHECKS)[number];

/** Something that is wrong with the data of a window. */
export interface QualityFault {
  readonly check: QualityCheck;
  /** null: about the model's events as a whole. */
  readonly feature: string | null;
  readonly segment: string;
  /** null: about what came since the evaluation before. */
  readonly window: string | null;
  /** Share of values, or of events; `volume-drop`: events of the window. */
  readonly value: number;
  /** The same of the baseline, or of earlier windows; null: there is nothing to hold it against. */
  readonly expected: number | null;
}

/** Faults of the data itself: values are not there, or are not of their kind. The others say how the values differ. */
const BROKEN: readonly QualityCheck[] = ['absent', 'missing', 'invalid'];

/**
 * Do faults of the data account for what a feature's distribution shows? A share q of values that went missing or bad moves
 * the distribution of the others by q at most: F = (1 - q) F_seen + q F_gone, so |F_seen - F| = q |F_seen - F_gone| <= q.
 * What goes beyond q and the tolerated effect is drift, whatever became of those values.
 */
export function faultsExplain(
  faults: readonly QualityFault[],
  { missing, invalid, statistics }: FeatureResult,
  policy: {
    readonly delta: { readonly warning: number };
    readonly shareDelta: { readonly warning: number };
  },
): boolean {
  if (!faults.some(({ check }) => BROKEN.includes(check))) return false;
  const gone =
    Math.max(0, missing.live - missing.baseline) + Math.max(0, invalid.live - invalid.baseline);
  const beyond = (name: string, tolerated: number): boolean =>
    statistics.some(
      (one) => one.name === name && one.fires !== null && (one.low ?? one.value) - gone > tolerated,
    );
  return !beyond('ks', policy.delta.warning) && !beyond('linf', policy.shareDelta.warning);
}

/** A baseline feature that is this empty may be so in a window, too. */
const MOSTLY_MISSING = 0.5;
/** Gates of the decision that are about quality, by the check they stand for. */
const GATES = { missing: 'missing', invalid: 'invalid', unseen: 'unseen' } as const;

/**
 * What is wrong with one feature in one segment and window. Shares are judged as everywhere: by both gates of the decision;
 * values out of range by the same bound, where the baseline has none by definition.
 */
export function featureFaults(
  result: FeatureResult,
  policy: { readonly alpha: number; readonly shareDelta: { readonly warning: number } },
): QualityFault[] {
  const { feature, segment, window, verdict, missing, statistics } = result;
  if (verdict === 'no-data' || verdict === 'no-baseline' || verdict === 'not-comparable') return [];
  const fault = (check: QualityCheck, value: number, expected: number | null): QualityFault => ({
    check,
    feature,
    segment,
    window,
    value,
    expected,
  });
  if (missing.live === 1 && missing.baseline < MOSTLY_MISSING) {
    return [fault('absent', 1, missing.baseline)];
  }
  const live = {
    missing: missing.live,
    invalid: result.invalid.live,
    unseen: result.unseenShare ?? 0,
  };
  const before = { missing: missing.baseline, invalid: result.invalid.baseline, unseen: 0 };
  const faults = Object.entries(GATES).flatMap(([name, check]) => {
    const fires = statistics.some(
      (statistic) => statistic.name === name && statistic.fires !== null,
    );
    // Fewer missing values than before are a change, but no fault.
    return fires && live[check] > before[check] ? [fault(check, live[check], before[check])] : [];
  });
  const outside = result.outOfRangeShare ?? 0;
  if (beyond(result, outside, policy)) faults.push(fault('out-of-range', outside, 0));
  return faults;
}

function beyond(
  { nEff, mEff }: FeatureResult,
  share: number,
  { alpha, shareDelta }: Parameters<typeof featureFaults>[1],
): boolean {
  if (share <= shareDelta.warning) return false;
  const { logP0, logPDelta } = shareTest(0, mEff, share, nEff, shareDelta.warning);
  return logP0 < Math.log(alpha) && logPDelta < Math.log(alpha);
}

const DAY_MS = 86_400_000;
const WEEKS = 8;
const DAYS = 14;
/** Earlier windows from which their median says something. */
const MIN_WEEKS = 4;
const MIN_DAYS = 5;
/** Below so many expected events chance alone may halve them. */
const MIN_EXPECTED = 100;

/** The ends of the earlier windows that a window's volume is held against. */
export function volumeReferences(windowEnd: number): number[] {
  const weeks = Array.from({ length: WEEKS }, (_, i) => windowEnd - (i + 1) * 7 * DAY_MS);
  const days = Array.from({ length: DAYS }, (_, i) => windowEnd - (i + 1) * DAY_MS);
  return [...new Set([...weeks, ...days])].sort((a, b) => a - b);
}

/**
 * Far fewer events than the median of the same time of earlier weeks, or of earlier days while there are few weeks.
 * @param drop share of the events that may stay away; 0: the check is off
 * @param earlier events of earlier windows of the same length, by their ends
 */
export function volumeFault(
  window: string,
  windowEnd: number,
  events: number,
  earlier: ReadonlyMap<number, number>,
  drop: number,
): QualityFault | null {
  const about = { feature: null, segment: ALL_SEGMENT, window, value: events };
  const expected = expectedVolume(windowEnd, earlier);
  if (events === 0) return { check: 'no-data', ...about, expected };
  if (drop === 0 || expected === null || expected < MIN_EXPECTED) return null;
  return events < (1 - drop) * expected ? { check: 'volume-drop', ...about, expected } : null;
}

function expectedVolume(windowEnd: number, earlier: ReadonlyMap<number, number>): number | null {
  const back = (step: number, count: number): number[] =>
    Array.from({ length: count }, (_, i) => earlier.get(windowEnd - (i + 1) * step)).filter(
      (events) => events !== undefined,
    );
  const weeks = back(7 * DAY_MS, WEEKS);
  if (weeks.length >= MIN_WEEKS) return median(weeks);
  const days = back(DAY_MS, DAYS);
  return days.length >= MIN_DAYS ? median(days) : null;
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const half = Math.floor(sorted.length / 2);
  const upper = sorted[half] ?? 0;
  return sorted.length % 2 === 1 ? upper : ((sorted[half - 1] ?? 0) + upper) / 2;
}

/** Share of the events with a feature the baseline does not know, from which it is worth a word. */
const MIN_UNKNOWN = 0.01;

/** Events since the evaluation before, and those of them with features that nobody counts. Both are sums since ever. */
export interface CountedSoFar {
  readonly events: number;
  readonly unknown: number;
}

export function unknownFault(before: CountedSoFar | null, now: CountedSoFar): QualityFault | null {
  const events = now.events - (before?.events ?? 0);
  const unknown = now.unknown - (before?.unknown ?? 0);
  const share = events > 0 ? unknown / events : 0;
  if (share < MIN_UNKNOWN) return null;
  return {
    check: 'unknown',
    feature: null,
    segment: ALL_SEGMENT,
    window: null,
    value: share,
    expected: 0,
  };
}
