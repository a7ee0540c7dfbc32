import type { SeenName } from '../core/quality/unknown-names.ts';
import type { PartitionKey, QuarantineReason } from '../core/domain/ingestion.ts';

/** A partition as claimed: everything an owner needs to go on. */
export interface PartitionClaim {
  /** ingest_partition.id: the `part` of this partition's tiles. */
  readonly part: number;
  readonly epoch: number;
  readonly nextOffset: number;
  readonly state: 'ok' | 'halted';
  readonly reason: string | null;
  readonly anchorOffset: number | null;
  readonly anchorHash: Uint8Array | null;
}

/** One tile row as it is to stand after the commit (whole, absolute: not a delta). */
export interface TileWrite {
  /** ms since the epoch, aligned to 5 minutes UTC. */
  readonly start: number;
  readonly modelId: number;
  readonly binningSetId: number;
  readonly segmentId: number;
  readonly events: number;
  readonly counts: Uint8Array;
}

export interface TileKey {
  readonly start: number;
  readonly modelId: number;
  readonly binningSetId: number;
  readonly segmentId: number;
}

export interface QuarantineWrite {
  readonly offset: number;
  readonly reason: QuarantineReason;
  readonly detail: string;
  /** At most 4 KiB. */
  readonly payload: Uint8Array | null;
  /** What its headers say of its type. */
  readonly headers: Readonly<Record<string, string>> | null;
}

export interface ProgressWrite {
  readonly modelId: number;
  readonly events: number;
  /** Those with a feature that nobody counts. */
  readonly unknown?: number;
  readonly minEventTime: number;
  readonly maxEventTime: number;
}

/** A feature that events of a model bring and nobody counts; see core/quality/unknown-names.ts. */
export interface UnknownNameWrite extends SeenName {
  readonly modelId: number;
}

/** Ids that were counted in one stretch of event time: 64-bit hashes, 8 bytes each. */
export interface SeenWrite {
  readonly generation: number;
  readonly hashes: Uint8Array;
}

/** Offsets [from, to) that can never be counted. */
export interface GapWrite {
  readonly from: number;
  readonly to: number;
  readonly reason: string;
}

/** What became of the offsets of one checkpoint: adds up to nextOffset - previousOffset. */
export interface OffsetOutcomes {
  readonly counted: number;
  readonly quarantined: number;
  readonly tooLate: number;
  readonly duplicate: number;
  /** Control records, tombstones and compacted-away offsets. */
  readonly filtered: number;
}

export interface CheckpointWrite {
  readonly part: number;
  readonly epoch: number;
  readonly previousOffset: number;
  readonly nextOffset: number;
  readonly outcomes: OffsetOutcomes;
  readonly anchorOffset: number | null;
  readonly anchorHash: Uint8Array | null;
  /** Sorted by key, so that two writers can never wait for each other in a circle. */
  readonly tiles: readonly TileWrite[];
  readonly quarantine: readonly QuarantineWrite[];
  /** Records in quarantine of which no row is kept, being too many. */
  readonly quarantineDropped?: number;
  /** New ids, and from which stretch on they are kept; left out where duplicates are not looked for. */
  readonly seen?: { readonly writes: readonly SeenWrite[]; readonly keepFrom: number };
  /** Absolute values per model for this partition. */
  readonly progress: readonly ProgressWrite[];
  /** Sorted by model and name. No part of the transaction: they are written when it is done, or lost. */
  readonly unknownNames?: readonly UnknownNameWrite[];
}

/**
 * - committed: durable. `namesError`: but for the names of unknown features.
 * - fenced: epoch or offset did not match, or a tile is sealed; nothing was written; forget everything about the partition and claim again.
 * - unknown: the connection was lost at COMMIT; forget everything and claim again: the stored offset tells which it was.
 * - retry: rolled back for a passing reason; the same checkpoint may be tried again after a pause.
 */
export type CheckpointResult =
  | { readonly outcome: 'committed'; readonly namesError?: Error }
  | { readonly outcome: 'fenced' }
  | { readonly outcome: 'unknown'; readonly error: Error }
  | { readonly outcome: 'retry'; readonly error: Error };

/** Positions, tiles and quarantine of the partitions this process reads. */
export interface IngestStore {
  /** Registers a partition at this offset unless it is known already; returns the stored next offset either way. */
  ensurePartition(key: PartitionKey, startOffset: number): Promise<{ nextOffset: number }>;
  /**
   * Registers the partitions of a topic (partition to first offset) of which nothing is stored yet; does nothing when a
   * partition of it is known.
   */
  startTopic(source: string, topic: string, offsets: ReadonlyMap<number, number>): Promise<void>;
  /** The stored next offset, or null when the partition has never been seen. */
  position(key: PartitionKey): Promise<number | null>;
  claim(key: PartitionKey, owner: string): Promise<PartitionClaim | null>;
  /** The partition's own tiles with these keys (those that exist). */
  loadTiles(part: number, keys: readonly TileKey[]): Promise<TileWrite[]>;
  loadProgress(part: number): Promise<ProgressWrite[]>;
  /** Ids that the partition's checkpoints have kept. */
  loadSeen(part: number): Promise<SeenWrite[]>;
  /** Until when (ms since the epoch) the tiles of each model are sealed; those of which none is are left out. */
  sealed(): Promise<ReadonlyMap<number, number>>;
  commit(write: CheckpointWrite): Promise<CheckpointResult>;
  /** Moves the position from `gap.from` to `gap.to` and records the gap; false when the claim is no longer ours. */
  skipGap(part: number, epoch: number, gap: GapWrite): Promise<boolean>;
  /** Stops the partition until a person has looked; false when the claim is no longer ours. */
  halt(part: number, epoch: number, reason: string): Promise<boolean>;
  /** Tells that the owner has read everything up to the log end now; false when the claim is no longer ours. */
  markCaughtUp(part: number, epoch: number): Promise<boolean>;
}

/** That one process of all reads something: whoever holds it, until it lets go or its connection dies. */
export interface ReaderHold {
  /** @returns null: another process holds it, or the signal came */
  take(signal: AbortSignal): Promise<Held | null>;
}

export interface Held {
  /** Aborted when the hold is gone with its connection. */
  readonly lost: AbortSignal;
  release(): Promise<void>;
}
