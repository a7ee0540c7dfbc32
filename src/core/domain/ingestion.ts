/**
 * The seam between a source, the decoders and the accumulator.
 *
 * Terminology
 * - Source: where events come from (kafka, replay, http). It delivers batches per partition and knows how to seek.
 * - Position: (topic, partition, offset): the next offset to read. Positions live in Postgres, never in the source.
 * - Batch: consecutive records of one partition that cover [from, to) of its offsets without a hole.
 * - Claim: taking a partition over: raises its epoch, so that an earlier owner's commits are refused.
 * - Checkpoint: one durable step of tiles + position, in one transaction.
 */

/** A value is the bytes of `memory` in [from, to). What is there does not change. */
export interface ValuePlace {
  readonly memory: Buffer;
  readonly from: number;
  readonly to: number;
}

/** One record as it left the source; its bytes may be those of a batch: `ownRecord` makes one to keep. Offsets are whole numbers below 2^53. */
export interface SourceRecord {
  readonly offset: number;
  /** Broker or file time of the record, ms since the epoch. */
  readonly timestamp: number;
  readonly key: Uint8Array | null;
  /** null: a tombstone. */
  readonly value: Uint8Array | null;
  /** Where the value is among others, for those who need no view of it; left out: only `value` has it. */
  readonly place?: ValuePlace | undefined;
  readonly headers: ReadonlyMap<string, Uint8Array>;
  /** The source could not read it: it goes to quarantine. */
  readonly fault?: RecordFault;
}

/** The same record in memory of its own: whoever keeps another keeps all of its batch, or loses it when that is released. */
export function ownRecord(record: SourceRecord): SourceRecord {
  const own = (bytes: Uint8Array | null) => (bytes === null ? null : new Uint8Array(bytes));
  return {
    offset: record.offset,
    timestamp: record.timestamp,
    ...(record.fault === undefined ? {} : { fault: record.fault }),
    key: own(record.key),
    value: own(record.value),
    headers: new Map([...record.headers].map(([name, text]) => [name, new Uint8Array(text)])),
  };
}

/** How long the value is, without a view of it; null: a tombstone. */
export function valueBytes(record: SourceRecord): number | null {
  const { place } = record;
  if (place !== undefined) return place.to - place.from;
  return record.value === null ? null : record.value.length;
}

/** Records in order of their offsets, an array for example; they may be made anew each time the list is gone through. */
export interface RecordList extends Iterable<SourceRecord> {
  readonly length: number;
  /** What the list takes in memory, when it knows: bytes. */
  readonly bytes?: number;
  /** Nobody goes through the list again, or uses the bytes of a record of it. */
  release?(): void;
}

/** The partitions of one topic of a source. */
export interface TopicKey {
  readonly source: string;
  readonly topic: string;
}

export interface PartitionKey extends TopicKey {
  readonly partition: number;
}

export interface RecordBatch {
  readonly partition: PartitionKey;
  /** The offset the source was asked for: the batch covers [from, to). */
  readonly from: number;
  readonly to: number;
  readonly records: RecordList;
  /** Offset after the newest record of the partition, when the source knows it: lag = logEnd - position. */
  readonly logEnd: number | null;
}

/** Why a record is not counted. Bounded: it becomes a metric label. */
export const QUARANTINE_REASONS = [
  'too-large',
  'invalid-encoding',
  'invalid-json',
  'invalid-shape',
  'unknown-model',
  'invalid-timestamp',
  'future-event',
  'limit-exceeded',
  'unsupported-payload',
  'internal-error',
] as const;
export type QuarantineReason = (typeof QUARANTINE_REASONS)[number];

export interface Rejection {
  readonly reason: QuarantineReason;
  /** One sentence for people: which key, what was expected. Never a value from the event beyond 100 characters. */
  readonly detail: string;
}

/** What there is of a record that is not counted. */
export type RejectedRecord = Pick<SourceRecord, 'offset' | 'value' | 'headers'>;

/** What a source could not read; such a record can stand for several, of which it is the last. */
export interface RecordFault extends Rejection {
  readonly records: number;
}
