import type {
  PartitionKey,
  RecordBatch,
  RecordList,
  SourceRecord,
} from '../../../core/domain/ingestion.ts';
import { partitionName } from '../../../ingest/event-source.ts';
import type {
  EventSource,
  LogRange,
  RecordConsumer,
  SourceControl,
} from '../../../ingest/event-source.ts';
import { batchBytes } from '../../../ingest/intake.ts';
import { DriftdError } from '../../../platform/errors.ts';

/** What waits to be read, beside what is read; beyond it the source pauses. A batch that is larger waits alone. */
const MAX_WAITING = { batches: 8, bytes: 16 * 1024 * 1024 } as const;
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

/** Those of a list that stand before an offset. They stay what they are in the list, bytes for example, until they are read. */
class RecordsBefore implements RecordList {
  private readonly end: number;
  private readonly records: RecordList;

  constructor(end: number, records: RecordList) {
    this.end = end;
    this.records = records;
  }

  get length(): number {
    let length = 0;
    for (const _ of this) length += 1;
    return length;
  }

  *[Symbol.iterator](): Generator<SourceRecord, void, undefined> {
    for (const record of this.records) {
      if (record.offset >= this.end) return;
      yield record;
    }
  }
}

class SliceReader implements RecordConsumer {
  /** Where each partition goes on; partitions that are read to their end are not in it. */
  private readonly positions: Map<number, number>;
  private readonly ranges: ReadonlyMap<number, LogRange>;
  private readonly waiting: { readonly batch: RecordBatch; readonly bytes: number }[] = [];
  private waitingBytes = 0;
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
    const bytes = batchBytes(batch);
    if (!this.hasRoom(bytes)) {
      this.paused.set(partitionName(partition), partition);
      return false;
    }
    const end = this.ranges.get(partition.partition)?.end ?? 0;
    const records = batch.to <= end ? batch.records : new RecordsBefore(end, batch.records);
    this.waiting.push({ batch: { ...batch, records }, bytes });
    this.waitingBytes += bytes;
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
        this.waitingBytes -= next.bytes;
        this.goOn();
        yield next.batch;
      }
    }
  }

  private hasRoom(bytes: number): boolean {
    if (this.waiting.length === 0) return true;
    return (
      this.waiting.length < MAX_WAITING.batches && this.waitingBytes + bytes <= MAX_WAITING.bytes
    );
  }

  /** What was paused for want of room was not taken: it is asked for again. */
  private goOn(): void {
    const { batches, bytes } = MAX_WAITING;
    if (this.waiting.length > batches / 2 || this.waitingBytes > bytes / 2) return;
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
