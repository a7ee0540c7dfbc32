/** Exponential back-off with full jitter: a herd of retries spreads out by itself. */
export interface Backoff {
  /** Delay in ms before attempt `attempt` (0-based): uniform in [0, min(cap, base * 2^attempt)], at least `floor`. */
  delay(attempt: number): number;
}

export interface BackoffOptions {
  readonly baseMs: number;
  readonly capMs: number;
  readonly floorMs?: number;
  /** Uniform in [0, 1). */
  readonly random?: () => number;
}

export function createBackoff(options: BackoffOptions): Backoff {
  const { baseMs, capMs, floorMs = 0, random = Math.random } = options;
  return {
    delay(attempt) {
      const ceiling = Math.min(capMs, baseMs * 2 ** Math.min(attempt, 40));
      return Math.max(floorMs, Math.floor(random() * ceiling));
    },
  };
}
