import type { PartitionKey, RecordBatch } from '../core/domain/ingestion.ts';
import type { SourceControl } from './event-source.ts';

/** Queued beyond this, the partition is paused; below half of it, resumed. */
export interface IntakeLimits {
  readonly queueRecords: number;
  readonly queueBytes: number;
}

/** So many refused batches in a row, and the source cannot deliver what is asked for: the claim is made afresh. */
const REFUSALS = 8;

/**
 * The queue between a source and a partition's worker. Proves custody: each batch taken in starts where the one before
 * ended, so that the intervals tile the log without hole or overlap.
 */
export class Intake {
  private readonly key: PartitionKey;
  private readonly control: SourceControl;
  private readonly limits: IntakeLimits;
  private readonly queue: RecordBatch[] = [];
  private records = 0;
  private bytes = 0;
  private paused = false;
  private refusals = 0;
  /** Where the next batch must start; null: nothing is taken. */
  private expected: number | null = null;

  constructor(key: PartitionKey, control: SourceControl, limits: IntakeLimits) {
    this.key = key;
    this.control = control;
    this.limits = limits;
  }

  /** Reads from `position` on; what was queued before is forgotten. */
  open(position: number): void {
    this.close();
    this.expected = position;
    this.control.seek(this.key, position);
    this.resume();
  }

  /** Takes nothing more and forgets what is queued. */
  close(): void {
    this.expected = null;
    this.refusals = 0;
    this.queue.length = 0;
    this.records = 0;
    this.bytes = 0;
  }

  /** Takes nothing more; what is queued stays. */
  shut(): void {
    this.expected = null;
  }

  /** Takes a batch in; false: the source is to pause the partition. */
  offer(batch: RecordBatch): boolean {
    if (this.expected === null) {
      this.paused = true;
      return false;
    }
    if (batch.from !== this.expected) {
      this.refusals += 1;
      this.control.seek(this.key, this.expected);
      return true;
    }
    this.refusals = 0;
    this.expected = batch.to;
    this.queue.push(batch);
    this.records += batch.records.length;
    this.bytes += bytesOf(batch);
    if (this.records < this.limits.queueRecords && this.bytes < this.limits.queueBytes) return true;
    this.paused = true;
    return false;
  }

  take(): RecordBatch | undefined {
    const batch = this.queue.shift();
    if (batch === undefined) return undefined;
    this.records -= batch.records.length;
    this.bytes -= bytesOf(batch);
    const { queueRecords, queueBytes } = this.limits;
    const room = this.records < queueRecords / 2 && this.bytes < queueBytes / 2;
    if (this.paused && this.expected !== null && room) this.resume();
    return batch;
  }

  get empty(): boolean {
    return this.queue.length === 0;
  }

  /** The source keeps delivering from elsewhere: what is asked for may be gone. */
  get stuck(): boolean {
    return this.refusals >= REFUSALS;
  }

  private resume(): void {
    this.paused = false;
    this.control.resume(this.key);
  }
}

/** What a record takes besides its bytes. */
const RECORD_BYTES = 200;

function bytesOf(batch: RecordBatch): number {
  let bytes = batch.records.length * RECORD_BYTES;
  for (const { key, value } of batch.records) bytes += (key?.length ?? 0) + (value?.length ?? 0);
  return bytes;
}
