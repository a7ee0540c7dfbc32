import { SLOT } from '../core/domain/event-frame.ts';
import type { EventFrame, Slot } from '../core/domain/event-frame.ts';
import { decodeChunk, encodeChunk } from '../core/histogram/coding/codec.ts';
import { emptyHistogram, mergeInto, observationTotal } from '../core/histogram/histogram.ts';
import type { Histogram } from '../core/histogram/types.ts';
import type { TileWrite } from '../storage/ingest-store.ts';
import type { CountedModelPlan, CountedSet } from './model-registry.ts';

/** Width of the smallest stored tile. */
export const TILE_MS = 300_000;

/** Counts of one (model, 5 minutes, binning set, segment) of one partition, as they are to stand in the database. */
export interface OpenTile {
  readonly start: number;
  readonly modelId: number;
  readonly set: CountedSet;
  readonly segment: string;
  readonly histograms: readonly Histogram[];
  /** How many values each histogram has been given: what its counts must add up to. */
  readonly observed: Float64Array;
  readonly bytes: number;
  events: number;
  /** false: the partition's stored row, if there is one, has not been added yet. */
  loaded: boolean;
  dirty: boolean;
}

/** What the open tiles of a process take, over all of its partitions. */
export interface TileMemory {
  readonly limitBytes: number;
  /** An estimate. */
  bytes: number;
}

/** The tiles of one partition that are being counted. */
export interface TileCache {
  /** Counts one event in the tiles of `segment`. */
  count(plan: CountedModelPlan, frame: EventFrame, segment: string): void;
  /** Tiles that differ from the database. */
  dirty(): readonly OpenTile[];
  /**
   * Marks all tiles clean. Drops those that nothing can be counted in any more and, when memory is short, those that were
   * touched longest ago; what is touched again after that is loaded again.
   */
  committed(isLive: (tile: OpenTile) => boolean): void;
  clear(): void;
}

export function createTileCache(memory: TileMemory): TileCache {
  /** In the order of their first touch since they were last clean. */
  const tiles = new Map<string, OpenTile>();
  let dirty: OpenTile[] = [];
  /** The dirty tile touched last by segment: most often that of the next event, too. */
  const recent = new Map<string, OpenTile>();

  function open(plan: CountedModelPlan, set: CountedSet, start: number, segment: string): OpenTile {
    const { modelId } = plan.schema;
    const last = recent.get(segment);
    if (last?.start === start && last.set === set && last.modelId === modelId) return last;
    const key = `${start}/${modelId}/${set.id}/${segment}`;
    let tile = tiles.get(key);
    if (tile === undefined) {
      tile = emptyTile(start, modelId, set, segment);
      memory.bytes += tile.bytes;
      tiles.set(key, tile);
    }
    if (!tile.dirty) {
      tile.dirty = true;
      dirty.push(tile);
      tiles.delete(key);
      tiles.set(key, tile);
    }
    recent.set(segment, tile);
    return tile;
  }

  function drop(key: string, tile: OpenTile): void {
    tiles.delete(key);
    memory.bytes -= tile.bytes;
  }

  return {
    count(plan, frame, segment) {
      const start = Math.floor(frame.time / TILE_MS) * TILE_MS;
      for (const set of plan.sets) countIn(open(plan, set, start, segment), set, frame);
    },
    dirty: () => dirty,
    committed(isLive) {
      recent.clear();
      for (const tile of dirty) tile.dirty = false;
      dirty = [];
      for (const [key, tile] of tiles) {
        if (memory.bytes > memory.limitBytes / 2 || !isLive(tile)) drop(key, tile);
      }
    },
    clear() {
      recent.clear();
      for (const [key, tile] of tiles) drop(key, tile);
      dirty = [];
    },
  };
}

function emptyTile(start: number, modelId: number, set: CountedSet, segment: string): OpenTile {
  const histograms = set.features.map(({ counter }) => emptyHistogram(counter.binning));
  let bytes = 500;
  for (const h of histograms) {
    bytes += h.counts.byteLength + (h.kind === 'numeric' ? h.tailSums : h.cells).byteLength + 300;
  }
  const observed = new Float64Array(histograms.length);
  return {
    start,
    modelId,
    set,
    segment,
    histograms,
    observed,
    bytes,
    events: 0,
    loaded: false,
    dirty: false,
  };
}

function countIn(tile: OpenTile, set: CountedSet, frame: EventFrame): void {
  const { histograms, observed } = tile;
  const { slots, numbers, texts } = frame;
  tile.events += 1;
  for (let i = 0; i < set.features.length; i += 1) {
    const feature = set.features[i] as CountedSet['features'][number];
    const at = feature.frameIndex;
    const slot = (at < 0 ? SLOT.absent : (slots[at] ?? SLOT.absent)) as Slot;
    if (slot === SLOT.absent) continue;
    observed[i] = (observed[i] as number) + 1;
    const histogram = histograms[i] as Histogram;
    const number = numbers[at] as number;
    // The same call twice on purpose: each place then calls counters of one kind only, and is compiled in line.
    if (histogram.kind === 'numeric') feature.counter.add(histogram, slot, number, '');
    else feature.counter.add(histogram, slot, number, texts[at] as string);
  }
}

/** Adds a stored row to a tile that was counted from nothing. */
export function addStored(tile: OpenTile, stored: TileWrite): void {
  const histograms = decodeChunk(
    stored.counts,
    tile.set.features.map(({ counter }) => counter.binning),
  );
  histograms.forEach((histogram, i) => {
    mergeInto(tile.histograms[i] as Histogram, histogram);
    tile.observed[i] = (tile.observed[i] ?? 0) + observationTotal(histogram);
  });
  tile.events += stored.events;
}

/**
 * A tile as the row it is to become.
 * @throws Error when a histogram does not add up to what it was given: a defect, nothing of it is stored
 */
export function tileRow(tile: OpenTile, segmentId: number): TileWrite {
  tile.histograms.forEach((histogram, i) => {
    const observed = tile.observed[i] ?? 0;
    if (observationTotal(histogram) !== observed || observed > tile.events) {
      throw new Error(
        `a histogram of tile ${tile.start} holds ${observationTotal(histogram)} of ${observed} values of ${tile.events} events`,
      );
    }
  });
  return {
    start: tile.start,
    modelId: tile.modelId,
    binningSetId: tile.set.id,
    segmentId,
    events: tile.events,
    counts: encodeChunk(tile.histograms),
  };
}
