import type { FeatureTier } from '../domain/feature.ts';
import type { Severity } from '../domain/verdict.ts';

/** What a matcher can look at. */
export interface AlertLabels {
  readonly model: string;
  readonly monitor: string;
  readonly owner: string | null;
  readonly feature: string;
  readonly segment: string;
  readonly tier: FeatureTier;
  readonly severity: Severity;
}

export const LABEL_NAMES = [
  'model',
  'monitor',
  'owner',
  'feature',
  'segment',
  'tier',
  'severity',
] as const satisfies readonly (keyof AlertLabels)[];
export type LabelName = (typeof LABEL_NAMES)[number];

/** One condition on one label. JSON-safe: stored with a silence. */
export interface Matcher {
  readonly label: LabelName;
  readonly negated: boolean;
  readonly value: string;
  /** `*` in the value stands for any characters. */
  readonly glob: boolean;
}

/** Why alerts are not told for a while: a silence somebody set, or a maintenance window. All matchers must agree. */
export interface Mute {
  readonly matchers: readonly Matcher[];
  readonly reason: string;
}

/** The first mute that covers the alert; null: it may be told. */
export function muteOf(mutes: readonly Mute[], labels: AlertLabels): Mute | null {
  return mutes.find(({ matchers }) => matchers.every((matcher) => agrees(matcher, labels))) ?? null;
}

function agrees({ label, negated, value, glob }: Matcher, labels: AlertLabels): boolean {
  const actual = labels[label] ?? '';
  return (glob ? globMatches(value, actual) : value === actual) !== negated;
}

/**
 * Does the text follow the pattern, in which `*` stands for any characters? Time at most pattern × text: no pattern makes
 * it slow.
 */
export function globMatches(pattern: string, text: string): boolean {
  const [first = '', ...rest] = pattern.split('*');
  if (rest.length === 0) return pattern === text;
  if (!text.startsWith(first)) return false;
  const last = rest.pop() ?? '';
  let at = first.length;
  for (const part of rest) {
    const found = text.indexOf(part, at);
    if (found < 0) return false;
    at = found + part.length;
  }
  return text.length - last.length >= at && text.endsWith(last);
}

/** `feature=temp`, `segment!=all`, `model=flights-*`. null: this is no matcher. */
export function parseMatcher(text: string): Matcher | null {
  const parts = /^([a-z]+)(!?=)(.*)$/su.exec(text);
  const label = LABEL_NAMES.find((name) => name === parts?.[1]);
  const value = parts?.[3] ?? '';
  if (label === undefined || value === '') return null;
  return { label, negated: parts?.[2] === '!=', value, glob: value.includes('*') };
}

/** The matcher as it is written. */
export function formatMatcher({ label, negated, value }: Matcher): string {
  return `${label}${negated ? '!=' : '='}${value}`;
}

/** Matchers of what a file gives: each key that is there must be equal. */
export function matchersOf(given: Readonly<Partial<Record<LabelName, string | null>>>): Matcher[] {
  return LABEL_NAMES.flatMap((label) => {
    const value = given[label] ?? null;
    return value === null ? [] : [{ label, negated: false, value, glob: false }];
  });
}
