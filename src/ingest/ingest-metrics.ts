import type { PartitionKey, QuarantineReason } from '../core/domain/ingestion.ts';

/** What ingestion tells about itself; implemented by the metrics, a no-op in tests. */
export interface IngestMetrics {
  events(
    source: string,
    result: 'counted' | 'quarantined' | 'too_late' | 'duplicate',
    count: number,
  ): void;
  /** Events that were not counted, also those of records of which others were. */
  passedOver(source: string, why: 'too_late' | 'duplicate', events: number): void;
  quarantined(source: string, reason: QuarantineReason, count: number): void;
  /** Copies of bad records: sent, dropped since too many waited, failed. */
  deadLetters(result: string, letters: number): void;
  /** An event whose attribute has no segment of its own left. */
  segmentOverflow(model: string): void;
  checkpoint(
    partition: PartitionKey,
    outcome: 'committed' | 'fenced' | 'unknown' | 'retry',
    seconds: number,
  ): void;
  /** @param records null: not known any more */
  lag(partition: PartitionKey, records: number | null): void;
  /** The id of an event that is not remembered, so that a duplicate of it would be counted. */
  idForgotten(source: string): void;
  /** The record that proves that a log is the one that was read is gone from it. */
  anchorMissing(source: string): void;
  halted(partition: PartitionKey, halted: boolean): void;
  /** The partition is no longer ours: its series go. */
  released(partition: PartitionKey): void;
}

export const noIngestMetrics: IngestMetrics = {
  events: () => undefined,
  passedOver: () => undefined,
  quarantined: () => undefined,
  deadLetters: () => undefined,
  segmentOverflow: () => undefined,
  checkpoint: () => undefined,
  lag: () => undefined,
  idForgotten: () => undefined,
  anchorMissing: () => undefined,
  halted: () => undefined,
  released: () => undefined,
};
