import type { Clock } from './clock.ts';

/** How far the event loop is behind: a process that cannot run its timers does nothing else in time either. */
export interface EventLoopMonitor {
  /** The last delay of a timer, or how long the next one is overdue by now: ms. */
  lagMs(): number;
  start(): void;
  stop(): void;
}

const TICK_MS = 500;

export function createEventLoopMonitor(clock: Clock): EventLoopMonitor {
  let expected = clock.monotonic() + TICK_MS;
  let last = 0;
  let timer: NodeJS.Timeout | null = null;
  return {
    lagMs: () => (timer === null ? 0 : Math.max(last, clock.monotonic() - expected, 0)),
    start() {
      if (timer !== null) return;
      expected = clock.monotonic() + TICK_MS;
      timer = setInterval(() => {
        const now = clock.monotonic();
        last = Math.max(0, now - expected);
        expected = now + TICK_MS;
      }, TICK_MS);
      timer.unref();
    },
    stop() {
      if (timer !== null) clearInterval(timer);
      timer = null;
    },
  };
}
