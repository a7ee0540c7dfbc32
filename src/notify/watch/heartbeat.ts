import { systemClock } from '../../platform/clock.ts';
import type { Clock } from '../../platform/clock.ts';
import type { Log } from '../../platform/log.ts';
import { createPoster } from '../http/post.ts';

export interface HeartbeatOptions {
  readonly url: string;
  readonly intervalMs: number;
  readonly allowPrivate: boolean;
}

/**
 * A sign of life to a dead man's switch outside: GET, at most once an interval. It is given only after everything was
 * found in order, so that whoever waits for it learns of any fault that driftd could not tell itself.
 */
export function createHeartbeat(options: HeartbeatOptions, log: Log, clock: Clock = systemClock) {
  const poster = createPoster();
  let last = -Infinity;
  return {
    async beat(): Promise<void> {
      const now = clock.monotonic();
      if (now - last < options.intervalMs) return;
      last = now;
      const { url, allowPrivate } = options;
      const request = { url, allowPrivate, headers: {}, body: '', secrets: [url] };
      const outcome = await poster.post({ ...request, method: 'GET' });
      if (outcome.outcome !== 'sent') {
        last = -Infinity;
        log.warn({ error: outcome.error }, 'the heartbeat was not taken');
      }
    },
    close(): void {
      poster.close();
    },
  };
}
