import type { PartitionKey, RecordBatch, SourceRecord } from '../../core/domain/ingestion.ts';
import { sleep } from '../../platform/clock.ts';
import type { Log } from '../../platform/log.ts';
import type { EventInbox, InboxRecord } from '../../storage/api/event-inbox.ts';
import type { ReaderHold } from '../../storage/ingest-store.ts';
import type { EventSource, RecordConsumer } from '../event-source.ts';
import { readWhileHeld } from '../holding/held-reading.ts';

export const SOURCE_NAME = 'http';
/** Posted events are one partition of a topic of this name. */
export const TOPIC = 'posted';

const KEY: PartitionKey = { source: SOURCE_NAME, topic: TOPIC, partition: 0 };
/** What is read at once; payloads come as text of twice their size. */
const BATCH = { events: 1_000, bytes: 4 * 1024 * 1024 };
/** How soon new events and the end of a pause are noticed. */
const POLL_MS = 100;
const FORGET_EVERY_MS = 10_000;

/**
 * Counts what was posted, from the inbox, as a partition like any other: positions, custody and checkpoints are those of
 * Kafka. One process of all reads; when it goes, another takes over.
 */
export function createHttpSource(inbox: EventInbox, hold: ReaderHold, log: Log): EventSource {
  const stopped = new AbortController();
  let running: Promise<void> = Promise.resolve();

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
      const records = await inbox.read(from, BATCH);
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
      running = readWhileHeld({ hold, log }, consumer, stopped.signal, (signal) =>
        read(consumer, signal),
      );
      return Promise.resolve();
    },
    async stop() {
      stopped.abort();
      await running;
    },
  };
}

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
