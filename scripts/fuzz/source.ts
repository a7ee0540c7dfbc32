import type { PartitionKey } from '../../src/core/domain/ingestion.ts';
import { sleep } from '../../src/platform/clock.ts';
import type { EventSource } from '../../src/ingest/event-source.ts';
import { messageAt } from './messages.ts';

const BATCH = 500;
export const KEY: PartitionKey = { source: 'fuzz', topic: 'fuzz', partition: 0 };

/** A log of `messages` records that are made when they are read. */
export function createFuzzSource(seed: number, messages: number): EventSource {
  let position = 0;
  let paused = false;
  let stopped = false;
  let reading: Promise<void> = Promise.resolve();
  return {
    name: KEY.source,
    start(consumer) {
      consumer.assigned([KEY], {
        seek: (_, offset) => {
          position = offset;
        },
        pause: () => {
          paused = true;
        },
        resume: () => {
          paused = false;
        },
        startOffsets: () => Promise.resolve(new Map([[0, 0]])),
        logRange: () => Promise.resolve({ start: 0, end: messages }),
        committed: () => undefined,
      });
      reading = (async () => {
        while (!stopped) {
          if (paused || position >= messages) {
            await sleep(5);
            continue;
          }
          const from = position;
          const to = Math.min(messages, from + BATCH);
          position = to;
          const records = Array.from(
            { length: to - from },
            (_, i) => messageAt(seed, from + i).record,
          );
          if (!consumer.batch({ partition: KEY, from, to, records, logEnd: messages }))
            paused = true;
          await sleep(0);
        }
      })();
      return Promise.resolve();
    },
    async stop() {
      stopped = true;
      await reading;
    },
  };
}
