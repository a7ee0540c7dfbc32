import { describe, expect, it } from 'vitest';

import { windowEndOf } from '../../../src/core/window/windows.ts';
import { createCronSchedule } from '../../../src/schedule/cron-schedule.ts';
import { onePerWindow } from '../../../src/schedule/one-per-window.ts';

const MINUTE = 60_000;
const NOON = Date.UTC(2024, 4, 1, 12);
const of = (expression: string) => onePerWindow(createCronSchedule(expression, 'UTC'));
const minutes = (ticks: readonly number[]): number[] => ticks.map((tick) => (tick - NOON) / MINUTE);

describe('one tick a window', () => {
  it('of every minute leaves every fifth', () => {
    expect(minutes(of('* * * * *').between(NOON - 1, NOON + 14 * MINUTE))).toEqual([0, 5, 10]);
  });

  it('keeps the first of several ticks, whatever the question begins with', () => {
    const schedule = of('2,3,9,11 * * * *');
    expect(minutes(schedule.between(NOON, NOON + 60 * MINUTE))).toEqual([2, 9, 11]);
    expect(minutes(schedule.between(NOON + 2 * MINUTE, NOON + 60 * MINUTE))).toEqual([9, 11]);
    expect(minutes(schedule.between(NOON + 1 * MINUTE, NOON + 60 * MINUTE, 1))).toEqual([2]);
    expect(minutes([schedule.next(NOON + 2 * MINUTE) ?? NaN])).toEqual([9]);
    expect(minutes([schedule.next(NOON + 1 * MINUTE) ?? NaN])).toEqual([2]);
  });

  it('leaves a schedule alone that is coarser than that', () => {
    const plain = createCronSchedule('*/15 6-9 * * 1-5', 'Europe/Vienna');
    const schedule = onePerWindow(plain);
    const until = NOON + 14 * 24 * 60 * MINUTE;
    expect(schedule.between(NOON, until)).toEqual(plain.between(NOON, until));
    expect(schedule.next(NOON)).toBe(plain.next(NOON));
  });

  it('asked in any pieces, no window comes twice', () => {
    const schedule = of('* * * * *');
    const whole = schedule.between(NOON, NOON + 120 * MINUTE);
    for (const step of [1, 3, 7]) {
      const pieces: number[] = [];
      for (let at = NOON; at < NOON + 120 * MINUTE; at += step * MINUTE) {
        pieces.push(...schedule.between(at, Math.min(at + step * MINUTE, NOON + 120 * MINUTE)));
      }
      expect(pieces).toEqual(whole);
    }
    expect(new Set(whole.map(windowEndOf)).size).toBe(whole.length);
  });

  it('a schedule that never comes stays so', () => {
    const never = onePerWindow({ between: () => [], next: () => null });
    expect(never.next(NOON)).toBeNull();
    expect(never.between(NOON, NOON + MINUTE)).toEqual([]);
  });
});
