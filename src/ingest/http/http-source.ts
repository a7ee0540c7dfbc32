import type { PartitionKey, RecordBatch, SourceRecord } from '../../core/domain/ingestion.ts';
import { createBackoff } from '../../platform/backoff.ts';
import { sleep } from '../../platform/clock.ts';
import { toError } from '../../platform/errors.ts';
import type { Log } from '../../platform/log.ts';
import type { EventInbox, InboxRecord } from '../../storage/api/event-inbox.ts';
import type { EventSource, RecordConsumer } from '../event-source.ts';

export const SOURCE_NAME = 'http';
/** Posted events are one partition of a topic of this name. */
export const TOPIC = 'posted';

const KEY: PartitionKey = { source: SOURCE_NAME, topic: TOPIC, partition: 0 };
const BATCH_RECORDS = 1_000;
/** How soon new events, the end of a pause and the hold of another process are noticed. */
const POLL_MS = 100;
const HOLD_POLL_MS = 1_000;
const FORGET_EVERY_MS = 10_000;

/**
 * Counts what was posted, from the inbox, as a partition like any other: positions, custody and checkpoints are those of
 * Kafka. One process of all reads; when it goes, another takes over.
 */
export function createHttpSource(inbox: EventInbox, log: Log): EventSource {
  const stopped = new AbortController();
  let running: Promise<void> = Promise.resolve();

  async function run(consumer: RecordConsumer): Promise<void> {
    const backoff = createBackoff({ baseMs: 200, capMs: 10_000 });
    for (let failures = 0; !stopped.signal.aborted;) {
      try {
        const hold = await inbox.hold(stopped.signal);
        if (hold === null) {
          await sleep(HOLD_POLL_MS, stopped.signal);
          continue;
        }
        try {
          await read(consumer, AbortSignal.any([stopped.signal, hold.lost]));
          failures = 0;
        } finally {
          consumer.assigned([], noControl);
          await hold.release();
        }
      } catch (thrown) {
        failures += 1;
        log.warn({ err: toError(thrown) }, 'posted events cannot be read now');
        await sleep(backoff.delay(failures), stopped.signal);
      }
    }
  }

  async function read(consumer: RecordConsumer, signal: AbortSignal): Promise<void> {
    let position: number | null = null;
    let paused = false;
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
      logRange: () => inbox.range(),
      committed: () => undefined,
    });
    let forgotten = -Infinity;
    while (!signal.aborted) {
      if (performance.now() - forgotten > FORGET_EVERY_MS) {
        await inbox.forget();
        forgotten = performance.now();
      }
      const from: number | null = position;
      if (from === null || paused) {
        await sleep(POLL_MS, signal);
        continue;
      }
      const records = await inbox.read(from, BATCH_RECORDS);
      // A seek that came while it was read counts.
      if (position !== from) continue;
      const batch = batchOf(from, records);
      if (batch === null) {
        consumer.logEnd(KEY, (await inbox.range()).end);
        await sleep(POLL_MS, signal);
        continue;
      }
      position = batch.to;
      if (!consumer.batch(batch)) paused = true;
      await sleep(0);
    }
  }

  return {
    name: SOURCE_NAME,
    start(consumer) {
      running = run(consumer);
      return Promise.resolve();
    },
    async stop() {
      stopped.abort();
      await running;
    },
  };
}

const noControl = {
  seek: () => undefined,
  pause: () => undefined,
  resume: () => undefined,
  startOffsets: () => Promise.resolve(new Map<number, number>()),
  logRange: () => Promise.resolve({ start: 0, end: 0 }),
  committed: () => undefined,
};

function batchOf(from: number, rows: readonly InboxRecord[]): RecordBatch | null {
  const last = rows.at(-1);
  if (last === undefined) return null;
  const records = rows.map((row): SourceRecord => ({
    offset: row.position,
    timestamp: row.receivedAt,
    key: null,
    value: row.payload,
    headers: new Map(
      Object.entries(row.headers).map(([name, value]) => [name, Buffer.from(value)]),
    ),
  }));
  return { partition: KEY, from, to: last.position + 1, records, logEnd: null };
}
