import { ALL_SEGMENT } from '../core/domain/feature.ts';
import { SLOT } from '../core/domain/event-frame.ts';
import type { EventFrame, Slot } from '../core/domain/event-frame.ts';
import { decodeChunk, encodeChunk } from '../core/histogram/coding/codec.ts';
import { emptyHistogram, mergeInto } from '../core/histogram/histogram.ts';
import type { Histogram } from '../core/histogram/types.ts';
import type { TileWrite } from '../storage/ingest-store.ts';
import type { CountedModelPlan, CountedSet } from './model-registry.ts';

/** Width of the smallest stored tile. */
export const TILE_MS = 300_000;

/** Clean tiles kept in memory a partition; what is touched again after that is loaded again. */
const MAX_CLEAN_TILES = 256;

/** Counts of one (model, 5 minutes, binning set, segment) of one partition, as they are to stand in the database. */
export interface OpenTile {
  readonly start: number;
  readonly modelId: number;
  readonly set: CountedSet;
  readonly segment: string;
  readonly histograms: readonly Histogram[];
  events: number;
  /** false: the partition's stored row, if there is one, has not been added yet. */
  loaded: boolean;
  dirty: boolean;
}

/** The tiles of one partition that are being counted. Bounded: clean tiles are dropped, oldest first. */
export interface TileCache {
  /** Counts one event in the tile of `segment`. */
  count(plan: CountedModelPlan, frame: EventFrame, segment: string): void;
  dirty(): OpenTile[];
  /** Marks all tiles clean and drops what is too much. */
  committed(): void;
  clear(): void;
}

export function createTileCache(): TileCache {
  const tiles = new Map<string, OpenTile>();
  let dirty: OpenTile[] = [];

  function open(plan: CountedModelPlan, set: CountedSet, start: number, segment: string): OpenTile {
    const { modelId } = plan.schema;
    const key = `${start}/${modelId}/${set.id}/${segment}`;
    let tile = tiles.get(key);
    if (tile === undefined) {
      const histograms = set.features.map(({ counter }) => emptyHistogram(counter.binning));
      tile = { start, modelId, set, segment, histograms, events: 0, loaded: false, dirty: false };
      tiles.set(key, tile);
    }
    if (!tile.dirty) {
      tile.dirty = true;
      dirty.push(tile);
    }
    return tile;
  }

  return {
    count(plan, frame, segment) {
      const start = Math.floor(frame.time / TILE_MS) * TILE_MS;
      for (const set of plan.sets) {
        const tile = open(plan, set, start, segment);
        tile.events += 1;
        for (let i = 0; i < set.features.length; i += 1) {
          const feature = set.features[i] as CountedSet['features'][number];
          const at = feature.frameIndex;
          if (at < 0) continue;
          const slot = (frame.slots[at] ?? SLOT.absent) as Slot;
          feature.counter.add(
            tile.histograms[i] as Histogram,
            slot,
            frame.numbers[at] as number,
            frame.texts[at] as string,
          );
        }
      }
    },
    dirty: () => dirty,
    committed() {
      for (const tile of dirty) tile.dirty = false;
      dirty = [];
      let excess = tiles.size - MAX_CLEAN_TILES;
      if (excess <= 0) return;
      for (const key of tiles.keys()) {
        tiles.delete(key);
        excess -= 1;
        if (excess <= 0) break;
      }
    },
    clear() {
      tiles.clear();
      dirty = [];
    },
  };
}

/** Segments an event belongs to: "all" and one a declared attribute. */
export function segmentsOf(
  frame: EventFrame,
  admit: (segment: string, attribute: string) => string,
): string[] {
  const segments = [ALL_SEGMENT];
  const attributes = frame.schema?.attributes ?? [];
  attributes.forEach((attribute, i) => {
    const value = frame.attributes[i];
    if (value !== null && value !== undefined)
      segments.push(admit(`${attribute}=${value}`, attribute));
  });
  return segments;
}

/** Adds a stored row to a tile that was counted from nothing. */
export function addStored(tile: OpenTile, stored: TileWrite): void {
  const histograms = decodeChunk(
    stored.counts,
    tile.set.features.map(({ counter }) => counter.binning),
  );
  histograms.forEach((histogram, i) => {
    mergeInto(tile.histograms[i] as Histogram, histogram);
  });
  tile.events += stored.events;
}

/** A tile as the row it is to become. */
export function tileRow(tile: OpenTile, segmentId: number): TileWrite {
  return {
    start: tile.start,
    modelId: tile.modelId,
    binningSetId: tile.set.id,
    segmentId,
    events: tile.events,
    counts: encodeChunk(tile.histograms),
  };
}
