import { createRequire } from 'node:module';
import { systemClock } from '../../platform/clock.ts';

/** The queue of requests of one connection. */
interface RequestQueue {
  throttledUntil: number;
  throttleCheckTimeoutId: NodeJS.Timeout | null;
  readonly pending: readonly unknown[];
  checkPendingRequests(): void;
  scheduleCheckPendingRequests(): void;
}

const PENDING_CHECK_MS = 10;

/**
 * Takes away the timer by which each idle connection of kafkajs wakes every millisecond, and that Node warns of
 * (a negative timeout). A request that has to wait is looked at again when its wait is over, or another is answered.
 */
export function calmIdleConnections(): void {
  const load = createRequire(import.meta.url);
  const { prototype } = load('kafkajs/src/network/requestQueue') as { prototype: RequestQueue };
  prototype.scheduleCheckPendingRequests = function schedule(this: RequestQueue): void {
    if (this.throttleCheckTimeoutId !== null || this.pending.length === 0) return;
    const wait = Math.max(PENDING_CHECK_MS, this.throttledUntil - systemClock.now());
    this.throttleCheckTimeoutId = setTimeout(() => {
      this.throttleCheckTimeoutId = null;
      this.checkPendingRequests();
    }, wait);
  };
}
