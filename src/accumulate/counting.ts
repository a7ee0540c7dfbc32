import type { EventFrame, ModelSchema } from '../core/domain/event-frame.ts';
import type { PartitionKey, RejectedRecord, Rejection } from '../core/domain/ingestion.ts';
import type { CatalogStore } from '../storage/catalog-store.ts';
import type { CheckpointWrite, IngestStore, PartitionClaim } from '../storage/ingest-store.ts';
import { claimPosition } from './claim-position.ts';
import type { PartitionLog } from './claim-position.ts';
import type { Anchor } from './checkpoint.ts';
import type { ModelRegistry } from './model-registry.ts';
import { FIVE_MINUTES_KEPT_MS } from './keep-tiles.ts';
import { PartitionAccumulator } from './partition-accumulator.ts';
import type { CountOutcome } from './partition-accumulator.ts';
import type { PayloadKept } from './redact.ts';
import { createSeenIds } from './seen-ids.ts';
import { createSegmentIds } from './segment-ids.ts';
import type { TileMemory } from './tile-cache.ts';

/** Tiles of 5 minutes are kept for this long behind the watermark; what is older has no tile to be counted in. */
const LATE_HORIZON_MS = FIVE_MINUTES_KEPT_MS;
/** What the tiles of all partitions of a process may take before checkpoints are made to free them. */
const TILE_MEMORY_BYTES = 96 * 1024 * 1024;

/** A claimed partition: counts in memory, checkpoints in one transaction (the shape that ingestion asks for). */
export interface ClaimedPartition {
  readonly position: number;
  /** Why the partition must not be read; null when it may. */
  readonly halted: string | null;
  readonly anchor: Anchor | null;
  readonly pendingRecords: number;
  /** Memory is short: a checkpoint now lets tiles go. */
  readonly full: boolean;
  /** Models with events in this partition so far, of earlier owners too. */
  models(): readonly number[];
  judge(frame: EventFrame, recordTime: number): Rejection | null;
  count(frame: EventFrame): CountOutcome;
  unknownName(frame: EventFrame, name: string): void;
  recordCounted(): void;
  recordTooLate(): void;
  recordDuplicate(): void;
  recordRejected(record: RejectedRecord, rejection: Rejection, records: number): void;
  recordSkipped(): void;
  watermark(modelId: number): number | null;
  checkpoint(
    nextOffset: number,
    anchor: Anchor | null,
  ): Promise<{
    outcome: 'committed' | 'fenced' | 'unknown' | 'retry';
    error: Error | null;
  }>;
  /** @returns false when the claim is no longer ours */
  caughtUp(): Promise<boolean>;
  /** @returns false when the claim is no longer ours */
  halt(reason: string): Promise<boolean>;
  release(): void;
}

/** Claims partitions and counts their events into tiles. */
export interface PartitionCounter {
  schema(model: string): ModelSchema | null;
  claim(key: PartitionKey, log: PartitionLog): Promise<ClaimedPartition>;
}

export interface PartitionCounterDeps {
  readonly store: IngestStore;
  readonly catalog: CatalogStore;
  readonly registry: ModelRegistry;
  /** Names this process in ingest_partition.owner. */
  readonly owner: string;
  readonly futureToleranceMs: number;
  readonly lateHorizonMs?: number;
  readonly tileMemoryBytes?: number;
  /** An event whose id came before within this much event time is a duplicate. Left out: none is looked for. */
  readonly dedupWindowMs?: number;
  /** Default: redacted. */
  readonly payloadKept?: PayloadKept;
  /** Told of each event id that is not remembered, there being too many; `first`: of its partition and stretch of time. */
  readonly idForgotten?: (key: PartitionKey, first: boolean) => void;
  /** Told of each event whose attribute has no segment of its own left. */
  readonly segmentOverflow?: (model: string) => void;
}

export function createPartitionCounter(deps: PartitionCounterDeps): PartitionCounter {
  const { store, registry, futureToleranceMs } = deps;
  const segmentIds = createSegmentIds(deps.catalog, (modelId) => {
    const plan = registry.planOf(modelId);
    if (plan !== undefined) deps.segmentOverflow?.(plan.schema.model);
  });
  const memory: TileMemory = { limitBytes: deps.tileMemoryBytes ?? TILE_MEMORY_BYTES, bytes: 0 };
  return {
    schema: (model) => registry.schema(model),
    async claim(key, log) {
      const claim = await claimPosition(store, key, deps.owner, log);
      const progress = await store.loadProgress(claim.part);
      const sealed = await store.sealed();
      for (const modelId of registry.modelIds()) await segmentIds.load(modelId);
      const accumulator = new PartitionAccumulator({
        claim,
        progress,
        sealed,
        seen:
          deps.dedupWindowMs === undefined
            ? null
            : createSeenIds({
                windowMs: deps.dedupWindowMs,
                stored: await store.loadSeen(claim.part),
                forgotten: (first) => deps.idForgotten?.(key, first),
              }),
        store,
        registry,
        segmentIds,
        memory,
        futureToleranceMs,
        lateHorizonMs: deps.lateHorizonMs ?? LATE_HORIZON_MS,
        payloadKept: deps.payloadKept ?? 'redacted',
      });
      return new CountedPartition(deps, claim, accumulator, memory);
    },
  };
}

/** A class, as the TileCache is one. */
class CountedPartition implements ClaimedPartition {
  readonly halted: string | null;
  readonly anchor: Anchor | null;
  private readonly deps: PartitionCounterDeps;
  private readonly claim: PartitionClaim;
  private readonly accumulator: PartitionAccumulator;
  private readonly memory: TileMemory;
  /** A checkpoint that was rolled back is tried again with the very same content. */
  private prepared: CheckpointWrite | null = null;

  constructor(
    deps: PartitionCounterDeps,
    claim: PartitionClaim,
    accumulator: PartitionAccumulator,
    memory: TileMemory,
  ) {
    this.deps = deps;
    this.claim = claim;
    this.accumulator = accumulator;
    this.memory = memory;
    this.halted = claim.state === 'ok' ? null : (claim.reason ?? 'halted');
    this.anchor = anchorOf(claim);
  }

  get position(): number {
    return this.accumulator.position;
  }

  get pendingRecords(): number {
    return this.accumulator.pendingRecords;
  }

  get full(): boolean {
    const { bytes, limitBytes } = this.memory;
    return bytes > limitBytes && this.accumulator.isDirty;
  }

  models(): readonly number[] {
    return [...this.accumulator.newest.keys()];
  }

  judge(frame: EventFrame, recordTime: number): Rejection | null {
    return this.accumulator.judge(frame, recordTime);
  }

  count(frame: EventFrame): CountOutcome {
    return this.accumulator.count(frame);
  }

  unknownName(frame: EventFrame, name: string): void {
    this.accumulator.unknownName(frame, name);
  }

  recordCounted(): void {
    this.accumulator.recordCounted();
  }

  recordTooLate(): void {
    this.accumulator.recordTooLate();
  }

  recordDuplicate(): void {
    this.accumulator.recordDuplicate();
  }

  recordRejected(record: RejectedRecord, rejection: Rejection, records: number): void {
    this.accumulator.recordRejected(record, rejection, records);
  }

  recordSkipped(): void {
    this.accumulator.recordSkipped();
  }

  watermark(modelId: number): number | null {
    const newest = this.accumulator.newest.get(modelId)?.maxEventTime;
    const lateness = this.deps.registry.planOf(modelId)?.allowedLatenessMs ?? 0;
    return newest === undefined ? null : newest - lateness;
  }

  async checkpoint(
    nextOffset: number,
    anchor: Anchor | null,
  ): ReturnType<ClaimedPartition['checkpoint']> {
    if (this.prepared?.nextOffset !== nextOffset)
      this.prepared = await this.accumulator.prepare(nextOffset, anchor);
    const result = await this.deps.store.commit(this.prepared);
    if (result.outcome === 'committed') {
      this.accumulator.committed(this.prepared);
      this.prepared = null;
    }
    const error = 'error' in result ? result.error : null;
    const namesError = 'namesError' in result ? result.namesError : null;
    return { outcome: result.outcome, error: error ?? namesError ?? null };
  }

  caughtUp(): Promise<boolean> {
    return this.deps.store.markCaughtUp(this.claim.part, this.claim.epoch);
  }

  halt(reason: string): Promise<boolean> {
    return this.deps.store.halt(this.claim.part, this.claim.epoch, reason);
  }

  release(): void {
    this.accumulator.release();
  }
}

function anchorOf({ anchorOffset, anchorHash }: PartitionClaim): Anchor | null {
  return anchorOffset === null || anchorHash === null
    ? null
    : { offset: anchorOffset, hash: anchorHash };
}
