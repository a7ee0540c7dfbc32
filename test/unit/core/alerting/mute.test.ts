import { describe, expect, it } from 'vitest';
import {
  formatMatcher,
  globMatches,
  matchersOf,
  muteOf,
  parseMatcher,
} from '../../../../src/core/alerting/mute.ts';
import type { AlertLabels, Matcher } from '../../../../src/core/alerting/mute.ts';

const LABELS: AlertLabels = {
  model: 'flights-late',
  monitor: 'flights-daily',
  owner: null,
  feature: 'temp',
  segment: 'origin=JFK',
  tier: 'critical',
  severity: 'warning',
};

function muted(...written: string[]): boolean {
  const matchers = written.map((text) => parseMatcher(text)) as Matcher[];
  expect(matchers).not.toContain(null);
  return muteOf([{ matchers, reason: 'x' }], LABELS) !== null;
}

describe('silences', () => {
  it.each<[string[], boolean]>([
    [['feature=temp'], true],
    [['feature=tem'], false],
    [['feature=temp', 'severity=critical'], false],
    [['feature=temp', 'severity=warning', 'tier=critical'], true],
    [['feature!=humid'], true],
    [['feature!=temp'], false],
    [['model=flights-*'], true],
    [['model!=flights-*'], false],
    [['model=*'], true],
    [['segment=origin=JFK'], true],
    [['segment=origin=*'], true],
    [['owner=team-a'], false],
    [['owner!=team-a'], true],
    [[], true],
  ])('%j: %j', (written, expected) => {
    expect(muted(...written)).toBe(expected);
  });

  it.each(['', 'temp', 'feature', 'feature=', 'color=red', 'feature~temp', '=temp'])(
    'reads no matcher from %j',
    (text) => {
      expect(parseMatcher(text)).toBe(null);
    },
  );

  it('prints a matcher as it was written', () => {
    for (const text of ['feature=temp', 'segment!=origin=*'])
      expect(formatMatcher(parseMatcher(text) as Matcher)).toBe(text);
  });

  it('takes a star in a file for a star', () => {
    const matchers = matchersOf({ feature: 'a*', model: null });
    expect(muteOf([{ matchers, reason: '' }], { ...LABELS, feature: 'ab' })).toBe(null);
    expect(muteOf([{ matchers, reason: '' }], { ...LABELS, feature: 'a*' })).not.toBe(null);
  });
});

describe('stars', () => {
  it.each<[string, string, boolean]>([
    ['a*c', 'abc', true],
    ['a*c', 'ac', true],
    ['a*c', 'ab', false],
    ['*a*', 'bab', true],
    ['a*b*c', 'aXbYc', true],
    ['a*b*c', 'aXcYb', false],
    ['ab*ba', 'aba', false],
    ['**', '', true],
    ['', '', true],
    ['', 'a', false],
  ])('%j against %j: %j', (pattern, text, expected) => {
    expect(globMatches(pattern, text)).toBe(expected);
  });

  it('have no pattern that is slow', () => {
    const text = `${'a'.repeat(5_000)}b`;
    expect(globMatches(`${'*a'.repeat(2_000)}*c`, text)).toBe(false);
  });
});
