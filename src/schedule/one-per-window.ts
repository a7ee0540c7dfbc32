import { TILE_MS, windowEndOf } from '../core/window/windows.ts';
import type { CronSchedule } from './cron-schedule.ts';

/**
 * A schedule without the ticks whose windows an earlier tick has judged already: windows end on multiples of 5 minutes,
 * so that of `* * * * *` only every fifth minute brings anything new.
 */
export function onePerWindow(schedule: CronSchedule): CronSchedule {
  function between(after: number, until: number, limit = Infinity): number[] {
    const kept: number[] = [];
    // From the beginning of the first slice: whether a tick is the first of its slice does not depend on `after`.
    let from = windowEndOf(after) - 1;
    while (kept.length < limit) {
      const [tick] = schedule.between(from, until, 1);
      if (tick === undefined) break;
      if (tick > after) kept.push(tick);
      from = windowEndOf(tick) + TILE_MS - 1;
    }
    return kept;
  }
  return {
    between,
    next(after) {
      let tick = schedule.next(windowEndOf(after) - 1);
      while (tick !== null && tick <= after) tick = schedule.next(windowEndOf(tick) + TILE_MS - 1);
      return tick;
    },
  };
}
