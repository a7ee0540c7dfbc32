import { describe, expect, it } from 'vitest';
import { lineOf } from '../../../src/cli/alerts/alert.ts';
import type { AlertEntry } from '../../../src/storage/alert-desk.ts';

const ALERT: AlertEntry = {
  monitor: 'daily',
  model: 'fraud',
  feature: 'amount',
  segment: 'country=DE',
  state: 'firing',
  severity: 'critical',
  since: Date.UTC(2026, 10, 27),
  incident: 2,
  flaps: 1,
  acknowledgedBy: 'kim',
};

describe('an alert as a line', () => {
  it('tells the incident, how often it came again and who has taken it on', () => {
    expect(lineOf(ALERT)).toBe(
      'firing  critical  fraud (daily)  amount [country=DE] since 2026-11-27T00:00:00.000Z, incident 2, opened again 1 time within a week, taken on by kim\n',
    );
  });

  it('has no incident while it is pending', () => {
    expect(lineOf({ ...ALERT, state: 'pending', incident: 0, flaps: 0 })).not.toContain('incident');
  });
});
