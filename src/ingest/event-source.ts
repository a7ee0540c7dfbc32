import type { PartitionKey, RecordBatch } from '../core/domain/ingestion.ts';

/**
 * Where records come from. A source reads partitions in order and hands over batches; it never decides a position: that
 * is the consumer's, from Postgres.
 *
 * Contract
 * - `start` resolves once the source is reading (or has joined its group); it throws a DriftdError when it cannot.
 * - For every change of assignment the source calls `assigned` with the partitions it now reads and a control to steer
 *   them; whatever it told before is void. Batches of an earlier assignment may still arrive: the consumer drops them.
 * - `batch` never throws and returns at once: the consumer queues. It answers false when it wants nothing more of this
 *   partition for now: the source pauses it until `resume`.
 * - A batch covers [from, to) of the offsets and the next one starts at `to`, unless the consumer has called `seek`.
 * - `stop` resolves when no further call will come.
 */
export interface EventSource {
  readonly name: string;
  start(consumer: RecordConsumer): Promise<void>;
  stop(): Promise<void>;
}

/** Steers one assignment. Calls after the assignment has ended do nothing. */
export interface SourceControl {
  /** The next batch of this partition is to start at `offset`. */
  seek(partition: PartitionKey, offset: number): void;
  pause(partition: PartitionKey): void;
  resume(partition: PartitionKey): void;
  /** First offset of a partition that was never read, by the source's start policy. */
  startOffset(partition: PartitionKey): Promise<number>;
  /** A courtesy to lag tools: nothing depends on it. */
  committed(partition: PartitionKey, offset: number): void;
}

export interface RecordConsumer {
  assigned(partitions: readonly PartitionKey[], control: SourceControl): void;
  batch(batch: RecordBatch): boolean;
  /** The partition's log ends here (offset after the newest record), as looked up at about this moment. */
  logEnd(partition: PartitionKey, end: number): void;
}

export function partitionName(key: PartitionKey): string {
  return `${key.source}/${key.topic}/${key.partition}`;
}
