/**
 * What is watched: a model's named values.
 *
 * - Model: what made the events.
 * - Feature: a named value that is watched.
 * - Segment: a slice of the events by one declared attribute's value (`country=DE`); "all" is one too.
 */

export const FEATURE_KINDS = ['numeric', 'categorical', 'boolean'] as const;
export type FeatureKind = (typeof FEATURE_KINDS)[number];

export const FEATURE_ROLES = ['input', 'prediction', 'label'] as const;
export type FeatureRole = (typeof FEATURE_ROLES)[number];

export const FEATURE_TIERS = ['critical', 'standard', 'ignore'] as const;
export type FeatureTier = (typeof FEATURE_TIERS)[number];

/** Categories of a feature that are told apart (STATISTICS 5); of those declared, at most so many. */
export const TRACKED_CATEGORIES = 64;

/** The segment that holds every event. */
export const ALL_SEGMENT = 'all';

/** One watched feature as the accumulator and the evaluator know it. */
export interface Feature {
  readonly id: number;
  readonly name: string;
  readonly kind: FeatureKind;
  readonly role: FeatureRole;
  readonly tier: FeatureTier;
  /** What its numbers are, as people write it (`°F`); null or absent: nobody says. */
  readonly unit?: string | null;
}

/** Characters of a unit at most. */
export const MAX_UNIT = 32;
/** Of a unit: no control characters, no spaces at its ends. */
export const UNIT_PATTERN =
  // eslint-disable-next-line no-control-regex
  /^[^\s\u0000-\u001f\u007f-\u009f](?:[^\u0000-\u001f\u007f-\u009f]*[^\s\u0000-\u001f\u007f-\u009f])?$/;

/** A number with its unit, for people. */
export function withUnit(text: string, unit: string | null | undefined): string {
  return unit === null || unit === undefined ? text : `${text} ${unit}`;
}
