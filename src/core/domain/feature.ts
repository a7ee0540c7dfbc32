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
}
