import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import { createGunzip } from 'node:zlib';
import type { ReplayConfig } from '../../config/types.ts';
import type { PartitionKey, RecordBatch, SourceRecord } from '../../core/domain/ingestion.ts';
import { sleep } from '../../platform/clock.ts';
import { DriftdError, toError } from '../../platform/errors.ts';
import type { Log } from '../../platform/log.ts';
import type { EventSource, RecordConsumer } from '../event-source.ts';
import { eventLines } from './event-lines.ts';

export const SOURCE_NAME = 'replay';
/** A line of a file has no time of its own, only what the event says. */
const NO_TIME = -1;
const BATCH_RECORDS = 500;
const PAUSE_POLL_MS = 10;
/** At the end of the file: how soon a seek is noticed. */
const END_POLL_MS = 100;

/**
 * Replays a file of events as partition 0 of a topic: the offset is the record's number. Goes through the same pipeline,
 * custody and checkpoints as Kafka, and goes on from the stored position after a restart.
 */
export function createReplaySource(config: ReplayConfig, log: Log): EventSource {
  const key: PartitionKey = { source: SOURCE_NAME, topic: config.name, partition: 0 };
  const stopped = new AbortController();
  let position = 0;
  let epoch = 0;
  let paused = false;
  let reading: Promise<void> = Promise.resolve();

  async function read(consumer: RecordConsumer): Promise<void> {
    while (!stopped.signal.aborted) {
      const at = epoch;
      const end = await readFrom(consumer, at);
      if (end === null || stopped.signal.aborted) continue;
      consumer.logEnd(key, end);
      while (at === epoch && !stopped.signal.aborted) await sleep(END_POLL_MS, stopped.signal);
    }
  }

  /** Reads on from `position` until the end or a seek. @returns the offset of the end; null when a seek came between */
  async function readFrom(consumer: RecordConsumer, at: number): Promise<number | null> {
    let offset = 0;
    let batch: SourceRecord[] = [];
    const deliver = async (): Promise<boolean> => {
      if (batch.length === 0) return true;
      while (paused && at === epoch && !stopped.signal.aborted)
        await sleep(PAUSE_POLL_MS, stopped.signal);
      if (at !== epoch || stopped.signal.aborted) return false;
      const from = batch[0]?.offset ?? 0;
      const whole: RecordBatch = {
        partition: key,
        from,
        to: from + batch.length,
        records: batch,
        logEnd: null,
      };
      position = whole.to;
      batch = [];
      if (!consumer.batch(whole)) paused = true;
      // Lets timers and the worker run: a file is read much faster than it is counted.
      await sleep(0);
      return at === epoch;
    };
    for await (const line of eventLines(linesOf(config.path), config)) {
      if (at !== epoch || stopped.signal.aborted) return null;
      if (offset >= position) {
        batch.push({
          offset,
          timestamp: NO_TIME,
          key: null,
          value: Buffer.from(line),
          headers: new Map(),
        });
        if (batch.length >= BATCH_RECORDS && !(await deliver())) return null;
      }
      offset += 1;
    }
    return (await deliver()) ? offset : null;
  }

  return {
    name: SOURCE_NAME,
    async start(consumer) {
      try {
        await stat(config.path);
      } catch (thrown) {
        throw new DriftdError(
          'INPUT_UNREADABLE',
          `replay.path ${config.path} cannot be read: ${toError(thrown).message}`,
          {
            cause: thrown,
          },
        );
      }
      consumer.assigned([key], {
        seek: (_, offset) => {
          if (offset === position && !paused) return;
          position = offset;
          epoch += 1;
        },
        pause: () => {
          paused = true;
        },
        resume: () => {
          paused = false;
        },
        startOffsets: () => Promise.resolve(new Map([[0, 0]])),
        // How long the file is shows when its end is read.
        logRange: () => Promise.resolve({ start: 0, end: Number.MAX_SAFE_INTEGER }),
        committed: () => undefined,
      });
      reading = read(consumer).catch((thrown: unknown) => {
        log.error({ err: toError(thrown) }, 'replaying the file failed');
      });
    },
    async stop() {
      stopped.abort();
      await reading;
    },
  };
}

function linesOf(path: string): AsyncIterable<string> {
  const bytes = createReadStream(path);
  const input = path.endsWith('.gz') ? bytes.pipe(createGunzip()) : bytes;
  return createInterface({ input, crlfDelay: Infinity });
}
