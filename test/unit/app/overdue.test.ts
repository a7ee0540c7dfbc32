import { describe, expect, it } from 'vitest';
import { overdueOf } from '../../../src/app/notify/overdue.ts';
import { parseConfig } from '../../support/parse-config.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const MONDAY = Date.UTC(2026, 0, 5);

const config = await parseConfig(`
models: [{ name: m, allowed_lateness: 1h }]
monitors:
  - { name: hourly, model: m, schedule: '0 * * * *', windows: [1h] }
  - { name: weekly, model: m, schedule: '0 6 * * 1', windows: [7d] }
  - { name: minutely, model: m, schedule: '* * * * *', windows: [1h] }
  - { name: replayed, model: m, schedule: '0 * * * *', windows: [1h], clock: event }
`);

describe('late ticks', () => {
  it('count once the windows of a tick can wait no longer', () => {
    const overdue = overdueOf(config);
    const at = (now: number): number => overdue('hourly', MONDAY, MONDAY + now);
    expect(at(2 * HOUR)).toBe(0);
    expect(at(2 * HOUR + MINUTE)).toBe(1);
    expect(at(3 * HOUR)).toBe(1);
    expect(at(3 * HOUR + MINUTE)).toBe(2);
    // Asked about an earlier time, or after an evaluation, it counts anew.
    expect(at(2 * HOUR + MINUTE)).toBe(1);
    expect(overdue('hourly', MONDAY + HOUR, MONDAY + 3 * HOUR + MINUTE)).toBe(1);
  });

  it('follow the schedule: a week without an evaluation is none for a weekly monitor', () => {
    const overdue = overdueOf(config);
    const ran = MONDAY + 6 * HOUR;
    expect(overdue('weekly', ran, ran + 6.9 * DAY)).toBe(0);
    expect(overdue('weekly', ran, ran + 7.1 * DAY)).toBe(1);
    expect(overdue('weekly', ran, ran + 14.1 * DAY)).toBe(2);
  });

  it('are one a window, and a hundred at most', () => {
    const overdue = overdueOf(config);
    expect(overdue('minutely', MONDAY, MONDAY + HOUR + 16 * MINUTE)).toBe(3);
    expect(overdue('minutely', MONDAY, MONDAY + 400 * DAY)).toBe(100);
  });

  it('are none where there is no clock to be late by', () => {
    expect(overdueOf(config)('replayed', MONDAY, MONDAY + DAY)).toBe(0);
  });
});
