import { describe, expect, it } from 'vitest';
import { qualityMessages, troublesOf } from '../../../src/compare/quality.ts';
import type { AlertRoute } from '../../../src/core/alerting/routes.ts';
import { seriesKey } from '../../../src/core/alerting/worst.ts';
import { DEFAULT_POLICY } from '../../../src/core/evaluate/types.ts';
import type { FeatureResult } from '../../../src/core/evaluate/types.ts';
import type { QualityFault } from '../../../src/core/quality/faults.ts';
import type { QualityNotice } from '../../../src/core/quality/problems.ts';

const notice: QualityNotice = {
  problem: { check: 'volume-drop', about: '24h', streak: 2, since: 0, told: false },
  status: 'firing',
  fault: {
    check: 'volume-drop',
    feature: null,
    segment: 'all',
    window: '24h',
    value: 10,
    expected: 100,
  },
  since: 0,
};
const labels = {
  model: 'a',
  feature: '',
  segment: 'all',
  tier: 'standard',
  severity: 'warning',
} as const;
const receivers = ['of-a', 'of-b'].map((name) => ({
  name,
  targets: [{ channel: 'email', recipient: `${name}@example.com`, sendResolved: true }],
}));
const route = (receiver: string, match: Partial<AlertRoute['match']>): AlertRoute => ({
  receiver,
  match: { model: null, feature: null, tier: null, severity: null, ...match },
});

describe('what is wrong with the data of a model', () => {
  const told = (routes: readonly AlertRoute[]): string[] =>
    qualityMessages([notice], { name: 'daily', model: 'a', routes, receivers }, labels).map(
      ({ receiver }) => receiver,
    );

  it('is told along the routes of the model', () => {
    expect(told([route('of-b', { model: 'b' }), route('of-a', { model: 'a' })])).toEqual(['of-a']);
    expect(told([route('of-b', { severity: 'critical' }), route('of-a', {})])).toEqual(['of-a']);
    expect(told([route('of-b', { feature: 'temp' })])).toEqual([]);
  });

  it('is told to everyone where there are no routes', () => {
    expect(told([])).toEqual(['of-a', 'of-b']);
  });
});

describe('faults of the data of a feature', () => {
  const ks = (value: number) => ({
    name: 'ks' as const,
    value,
    low: value,
    high: value,
    logP: -90,
    logP0: -90,
    logPAdjusted: -88,
    logPDelta: null,
    fires: 'critical' as const,
  });
  const result = (missing: number, distance: number): FeatureResult => ({
    feature: 'temp',
    kind: 'numeric',
    role: 'input',
    tier: 'standard',
    segment: 'all',
    window: '24h',
    verdict: 'drifted',
    warmingUp: false,
    provenBelow: false,
    n: 1_000,
    m: 50_000,
    nEff: 1_000,
    mEff: 50_000,
    designEffect: 1,
    minimumDetectableEffect: 0.11,
    missing: { baseline: 0.01, live: missing },
    invalid: { baseline: 0, live: 0 },
    outOfRangeShare: 0.2,
    unseenShare: null,
    statistics: [ks(distance)],
    groups: null,
  });
  const fault = (check: QualityFault['check'], value: number, window = '24h'): QualityFault => ({
    check,
    feature: 'temp',
    segment: 'all',
    window,
    value,
    expected: 0.01,
  });
  const trouble = (faults: readonly QualityFault[], one: FeatureResult) =>
    troublesOf(faults, [one], () => DEFAULT_POLICY).get(seriesKey('temp', 'all'));

  it.each([
    ['mute drift that they can account for', 0.31, 0.3, 'data'],
    ['mute none that goes beyond it and the tolerance', 0.31, 0.36, 'drift'],
    ['mute none that is far beyond it', 0.13, 0.93, 'drift'],
  ])('%s', (_, missing, distance, cause) => {
    expect(trouble([fault('missing', missing)], result(missing, distance))).toMatchObject({
      cause,
    });
  });

  it('that only say how values differ mute nothing, and are told with the drift', () => {
    expect(trouble([fault('out-of-range', 0.2)], result(0.01, 0.15))).toEqual({
      cause: 'drift',
      faults: [{ check: 'out-of-range', value: 0.2, expected: 0.01 }],
    });
  });

  it('are told once, from the window where they are worst', () => {
    const faults = [fault('missing', 0.2), fault('missing', 0.5, '1h'), fault('invalid', 0.1)];
    expect(trouble(faults, result(0.5, 0.1))?.faults).toEqual([
      { check: 'missing', value: 0.5, expected: 0.01, window: '1h' },
      { check: 'invalid', value: 0.1, expected: 0.01 },
    ]);
  });
});
