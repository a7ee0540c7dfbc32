import type { EventFrame } from '../core/domain/event-frame.ts';
import type { Rejection } from '../core/domain/ingestion.ts';
import type { CatalogStore } from '../storage/catalog-store.ts';
import type {
  CheckpointWrite,
  IngestStore,
  PartitionClaim,
  ProgressWrite,
  QuarantineWrite,
  TileKey,
} from '../storage/ingest-store.ts';
import type { ModelRegistry } from './model-registry.ts';
import { addStored, createTileCache, segmentsOf, tileRow } from './tile-cache.ts';
import type { OpenTile } from './tile-cache.ts';

/** Segments a model may have; further values count under "ATTRIBUTE=(other)". */
export const MAX_SEGMENTS = 50;
/** Bytes of a bad record that quarantine keeps. */
const MAX_PAYLOAD = 4_096;
/** Events older than this behind the newest one of their model in the partition are too late to count. */
export const LATE_HORIZON_MS = 8 * 86_400_000;

/**
 * What one claimed partition has counted since its claim. Everything here is dropped when the claim is lost; the
 * database has the truth.
 */
export interface PartitionAccumulator {
  /** Counts one event. null: counted or too late; else why its record must be rejected. */
  judge(frame: EventFrame, recordTime: number): Rejection | null;
  /** Counts an event that `judge` let pass; false: it is too late and is not counted. */
  count(frame: EventFrame): boolean;
  /** The record's outcome; every record has exactly one. */
  recordCounted(): void;
  recordTooLate(): void;
  recordRejected(offset: number, rejection: Rejection, payload: Uint8Array | null): void;
  recordSkipped(): void;
  /** Greatest event time of the model in this partition, ms since the epoch; null before the first. */
  maxEventTime(modelId: number): number | null;
  readonly pendingRecords: number;
  readonly position: number;
  /**
   * The checkpoint that makes everything up to `nextOffset` durable. Loads the stored rows of tiles touched for the
   * first time. May be called again with the same result until `committed`.
   */
  prepare(nextOffset: number): Promise<CheckpointWrite>;
  committed(write: CheckpointWrite): void;
}

export function createPartitionAccumulator(deps: {
  readonly claim: PartitionClaim;
  readonly progress: readonly ProgressWrite[];
  readonly store: IngestStore;
  readonly catalog: CatalogStore;
  readonly registry: ModelRegistry;
  readonly segmentIds: SegmentIds;
  readonly futureToleranceMs: number;
}): PartitionAccumulator {
  const { claim, store, registry, segmentIds } = deps;
  const cache = createTileCache();
  const progress = new Map(deps.progress.map((row) => [row.modelId, { ...row }]));
  let position = claim.nextOffset;
  let version = registry.version;
  let outcomes = { counted: 0, quarantined: 0, tooLate: 0, duplicate: 0, skipped: 0 };
  let quarantine: QuarantineWrite[] = [];
  let touched = new Set<number>();

  function admit(modelId: number): (segment: string, attribute: string) => string {
    return (segment, attribute) =>
      segmentIds.admits(modelId, segment) ? segment : `${attribute}=(other)`;
  }

  async function loadTouched(tiles: readonly OpenTile[]): Promise<void> {
    const fresh = tiles.filter((tile) => !tile.loaded);
    if (fresh.length === 0) return;
    const byKey = new Map<string, OpenTile>();
    const keys: TileKey[] = [];
    for (const tile of fresh) {
      const segmentId = await segmentIds.idOf(tile.modelId, tile.segment);
      const key = {
        start: tile.start,
        modelId: tile.modelId,
        binningSetId: tile.set.id,
        segmentId,
      };
      keys.push(key);
      byKey.set(keyText(key), tile);
    }
    const stored = await store.loadTiles(claim.part, keys);
    for (const row of stored) addStored(byKey.get(keyText(row)) as OpenTile, row);
    for (const tile of fresh) tile.loaded = true;
  }

  return {
    judge(frame, recordTime) {
      const ahead = frame.time - recordTime;
      if (ahead > deps.futureToleranceMs) {
        const seconds = Math.round(ahead / 1000);
        return {
          reason: 'future-event',
          detail: `event time is ${seconds} s ahead of the record's time`,
        };
      }
      return null;
    },
    count(frame) {
      const plan = registry.plan(frame);
      const { modelId } = plan.schema;
      const seen = progress.get(modelId);
      if (seen !== undefined && frame.time < seen.maxEventTime - LATE_HORIZON_MS) {
        return false;
      }
      touched.add(modelId);
      if (seen === undefined) {
        progress.set(modelId, {
          modelId,
          events: 1,
          minEventTime: frame.time,
          maxEventTime: frame.time,
        });
      } else {
        progress.set(modelId, {
          modelId,
          events: seen.events + 1,
          minEventTime: Math.min(seen.minEventTime, frame.time),
          maxEventTime: Math.max(seen.maxEventTime, frame.time),
        });
      }
      for (const segment of segmentsOf(frame, admit(modelId))) cache.count(plan, frame, segment);
      return true;
    },
    recordCounted() {
      outcomes.counted += 1;
    },
    recordTooLate() {
      outcomes.tooLate += 1;
    },
    recordRejected(offset, { reason, detail }, payload) {
      outcomes.quarantined += 1;
      quarantine.push({
        offset,
        reason,
        detail,
        payload: payload === null ? null : payload.slice(0, MAX_PAYLOAD),
      });
    },
    recordSkipped() {
      outcomes.skipped += 1;
    },
    maxEventTime: (modelId) => progress.get(modelId)?.maxEventTime ?? null,
    get pendingRecords() {
      const { counted, quarantined, tooLate, duplicate, skipped } = outcomes;
      return counted + quarantined + tooLate + duplicate + skipped;
    },
    get position() {
      return position;
    },
    async prepare(nextOffset) {
      const tiles = cache.dirty();
      await loadTouched(tiles);
      const rows = [];
      for (const tile of tiles) {
        rows.push(tileRow(tile, await segmentIds.idOf(tile.modelId, tile.segment)));
      }
      rows.sort(
        (a, b) =>
          a.start - b.start ||
          a.modelId - b.modelId ||
          a.segmentId - b.segmentId ||
          a.binningSetId - b.binningSetId,
      );
      const { counted, quarantined, tooLate, duplicate } = outcomes;
      // What is covered but was no record of ours: control records, tombstones, offsets that compaction took.
      const filtered = nextOffset - position - counted - quarantined - tooLate - duplicate;
      if (filtered < outcomes.skipped) {
        throw new Error(
          `offsets ${position} to ${nextOffset} are fewer than the records counted from them`,
        );
      }
      return {
        part: claim.part,
        epoch: claim.epoch,
        previousOffset: position,
        nextOffset,
        outcomes: { counted, quarantined, tooLate, duplicate, filtered },
        anchorOffset: null,
        anchorHash: null,
        tiles: rows,
        quarantine,
        progress: [...touched]
          .sort((a, b) => a - b)
          .map((modelId) => progress.get(modelId) as ProgressWrite),
      };
    },
    committed(write) {
      position = write.nextOffset;
      outcomes = { counted: 0, quarantined: 0, tooLate: 0, duplicate: 0, skipped: 0 };
      quarantine = [];
      touched = new Set();
      cache.committed();
      // The plan has changed: later events are counted under the new binnings, from empty tiles.
      if (version !== registry.version) {
        version = registry.version;
        cache.clear();
      }
    },
  };
}

function keyText(key: TileKey): string {
  return `${key.start}/${key.modelId}/${key.binningSetId}/${key.segmentId}`;
}

/** Ids of segments by model and name, shared by the partitions of a process. */
export interface SegmentIds {
  /** May this segment have counts of its own? The first 50 of a model may. */
  admits(modelId: number, segment: string): boolean;
  idOf(modelId: number, segment: string): Promise<number>;
}

export function createSegmentIds(catalog: CatalogStore): SegmentIds {
  const known = new Map<number, Map<string, number | null>>();
  const ofModel = (modelId: number): Map<string, number | null> => {
    let names = known.get(modelId);
    if (names === undefined) {
      names = new Map();
      known.set(modelId, names);
    }
    return names;
  };
  return {
    admits(modelId, segment) {
      const names = ofModel(modelId);
      if (names.has(segment)) return true;
      if (names.size >= MAX_SEGMENTS) return false;
      names.set(segment, null);
      return true;
    },
    async idOf(modelId, segment) {
      const names = ofModel(modelId);
      const id = names.get(segment);
      if (id !== undefined && id !== null) return id;
      const made = await catalog.ensureSegment(modelId, segment);
      names.set(segment, made);
      return made;
    },
  };
}
