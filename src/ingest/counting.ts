import type { EventFrame } from '../core/domain/event-frame.ts';
import type { PartitionKey, RejectedRecord, Rejection } from '../core/domain/ingestion.ts';
import type { SchemaSource } from './decoder.ts';
import type { Anchor } from './anchor.ts';
import type { LogRange } from './event-source.ts';

/** What became of a checkpoint (see storage/ingest-store.ts). */
export type CheckpointOutcome = 'committed' | 'fenced' | 'unknown' | 'retry';

/** One claimed partition as the pipeline counts it; made by the accumulate stage, wired in app/. */
export interface PartitionCounting {
  /** The stored next offset at the time of the claim, and behind each commit. */
  readonly position: number;
  /** Why the partition must not be read; null when it may. */
  readonly halted: string | null;
  /** What the log holds at this offset if it is the log that was read; null: nothing is known, or it is deleted. */
  readonly anchor: Anchor | null;
  readonly pendingRecords: number;
  /** Memory is short: a checkpoint now lets some of it go. */
  readonly full: boolean;
  /** Models with events in this partition so far, of earlier owners too. */
  models(): readonly number[];
  /** Why this event must not be counted, whatever is in it; null: it may. */
  judge(frame: EventFrame, recordTime: number): Rejection | null;
  /** Counts an event that `judge` let pass, unless it is too late or has been counted before. */
  count(frame: EventFrame): 'counted' | 'too-late' | 'duplicate';
  /** An event of a record that was counted brought a feature of this name, which nobody counts. */
  unknownName(frame: EventFrame, name: string): void;
  recordCounted(): void;
  recordTooLate(): void;
  recordDuplicate(): void;
  /** @param records that it stands for: those at the offsets before it could not be told apart */
  recordRejected(record: RejectedRecord, rejection: Rejection, records: number): void;
  recordSkipped(): void;
  /** The model's watermark in this partition: newest event time less the allowed lateness; null before the first event. */
  watermark(modelId: number): number | null;
  /**
   * Makes everything before `nextOffset` durable (an error with `committed`: but for names of unknown features); after `retry` it may be called again, after the others but committed
   * the counting is dead.
   * @param anchor the last record before `nextOffset`; null when there was none since the last checkpoint
   */
  checkpoint(
    nextOffset: number,
    anchor: Anchor | null,
  ): Promise<{ readonly outcome: CheckpointOutcome; readonly error: Error | null }>;
  /** Everything there was has been read by now. @returns false when the claim is no longer ours */
  caughtUp(): Promise<boolean>;
  /** Nobody reads the partition any more until a person has looked. @returns false when the claim is no longer ours */
  halt(reason: string): Promise<boolean>;
  /** The counting is used no more. */
  release(): void;
}

/** What a claim asks about the partition's log. */
export interface PartitionLog {
  /** Where the partitions of the topic start by the source's policy. */
  startOffsets(): Promise<ReadonlyMap<number, number>>;
  range(): Promise<LogRange>;
  /** Is it a file? Else a topic. */
  readonly isFile?: boolean;
  /** Told of offsets that were gone before they were read: they are recorded as a gap. */
  lost(from: number, to: number): void;
}

/** Claims partitions. */
export interface Counting extends SchemaSource {
  /** Takes a partition over from whoever had it. Rejects when that cannot be done now; it may be tried again. */
  claim(partition: PartitionKey, log: PartitionLog): Promise<PartitionCounting>;
}
