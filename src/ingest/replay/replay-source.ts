import { stat } from 'node:fs/promises';
import type { ReplayConfig } from '../../config/types.ts';
import type { PartitionKey, SourceRecord } from '../../core/domain/ingestion.ts';
import { createBackoff } from '../../platform/backoff.ts';
import { sleep } from '../../platform/clock.ts';
import { DriftdError, toError } from '../../platform/errors.ts';
import type { Log } from '../../platform/log.ts';
import type { ReaderHold } from '../../storage/ingest-store.ts';
import type { EventSource, RecordConsumer } from '../event-source.ts';
import { readWhileHeld } from '../holding/held-reading.ts';
import type { FileRecord } from './file-record.ts';
import { fileRecords } from './file-records.ts';

export const SOURCE_NAME = 'replay';
/** A line of a file has no time of its own, only what the event says. */
const NO_TIME = -1;
/** A batch ends with the first record that takes it there. */
const BATCH = { records: 500, bytes: 4 * 1024 * 1024 };
const PAUSE_POLL_MS = 10;
/** At the end of the file: how soon a seek is noticed. */
const END_POLL_MS = 100;
/** How long the file is shows when its end is read. */
const UNKNOWN_END = Number.MAX_SAFE_INTEGER;

/**
 * Replays a file of events as partition 0 of a topic: the offset is the record's number. Goes through the same pipeline,
 * custody and checkpoints as Kafka, and goes on from the stored position after a restart. One process of all reads; when
 * it goes, another takes over. A file that cannot be read on is tried again, and the source is silent meanwhile.
 */
export function createReplaySource(config: ReplayConfig, hold: ReaderHold, log: Log): EventSource {
  const stopped = new AbortController();
  let reading: Promise<void> = Promise.resolve();
  let failingSince: number | null = null;

  async function read(consumer: RecordConsumer, signal: AbortSignal): Promise<void> {
    const backoff = createBackoff({ baseMs: 500, capMs: 30_000 });
    let end = UNKNOWN_END;
    let [stored, furthest] = [-1, -1];
    let failures = 0;
    const readable = (): void => {
      failures = 0;
      failingSince = null;
    };
    while (!signal.aborted) {
      // A file that turns out to end before the position is claimed anew, with what is known now.
      const assignment = new Assignment(config, consumer, end);
      try {
        end = await assignment.read(signal, {
          begins(from) {
            // Somebody has set the position back. To look for the last record that was read is none of that.
            if (from < stored - 1) furthest = from;
            stored = from;
          },
          stored(to) {
            stored = to;
          },
          read(to) {
            if (to <= furthest) return;
            furthest = to;
            readable();
          },
          ended: readable,
        });
      } catch (thrown) {
        failures += 1;
        failingSince ??= performance.now();
        log.error({ err: toError(thrown), path: config.path }, 'the file cannot be read on');
        await sleep(backoff.delay(failures), signal);
      }
    }
    // Another process may have it now, and read it.
    readable();
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
          { cause: thrown },
        );
      }
      reading = readWhileHeld({ hold, log }, consumer, stopped.signal, (signal) =>
        read(consumer, signal),
      );
    },
    async stop() {
      stopped.abort();
      await reading;
    },
    get silentMs() {
      return failingSince === null ? 0 : performance.now() - failingSince;
    },
  };
}

/** How far the reading of a file comes. */
interface Progress {
  /** It is read from this offset on. */
  begins(from: number): void;
  /** What is before this offset is counted. */
  stored(to: number): void;
  /** Records up to this offset were passed over or handed over. */
  read(to: number): void;
  /** All of the file was read. */
  ended(): void;
}

/** One assignment of the file to the consumer: reads on from wherever that seeks to. */
class Assignment {
  private readonly key: PartitionKey;
  private readonly config: ReplayConfig;
  private readonly consumer: RecordConsumer;
  private readonly end: number;
  /** null: the consumer has not said yet. */
  private position: number | null = null;
  /** Raised by each seek. */
  private epoch = 0;
  private paused = false;
  private progress: Progress | null = null;

  /** @param end records of the file, when that is known */
  constructor(config: ReplayConfig, consumer: RecordConsumer, end: number) {
    this.key = { source: SOURCE_NAME, topic: config.name, partition: 0 };
    this.config = config;
    this.consumer = consumer;
    this.end = end;
    consumer.assigned([this.key], {
      isFile: true,
      seek: (_, offset) => {
        if (offset === this.position && !this.paused) return;
        this.position = offset;
        this.epoch += 1;
      },
      pause: () => {
        this.paused = true;
      },
      resume: () => {
        this.paused = false;
      },
      startOffsets: () => Promise.resolve(new Map([[0, 0]])),
      logRange: () => Promise.resolve({ start: 0, end }),
      committed: (_, offset) => {
        this.progress?.stored(offset);
      },
    });
  }

  /**
   * @param progress told how far it comes
   * @returns how many records the file has, once it is found to have none where they were sought; any number when the
   *   signal came
   * @throws DriftdError | Error when the file cannot be read
   */
  async read(signal: AbortSignal, progress: Progress): Promise<number> {
    this.progress = progress;
    while (!signal.aborted) {
      const { position, epoch } = this;
      if (position === null) {
        await sleep(PAUSE_POLL_MS, signal);
        continue;
      }
      progress.begins(position);
      const end = await this.readFrom(position, epoch, { signal, progress });
      if (end === null) continue;
      if (end <= position && this.end === UNKNOWN_END && position > 0) return end;
      this.consumer.logEnd(this.key, end);
      while (epoch === this.epoch && !signal.aborted) await sleep(END_POLL_MS, signal);
    }
    return UNKNOWN_END;
  }

  /** @returns the offset of the end; null when a seek or the signal came between */
  private async readFrom(
    position: number,
    epoch: number,
    { signal, progress }: { readonly signal: AbortSignal; readonly progress: Progress },
  ): Promise<number | null> {
    let offset = 0;
    let batch: SourceRecord[] = [];
    let bytes = 0;
    for await (const records of fileRecords(this.config, position)) {
      for (const record of records) {
        if (record !== null) {
          batch.push(sourceRecord(record, offset));
          bytes += record.value.length;
        }
        offset += 1;
        if (batch.length < BATCH.records && bytes < BATCH.bytes) continue;
        if (!(await this.deliver(batch, epoch, signal))) return null;
        progress.read(offset);
        [batch, bytes] = [[], 0];
      }
      if (epoch !== this.epoch || signal.aborted) return null;
    }
    if (!(await this.deliver(batch, epoch, signal))) return null;
    progress.read(offset);
    progress.ended();
    return offset;
  }

  /** @returns false when a seek or the signal came between */
  private async deliver(
    records: readonly SourceRecord[],
    epoch: number,
    signal: AbortSignal,
  ): Promise<boolean> {
    const [first] = records;
    if (first === undefined) return true;
    while (this.paused && epoch === this.epoch && !signal.aborted)
      await sleep(PAUSE_POLL_MS, signal);
    if (epoch !== this.epoch || signal.aborted) return false;
    const to = first.offset + records.length;
    this.position = to;
    const taken = this.consumer.batch({
      partition: this.key,
      from: first.offset,
      to,
      records,
      logEnd: null,
    });
    if (!taken) this.paused = true;
    // Lets timers and the worker run: a file is read much faster than it is counted.
    await sleep(0);
    return epoch === this.epoch;
  }
}

function sourceRecord({ value, fault }: FileRecord, offset: number): SourceRecord {
  return {
    offset,
    timestamp: NO_TIME,
    key: null,
    value,
    headers: new Map(),
    ...(fault === undefined ? {} : { fault }),
  };
}
