import type { EventFrame } from '../core/domain/event-frame.ts';
import type { RejectedRecord, Rejection } from '../core/domain/ingestion.ts';
import { NameCollector } from '../core/quality/unknown-names.ts';
import type {
  CheckpointWrite,
  IngestStore,
  PartitionClaim,
  ProgressWrite,
  QuarantineWrite,
  TileKey,
  UnknownNameWrite,
} from '../storage/ingest-store.ts';
import { buildCheckpoint, emptyTally, tallied } from './checkpoint.ts';
import type { Anchor } from './checkpoint.ts';
import type { CountedModelPlan, ModelRegistry } from './model-registry.ts';
import { keptHeaders, keptPayload } from './redact.ts';
import type { PayloadKept } from './redact.ts';
import type { SeenIds } from './seen-ids.ts';
import type { SegmentIds } from './segment-ids.ts';
import { addStored, createTileCache, TILE_MS, tileRow } from './tile-cache.ts';
import type { OpenTile, TileMemory } from './tile-cache.ts';

/** Rows of bad records that one checkpoint keeps: a stream of rubbish must not fill the database. All are counted. */
const MAX_QUARANTINED = 1_000;

/**
 * What one claimed partition has counted since its claim. Everything here is dropped when the claim is lost; the
 * database has the truth.
 */
export interface PartitionAccumulator {
  /** Why this event must not be counted, whatever is in it; null: it may. */
  judge(frame: EventFrame, recordTime: number): Rejection | null;
  /** Counts an event that `judge` let pass, unless it is too late or has been counted before. */
  count(frame: EventFrame): CountOutcome;
  /** Keeps the name of a feature that this event brought and nobody counts. */
  unknownName(frame: EventFrame, name: string): void;
  /** The record's outcome; every record has exactly one. */
  recordCounted(): void;
  recordTooLate(): void;
  recordDuplicate(): void;
  recordRejected(record: RejectedRecord, rejection: Rejection, records: number): void;
  recordSkipped(): void;
  /** Models that this partition has had events of, with their greatest event time (ms since the epoch). */
  readonly newest: ReadonlyMap<number, { readonly maxEventTime: number }>;
  readonly pendingRecords: number;
  readonly position: number;
  readonly isDirty: boolean;
  /**
   * The checkpoint that makes everything up to `nextOffset` durable. Loads the stored rows of tiles touched for the
   * first time.
   */
  prepare(nextOffset: number, anchor: Anchor | null): Promise<CheckpointWrite>;
  committed(write: CheckpointWrite): void;
  /** Lets go of the memory. */
  release(): void;
}

export type CountOutcome = 'counted' | 'too-late' | 'duplicate';

export interface AccumulatorDeps {
  readonly claim: PartitionClaim;
  readonly progress: readonly ProgressWrite[];
  /** Ids that were counted; null: duplicates are not looked for. */
  readonly seen: SeenIds | null;
  /** Until when the tiles of a model are sealed, as of the claim; a later seal refuses the checkpoint. */
  readonly sealed: ReadonlyMap<number, number>;
  readonly store: IngestStore;
  readonly registry: ModelRegistry;
  readonly segmentIds: SegmentIds;
  readonly memory: TileMemory;
  readonly futureToleranceMs: number;
  /** Events older than this behind the model's watermark in the partition are too late to count. */
  readonly lateHorizonMs: number;
  /** What of a rejected record is kept beside the reason. */
  readonly payloadKept: PayloadKept;
}

/** A model as the events of one partition see it. */
interface CountedModel {
  readonly plan: CountedModelPlan;
  readonly sealedUntil: number;
  /** How far behind the newest event one may be that still counts. */
  readonly reachMs: number;
  /** null: nothing has been counted of it yet. */
  seen: MutableProgress | null;
  /** Since the last checkpoint. */
  touched: boolean;
}

type MutableProgress = { -readonly [Key in keyof ProgressWrite]: ProgressWrite[Key] };

export function createPartitionAccumulator(deps: AccumulatorDeps): PartitionAccumulator {
  const { claim, store, registry, segmentIds } = deps;
  const cache = createTileCache(deps.memory);
  const progress = new Map<number, MutableProgress>(
    deps.progress.map((row) => [row.modelId, { ...row }]),
  );
  let position = claim.nextOffset;
  let version = registry.version;
  let tally = emptyTally();
  let quarantine: QuarantineWrite[] = [];
  let quarantineDropped = 0;
  const touched = new Set<number>();
  const unknownNames = new Map<number, NameCollector>();
  /** The model of the last event: most often that of the next one, too. */
  let current: CountedModel | null = null;

  /** Event times of the model below this are too late; -Infinity before its first event, unless a slice is sealed. */
  function tooLateBefore(modelId: number): number {
    const newest = progress.get(modelId)?.maxEventTime ?? -Infinity;
    const lateness = registry.planOf(modelId)?.allowedLatenessMs ?? 0;
    return Math.max(newest - lateness - deps.lateHorizonMs, deps.sealed.get(modelId) ?? -Infinity);
  }

  /** What there is to know of the model of an event. */
  function modelOf(frame: EventFrame): CountedModel {
    if (current !== null && current.plan.schema === frame.schema) return current;
    const plan = registry.plan(frame);
    const { modelId } = plan.schema;
    const seen = progress.get(modelId) ?? null;
    const sealedUntil = deps.sealed.get(modelId) ?? -Infinity;
    const reachMs = plan.allowedLatenessMs + deps.lateHorizonMs;
    current = { plan, seen, sealedUntil, reachMs, touched: false };
    return current;
  }

  function moveOn(model: CountedModel, time: number, unknown: number): void {
    const { modelId } = model.plan.schema;
    if (!model.touched) touched.add(modelId);
    model.touched = true;
    const { seen } = model;
    if (seen === null) {
      model.seen = { modelId, events: 1, unknown, minEventTime: time, maxEventTime: time };
      progress.set(modelId, model.seen);
      return;
    }
    seen.events += 1;
    seen.unknown = (seen.unknown ?? 0) + unknown;
    if (time < seen.minEventTime) seen.minEventTime = time;
    if (time > seen.maxEventTime) seen.maxEventTime = time;
  }

  return {
    judge(frame, recordTime) {
      const ahead = frame.time - recordTime;
      if (ahead <= deps.futureToleranceMs) return null;
      const seconds = Math.round(ahead / 1000);
      return {
        reason: 'future-event',
        detail: `event time is ${seconds} s ahead of the record's time`,
      };
    },
    count(frame) {
      const model = modelOf(frame);
      const { plan, seen } = model;
      const newest = seen === null ? -Infinity : seen.maxEventTime;
      if (frame.time < model.sealedUntil || frame.time < newest - model.reachMs) return 'too-late';
      if (deps.seen?.has(frame) === true) return 'duplicate';
      // Before the first baseline there is nothing that a feature could be unknown to.
      const known = frame.unknownFeatures === 0 || plan.schema.features.length === 0;
      moveOn(model, frame.time, known ? 0 : 1);
      cache.count(plan, frame, segmentIds.of(frame));
      deps.seen?.add(frame);
      return 'counted';
    },
    unknownName({ schema, time }, name) {
      const modelId = schema?.modelId ?? -1;
      const names = unknownNames.get(modelId) ?? new NameCollector();
      unknownNames.set(modelId, names);
      names.note(name, time);
    },
    recordCounted() {
      tally.counted += 1;
    },
    recordTooLate() {
      tally.tooLate += 1;
    },
    recordDuplicate() {
      tally.duplicate += 1;
    },
    recordRejected({ offset, value, headers }, { reason, detail }, records) {
      tally.quarantined += records;
      if (quarantine.length >= MAX_QUARANTINED) {
        quarantineDropped += 1;
        return;
      }
      quarantine.push({
        offset,
        reason,
        detail,
        payload: keptPayload(value, deps.payloadKept),
        headers: keptHeaders(headers, deps.payloadKept),
      });
    },
    recordSkipped() {
      tally.skipped += 1;
    },
    newest: progress,
    get pendingRecords() {
      return tallied(tally);
    },
    get position() {
      return position;
    },
    get isDirty() {
      return cache.isDirty;
    },
    async prepare(nextOffset, anchor) {
      const dirty = cache.dirty();
      const ids = await loadTouched(store, segmentIds, claim.part, dirty);
      return buildCheckpoint({
        claim,
        previousOffset: position,
        nextOffset,
        anchor,
        tally,
        tiles: dirty.map((tile, i) => tileRow(tile, ids[i] as number)),
        quarantine,
        quarantineDropped,
        seen: deps.seen?.pending() ?? null,
        unknownNames: pendingNames(unknownNames),
        progress: [...touched].map((modelId) => progress.get(modelId) as ProgressWrite),
      });
    },
    committed(write) {
      position = write.nextOffset;
      tally = emptyTally();
      quarantine = [];
      quarantineDropped = 0;
      deps.seen?.committed();
      for (const names of unknownNames.values()) names.committed();
      touched.clear();
      current = null;
      cache.committed((tile) => tile.start + TILE_MS > tooLateBefore(tile.modelId));
      // The plan has changed: later events are counted under the new binnings, from empty tiles.
      if (version !== registry.version) {
        version = registry.version;
        cache.clear();
      }
    },
    release() {
      cache.clear();
    },
  };
}

/** By model and name: two writers never wait for each other in a circle. */
function pendingNames(collectors: ReadonlyMap<number, NameCollector>): UnknownNameWrite[] {
  return [...collectors]
    .sort(([a], [b]) => a - b)
    .flatMap(([modelId, names]) => names.pending().map((seen) => ({ modelId, ...seen })));
}

/** Adds the stored rows of tiles touched for the first time. @returns the segment id of each tile */
async function loadTouched(
  store: IngestStore,
  segmentIds: SegmentIds,
  part: number,
  tiles: readonly OpenTile[],
): Promise<number[]> {
  const ids: number[] = [];
  const fresh = new Map<string, OpenTile>();
  const keys: TileKey[] = [];
  for (const tile of tiles) {
    const segmentId = await segmentIds.idOf(tile.modelId, tile.segment);
    ids.push(segmentId);
    if (tile.loaded) continue;
    const { start, modelId, binningSetId } = tile;
    const key = { start, modelId, binningSetId, segmentId };
    keys.push(key);
    fresh.set(keyText(key), tile);
  }
  const stored = await store.loadTiles(part, keys);
  // From here on nothing waits: a tile is added to once, whatever fails before or after.
  for (const row of stored) addStored(fresh.get(keyText(row)) as OpenTile, row);
  for (const tile of fresh.values()) tile.loaded = true;
  return ids;
}

function keyText(key: TileKey): string {
  return `${key.start}/${key.modelId}/${key.binningSetId}/${key.segmentId}`;
}
