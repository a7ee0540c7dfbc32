import type { PartitionKey, RecordBatch } from '../../../core/domain/ingestion.ts';
import { partitionName } from '../../../ingest/event-source.ts';
import type {
  EventSource,
  LogRange,
  RecordConsumer,
  SourceControl,
} from '../../../ingest/event-source.ts';
import { DriftdError } from '../../../platform/errors.ts';

/** Batches that wait to be read; beyond them the source pauses. */
const MAX_WAITING = 8;
/** Nothing came for so long, though there is more. */
const PATIENCE_MS = 60_000;

/**
 * Reads a slice of a topic once, in order within each partition, and keeps no position: nothing is committed, in the
 * database or at the brokers.
 * @param ranges by partition; what lies outside of them is left out
 * @throws DriftdError KAFKA_UNREACHABLE when nothing comes any more, and what the source throws
 */
export async function* readSlice(
  source: EventSource,
  ranges: ReadonlyMap<number, LogRange>,
): AsyncGenerator<RecordBatch> {
  const reader = new SliceReader(ranges);
  if (reader.done) return;
  try {
    await source.start(reader);
    yield* reader.batches();
  } finally {
    await source.stop();
  }
}

class SliceReader implements RecordConsumer {
  /** Where each partition goes on; partitions that are read to their end are not in it. */
  private readonly positions: Map<number, number>;
  private readonly ranges: ReadonlyMap<number, LogRange>;
  private readonly waiting: RecordBatch[] = [];
  private readonly paused = new Map<string, PartitionKey>();
  private control: SourceControl | null = null;
  private wake: () => void = () => undefined;

  constructor(ranges: ReadonlyMap<number, LogRange>) {
    this.ranges = ranges;
    this.positions = new Map(
      [...ranges].flatMap(([partition, { start, end }]) =>
        start < end ? [[partition, start] as const] : [],
      ),
    );
  }

  get done(): boolean {
    return this.positions.size === 0 && this.waiting.length === 0;
  }

  assigned(partitions: readonly PartitionKey[], control: SourceControl): void {
    this.control = control;
    this.paused.clear();
    for (const key of partitions) {
      const position = this.positions.get(key.partition);
      if (position === undefined) control.pause(key);
      else control.seek(key, position);
    }
  }

  unassigned(): void {
    this.control = null;
    this.paused.clear();
  }

  batch(batch: RecordBatch): boolean {
    const { partition } = batch;
    const position = this.positions.get(partition.partition);
    if (position === undefined) return false;
    if (batch.from !== position) {
      this.control?.seek(partition, position);
      return true;
    }
    if (this.waiting.length >= MAX_WAITING) {
      this.paused.set(partitionName(partition), partition);
      return false;
    }
    const end = this.ranges.get(partition.partition)?.end ?? 0;
    this.waiting.push({
      ...batch,
      records: [...batch.records].filter(({ offset }) => offset < end),
    });
    if (batch.to < end) this.positions.set(partition.partition, batch.to);
    else this.positions.delete(partition.partition);
    this.wake();
    return batch.to < end;
  }

  logEnd(): void {
    // The slice ends where it ends, whatever comes after.
  }

  async *batches(): AsyncGenerator<RecordBatch> {
    while (!this.done) {
      const next = this.waiting.shift();
      if (next === undefined) await this.more();
      else {
        this.goOn();
        yield next;
      }
    }
  }

  /** What was paused for want of room was not taken: it is asked for again. */
  private goOn(): void {
    if (this.waiting.length > MAX_WAITING / 2) return;
    for (const [name, key] of this.paused) {
      this.paused.delete(name);
      const position = this.positions.get(key.partition);
      if (position === undefined) continue;
      this.control?.seek(key, position);
      this.control?.resume(key);
    }
  }

  private async more(): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    await new Promise<void>((resolve, reject) => {
      this.wake = resolve;
      timer = setTimeout(() => {
        const text = `no record came for ${PATIENCE_MS / 1000} s, though there are more: look at the brokers, and ask again`;
        reject(new DriftdError('KAFKA_UNREACHABLE', text));
      }, PATIENCE_MS);
    });
    clearTimeout(timer);
  }
}
