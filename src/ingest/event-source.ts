import type { PartitionKey, RecordBatch } from '../core/domain/ingestion.ts';

/**
 * Where records come from. A source reads partitions in order and hands over batches; it never decides a position: that
 * is the consumer's, from Postgres.
 *
 * Who calls what, and when
 * - The pipeline calls `start` once. It resolves when the source is reading or has joined its group; it rejects with a
 *   DriftdError, within a bounded time, when the source cannot be reached or has not what the configuration names.
 * - For every change of assignment the source calls `assigned` with all partitions that it now reads and a control to
 *   steer them. With that the earlier assignment is void: the consumer forgets its uncommitted work, calls of the old
 *   control do nothing, and late batches of the old assignment fail custody.
 * - When it has lost all of them and does not know yet what comes (the client crashed, the group was left), the source
 *   calls `unassigned`: the earlier assignment is void, and nothing is read until the next `assigned`.
 * - After `assigned` the consumer looks up the stored position of each partition and calls `seek`. Batches that come
 *   earlier are refused.
 * - The source calls `batch` with batches in order. `batch` never throws and returns at once: the consumer queues. It
 *   answers false when it wants nothing more of this partition for now: the source pauses it until `resume`.
 * - A batch covers [from, to) of the offsets, records or not (control records, aborted and compacted-away ones have
 *   offsets too), and the next one starts at `to`, unless the consumer has called `seek`. The consumer checks this
 *   ("custody") and seeks back where it does not hold; a seek may be answered late, after batches that were under way.
 * - The pipeline calls `stop` once. It resolves when no further call will come.
 *
 * What goes wrong after `start` is the source's to repair: it reconnects, rejoins, rebuilds, and calls `assigned` again.
 */
export interface EventSource {
  readonly name: string;
  /**
   * The log is at a server: what was told of it holds only for a while, and while nothing comes it may be made anew. Left
   * out: the last word about the log holds.
   */
  readonly remote?: boolean;
  start(consumer: RecordConsumer): Promise<void>;
  stop(): Promise<void>;
  /** For how long it has not answered, or cannot be read: ms. Left out by a source that cannot be away. */
  readonly silentMs?: number;
}

/** Steers one assignment. Calls after the assignment has ended do nothing. */
export interface SourceControl {
  /** The log is a file: people are told of that, and not of a topic. */
  readonly isFile?: boolean;
  /** The next batch of this partition is to start at `offset`. */
  seek(partition: PartitionKey, offset: number): void;
  pause(partition: PartitionKey): void;
  resume(partition: PartitionKey): void;
  /**
   * Where partitions of the topic start by the source's policy (earliest, latest, a time): one offset for each partition
   * that there is. Asked when nothing is stored about the topic.
   */
  startOffsets(topic: string): Promise<ReadonlyMap<number, number>>;
  /** What the log of the partition holds: offsets in [start, end). */
  logRange(partition: PartitionKey): Promise<LogRange>;
  /**
   * May the topic lose single records to compaction? null: cannot be told. Left out by sources that keep all records or
   * none.
   */
  compacts?(topic: string): Promise<boolean | null>;
  /** A courtesy to lag tools: nothing depends on it. */
  committed(partition: PartitionKey, offset: number): void;
}

export interface LogRange {
  readonly start: number;
  readonly end: number;
}

export interface RecordConsumer {
  assigned(partitions: readonly PartitionKey[], control: SourceControl): void;
  unassigned(): void;
  batch(batch: RecordBatch): boolean;
  /**
   * The partition's log holds offsets from `start` (when that is known) up to `end`, as looked up between the call before
   * this one and now.
   */
  logEnd(partition: PartitionKey, end: number, start?: number): void;
}

export function partitionName(key: PartitionKey): string {
  return `${key.source}/${key.topic}/${key.partition}`;
}
