import type { EventFrame } from '../core/domain/event-frame.ts';
import type { PartitionKey, Rejection } from '../core/domain/ingestion.ts';
import type { SchemaSource } from './decoder.ts';

/** What became of a checkpoint (see storage/ingest-store.ts). */
export type CheckpointOutcome = 'committed' | 'fenced' | 'unknown' | 'retry';

/** One claimed partition as the pipeline counts it; made by the accumulate stage, wired in app/. */
export interface PartitionCounting {
  /** The stored next offset at the time of the claim, and behind each commit. */
  readonly position: number;
  readonly halted: string | null;
  readonly pendingRecords: number;
  judge(frame: EventFrame, recordTime: number): Rejection | null;
  count(frame: EventFrame): boolean;
  recordCounted(): void;
  recordTooLate(): void;
  recordRejected(offset: number, rejection: Rejection, payload: Uint8Array | null): void;
  recordSkipped(): void;
  /** The model's watermark in this partition: newest event time less the allowed lateness; null before the first event. */
  watermark(modelId: number): number | null;
  /** Makes everything before `nextOffset` durable; after `retry` it may be called again, after the others but committed the counting is dead. */
  checkpoint(
    nextOffset: number,
  ): Promise<{ readonly outcome: CheckpointOutcome; readonly error: Error | null }>;
  /** Everything there was has been read by now. */
  caughtUp(): Promise<void>;
}

/** Claims partitions. */
export interface Counting extends SchemaSource {
  /**
   * Takes a partition over from whoever had it.
   * @param startOffset where a partition that was never seen starts
   */
  claim(partition: PartitionKey, startOffset: () => Promise<number>): Promise<PartitionCounting>;
}
