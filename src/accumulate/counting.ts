import type { EventFrame, ModelSchema } from '../core/domain/event-frame.ts';
import type { PartitionKey, Rejection } from '../core/domain/ingestion.ts';
import type { CatalogStore } from '../storage/catalog-store.ts';
import type { CheckpointWrite, IngestStore, PartitionClaim } from '../storage/ingest-store.ts';
import type { ModelRegistry } from './model-registry.ts';
import { createPartitionAccumulator, createSegmentIds } from './partition-accumulator.ts';
import type { PartitionAccumulator } from './partition-accumulator.ts';

/** A claimed partition: counts in memory, checkpoints in one transaction (the shape that ingestion asks for). */
export interface ClaimedPartition {
  readonly position: number;
  /** Why the partition must not be read; null when it may. */
  readonly halted: string | null;
  readonly pendingRecords: number;
  judge(frame: EventFrame, recordTime: number): Rejection | null;
  count(frame: EventFrame): boolean;
  recordCounted(): void;
  recordTooLate(): void;
  recordRejected(offset: number, rejection: Rejection, payload: Uint8Array | null): void;
  recordSkipped(): void;
  watermark(modelId: number): number | null;
  checkpoint(nextOffset: number): Promise<{
    outcome: 'committed' | 'fenced' | 'unknown' | 'retry';
    error: Error | null;
  }>;
  caughtUp(): Promise<void>;
}

/** Claims partitions and counts their events into tiles. */
export interface PartitionCounter {
  schema(model: string): ModelSchema | null;
  claim(key: PartitionKey, startOffset: () => Promise<number>): Promise<ClaimedPartition>;
}

export interface PartitionCounterDeps {
  readonly store: IngestStore;
  readonly catalog: CatalogStore;
  readonly registry: ModelRegistry;
  /** Names this process in ingest_partition.owner. */
  readonly owner: string;
  readonly futureToleranceMs: number;
}

export function createPartitionCounter(deps: PartitionCounterDeps): PartitionCounter {
  const segmentIds = createSegmentIds(deps.catalog);
  return {
    schema: (model) => deps.registry.schema(model),
    async claim(key, startOffset) {
      // The start policy is resolved to a number once and for all, the first time a partition is seen.
      if ((await deps.store.position(key)) === null) {
        await deps.store.ensurePartition(key, await startOffset());
      }
      const claim = await deps.store.claim(key, deps.owner);
      if (claim === null)
        throw new Error('the partition vanished from the database while it was claimed');
      const progress = await deps.store.loadProgress(claim.part);
      const accumulator = createPartitionAccumulator({ ...deps, claim, progress, segmentIds });
      return claimedPartition(deps, claim, accumulator);
    },
  };
}

function claimedPartition(
  deps: PartitionCounterDeps,
  claim: PartitionClaim,
  accumulator: PartitionAccumulator,
): ClaimedPartition {
  // A checkpoint that was rolled back is tried again with the very same content.
  let prepared: CheckpointWrite | null = null;
  return {
    get position() {
      return accumulator.position;
    },
    halted: claim.state === 'ok' ? null : (claim.reason ?? 'halted'),
    get pendingRecords() {
      return accumulator.pendingRecords;
    },
    judge: (frame, recordTime) => accumulator.judge(frame, recordTime),
    count: (frame) => accumulator.count(frame),
    recordCounted: () => {
      accumulator.recordCounted();
    },
    recordTooLate: () => {
      accumulator.recordTooLate();
    },
    recordRejected: (offset, rejection, payload) => {
      accumulator.recordRejected(offset, rejection, payload);
    },
    recordSkipped: () => {
      accumulator.recordSkipped();
    },
    watermark(modelId) {
      const newest = accumulator.maxEventTime(modelId);
      const lateness = deps.registry.planOf(modelId)?.allowedLatenessMs ?? 0;
      return newest === null ? null : newest - lateness;
    },
    async checkpoint(nextOffset) {
      if (prepared?.nextOffset !== nextOffset) prepared = await accumulator.prepare(nextOffset);
      const result = await deps.store.commit(prepared);
      if (result.outcome === 'committed') {
        accumulator.committed(prepared);
        prepared = null;
      }
      return { outcome: result.outcome, error: 'error' in result ? result.error : null };
    },
    async caughtUp() {
      await deps.store.markCaughtUp(claim.part, claim.epoch);
    },
  };
}
