import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { PartitionKey, SourceRecord } from '../../src/core/domain/ingestion.ts';
import { sleep } from '../../src/platform/clock.ts';
import type { EventSource } from '../../src/ingest/event-source.ts';
import type { Wanted } from './producer.ts';

const BATCH = 500;
export const KEY: PartitionKey = { source: 'fuzz', topic: 'fuzz', partition: 0 };
const PRODUCER = fileURLToPath(new URL('producer.ts', import.meta.url));

/** A log of `messages` records that another process makes when they are read. */
export function createFuzzSource(seed: number, messages: number): EventSource {
  const producer = fork(PRODUCER, [], { serialization: 'advanced', execArgv: [] });
  let position = 0;
  let paused = false;
  let stopped = false;
  let reading: Promise<void> = Promise.resolve();

  async function recordsOf(wanted: Omit<Wanted, 'seed'>): Promise<readonly SourceRecord[]> {
    const answer = once(producer, 'message');
    producer.send({ seed, ...wanted });
    const [records] = (await answer) as [readonly SourceRecord[]];
    return records;
  }

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
          const records = await recordsOf({ from, to });
          // A seek that came while they were made counts.
          if (position !== from) continue;
          position = to;
          if (!consumer.batch({ partition: KEY, from, to, records, logEnd: messages }))
            paused = true;
        }
      })();
      return Promise.resolve();
    },
    async stop() {
      stopped = true;
      await reading;
      producer.kill();
    },
  };
}
