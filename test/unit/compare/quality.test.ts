import { describe, expect, it } from 'vitest';
import { qualityMessages } from '../../../src/compare/quality.ts';
import type { AlertRoute } from '../../../src/core/alerting/routes.ts';
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
