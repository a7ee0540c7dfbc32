import type { Clock } from '../platform/clock.ts';

/** A token bucket: a burst of a minute's worth, refilled evenly. */
export interface RateLimit {
  /** How many may go now. */
  available(): number;
  take(count: number): void;
}

const MINUTE_MS = 60_000;

export function createRateLimit(perMinute: number, clock: Clock): RateLimit {
  let tokens = perMinute;
  let filledAt = clock.monotonic();
  const refill = (): void => {
    const now = clock.monotonic();
    tokens = Math.min(perMinute, tokens + ((now - filledAt) / MINUTE_MS) * perMinute);
    filledAt = now;
  };
  return {
    available() {
      refill();
      return Math.floor(tokens);
    },
    take(count) {
      refill();
      tokens -= count;
    },
  };
}
