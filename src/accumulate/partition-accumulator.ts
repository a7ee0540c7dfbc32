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
import { addStored, TILE_MS, TileCache, tileRow } from './tile-cache.ts';
import type { OpenTile, TileMemory } from './tile-cache.ts';

/** Rows of bad records that one checkpoint keeps: a stream of rubbish must not fill the database. All are counted. */
const MAX_QUARANTINED = 1_000;

const DAY_MS = 86_400_000;

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

/**
 * What one claimed partition has counted since its claim. Everything here is dropped when the claim is lost; the
 * database has the truth. A class, as the TileCache is one.
 */
export class PartitionAccumulator {
  private readonly deps: AccumulatorDeps;
  private readonly cache: TileCache;
  private readonly progress: Map<number, MutableProgress>;
  private at: number;
  private version: number;
  private tally = emptyTally();
  private quarantine: QuarantineWrite[] = [];
  private quarantineDropped = 0;
  private readonly touched = new Set<number>();
  private readonly unknownNames = new Map<number, NameCollector>();
  /** The model of the last event: most often that of the next one, too. */
  private current: CountedModel | null = null;

  constructor(deps: AccumulatorDeps) {
    this.deps = deps;
    this.cache = new TileCache(deps.memory);
    this.progress = new Map(deps.progress.map((row) => [row.modelId, { ...row }]));
    this.at = deps.claim.nextOffset;
    this.version = deps.registry.version;
  }

  /** Models that this partition has had events of, with their greatest event time (ms since the epoch). */
  get newest(): ReadonlyMap<number, { readonly maxEventTime: number }> {
    return this.progress;
  }

  get pendingRecords(): number {
    return tallied(this.tally);
  }

  get position(): number {
    return this.at;
  }

  get isDirty(): boolean {
    return this.cache.isDirty;
  }

  /** Why this event must not be counted, whatever is in it; null: it may. */
  judge(frame: EventFrame, recordTime: number): Rejection | null {
    const ahead = frame.time - recordTime;
    if (ahead <= this.deps.futureToleranceMs) return null;
    return {
      reason: 'future-event',
      detail: `event time is ${aheadInWords(ahead)} ahead of the record's time`,
    };
  }

  /** Counts an event that `judge` let pass, unless it is too late or has been counted before. */
  count(frame: EventFrame): CountOutcome {
    const { segmentIds, seen: ids } = this.deps;
    const model = this.modelOf(frame);
    const { plan, seen } = model;
    const newest = seen === null ? -Infinity : seen.maxEventTime;
    if (frame.time < model.sealedUntil || frame.time < newest - model.reachMs) return 'too-late';
    if (ids?.has(frame) === true) return 'duplicate';
    // Before the first baseline there is nothing that a feature could be unknown to.
    const known = frame.unknownFeatures === 0 || plan.schema.features.length === 0;
    this.moveOn(model, frame.time, known ? 0 : 1);
    this.cache.count(plan, frame, segmentIds.of(frame));
    ids?.add(frame);
    return 'counted';
  }

  /** Keeps the name of a feature that this event brought and nobody counts. */
  unknownName({ schema, time }: EventFrame, name: string): void {
    const modelId = schema?.modelId ?? -1;
    const names = this.unknownNames.get(modelId) ?? new NameCollector();
    this.unknownNames.set(modelId, names);
    names.note(name, time);
  }

  // The record's outcome; every record has exactly one.

  recordCounted(): void {
    this.tally.counted += 1;
  }

  recordTooLate(): void {
    this.tally.tooLate += 1;
  }

  recordDuplicate(): void {
    this.tally.duplicate += 1;
  }

  recordSkipped(): void {
    this.tally.skipped += 1;
  }

  recordRejected(
    { offset, value, headers }: RejectedRecord,
    { reason, detail }: Rejection,
    records: number,
  ): void {
    this.tally.quarantined += records;
    if (this.quarantine.length >= MAX_QUARANTINED) {
      this.quarantineDropped += 1;
      return;
    }
    const { payloadKept } = this.deps;
    this.quarantine.push({
      offset,
      reason,
      detail,
      payload: keptPayload(value, payloadKept),
      headers: keptHeaders(headers, payloadKept),
    });
  }

  /**
   * The checkpoint that makes everything up to `nextOffset` durable. Loads the stored rows of tiles touched for the
   * first time.
   */
  async prepare(nextOffset: number, anchor: Anchor | null): Promise<CheckpointWrite> {
    const { store, segmentIds, claim, seen } = this.deps;
    const dirty = this.cache.dirty();
    const ids = await loadTouched(store, segmentIds, claim.part, dirty);
    return buildCheckpoint({
      claim,
      previousOffset: this.at,
      nextOffset,
      anchor,
      tally: this.tally,
      tiles: dirty.map((tile, i) => tileRow(tile, ids[i] as number)),
      quarantine: this.quarantine,
      quarantineDropped: this.quarantineDropped,
      seen: seen?.pending() ?? null,
      unknownNames: pendingNames(this.unknownNames),
      progress: [...this.touched].map((modelId) => this.progress.get(modelId) as ProgressWrite),
    });
  }

  committed(write: CheckpointWrite): void {
    const { seen, registry } = this.deps;
    this.at = write.nextOffset;
    this.tally = emptyTally();
    this.quarantine = [];
    this.quarantineDropped = 0;
    seen?.committed();
    for (const names of this.unknownNames.values()) names.committed();
    this.touched.clear();
    this.current = null;
    this.cache.committed((tile) => tile.start + TILE_MS > this.tooLateBefore(tile.modelId));
    // The plan has changed: later events are counted under the new binnings, from empty tiles.
    if (this.version !== registry.version) {
      this.version = registry.version;
      this.cache.clear();
    }
  }

  /** Lets go of the memory. */
  release(): void {
    this.cache.clear();
  }

  /** Event times of the model below this are too late; -Infinity before its first event, unless a slice is sealed. */
  private tooLateBefore(modelId: number): number {
    const { registry, lateHorizonMs, sealed } = this.deps;
    const newest = this.progress.get(modelId)?.maxEventTime ?? -Infinity;
    const lateness = registry.planOf(modelId)?.allowedLatenessMs ?? 0;
    return Math.max(newest - lateness - lateHorizonMs, sealed.get(modelId) ?? -Infinity);
  }

  /** What there is to know of the model of an event. */
  private modelOf(frame: EventFrame): CountedModel {
    const { current } = this;
    if (current !== null && current.plan.schema === frame.schema) return current;
    const { registry, sealed, lateHorizonMs } = this.deps;
    const plan = registry.plan(frame);
    const { modelId } = plan.schema;
    const found = {
      plan,
      seen: this.progress.get(modelId) ?? null,
      sealedUntil: sealed.get(modelId) ?? -Infinity,
      reachMs: plan.allowedLatenessMs + lateHorizonMs,
      touched: false,
    };
    this.current = found;
    return found;
  }

  private moveOn(model: CountedModel, time: number, unknown: number): void {
    const { modelId } = model.plan.schema;
    if (!model.touched) this.touched.add(modelId);
    model.touched = true;
    const { seen } = model;
    if (seen === null) {
      model.seen = { modelId, events: 1, unknown, minEventTime: time, maxEventTime: time };
      this.progress.set(modelId, model.seen);
      return;
    }
    seen.events += 1;
    seen.unknown = (seen.unknown ?? 0) + unknown;
    if (time < seen.minEventTime) seen.minEventTime = time;
    if (time > seen.maxEventTime) seen.maxEventTime = time;
  }
}

/** Seconds up to an hour, then hours, then days: 90 s, 3 h, 360 days. */
function aheadInWords(ms: number): string {
  if (ms < 3_600_000) return `${Math.round(ms / 1_000)} s`;
  return ms < 2 * DAY_MS ? `${Math.round(ms / 3_600_000)} h` : `${Math.round(ms / DAY_MS)} days`;
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
