import type { Clock } from '../platform/clock.ts';

/** A sliding window: within any minute no more than so many. Of this process: each that sends has a limit of its own. */
export interface RateLimit {
  /** How many may go now. */
  available(): number;
  take(count: number): void;
}

const MINUTE_MS = 60_000;

export function createRateLimit(perMinute: number, clock: Clock): RateLimit {
  /** What went within the last minute, oldest first. */
  const gone: { readonly at: number; readonly count: number }[] = [];
  const forget = (now: number): void => {
    while (gone[0] !== undefined && now - gone[0].at >= MINUTE_MS) gone.shift();
  };
  return {
    available() {
      forget(clock.monotonic());
      return Math.max(0, perMinute - gone.reduce((sum, { count }) => sum + count, 0));
    },
    take(count) {
      if (count > 0) gone.push({ at: clock.monotonic(), count });
    },
  };
}
