import type { EventFrame } from '../core/domain/event-frame.ts';
import { decodeChunk, encodeChunk } from '../core/histogram/coding/codec.ts';
import { emptyHistogram, mergeInto, observationTotal } from '../core/histogram/histogram.ts';
import { letRowsGo, selectRows, takeRows } from '../core/histogram/kernel/count-memory.ts';
import type { Histogram } from '../core/histogram/types.ts';
import type { TileWrite } from '../storage/ingest-store.ts';
import type { CountedModelPlan, CountedSet } from './model-registry.ts';
import { maxRows, RowBlock } from './row-block.ts';

/** Width of the smallest stored tile. */
export const TILE_MS = 300_000;

/** With events of more models than this in a partition, what waits of them stays small. */
const LARGE_BLOCKS = 16;

/** Counts of one (model, 5 minutes, binning set, segment) of one partition, as they are to stand in the database. */
export interface OpenTile {
  readonly start: number;
  readonly modelId: number;
  readonly binningSetId: number;
  readonly segment: string;
  /** In the order of the binning set, which never changes; which features of a frame go there is the plan's to say. */
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

/** The dirty tiles that the events of one model, 5 minutes and segment go to, one a binning set. */
interface TileGroup {
  readonly plan: CountedModelPlan;
  readonly start: number;
  /** One for each of the plan's sets, in their order. A tile may be older than the plan. */
  readonly tiles: readonly OpenTile[];
  /** Rows of the model's block that wait to be counted in them: the first `waiting` of it. */
  readonly rows: Uint16Array;
  waiting: number;
}

interface Waiting {
  block: RowBlock;
  readonly groups: TileGroup[];
}

/**
 * The tiles of one partition that are being counted. A class: what is called for every event is then the same to V8 whichever
 * partition it is of.
 */
export class TileCache {
  private readonly memory: TileMemory;
  /** In the order of their first touch since they were last clean. */
  private readonly tiles = new Map<string, OpenTile>();
  private touched: OpenTile[] = [];
  private readonly groups = new Map<string, TileGroup>();
  /** By segment the group that was counted in last: most often that of the next event, too. */
  private readonly recent = new Map<string, TileGroup>();
  /** By model the events that are not counted yet. */
  private readonly waiting = new Map<number, Waiting>();
  private last: Waiting | null = null;
  /** Where the tile of the last event begins: most often that of the next one, too. */
  private latestStart = NaN;

  constructor(memory: TileMemory) {
    this.memory = memory;
  }

  /** Counts one event in the tiles of the segments; by the next call of `dirty` at the latest. */
  count(plan: CountedModelPlan, frame: EventFrame, segments: readonly string[]): void {
    const found = this.waitingOf(plan);
    if (found.block.isFull) this.makeRoom(found);
    const row = found.block.add(frame);
    const start = this.startOf(frame.time);
    for (let i = 0; i < segments.length; i += 1) {
      const group = this.groupOf(plan, start, segments[i] as string);
      if (group.waiting === 0) found.groups.push(group);
      group.rows[group.waiting] = row;
      group.waiting += 1;
    }
  }

  get isDirty(): boolean {
    return this.touched.length > 0;
  }

  /** Tiles that differ from the database. */
  dirty(): readonly OpenTile[] {
    for (const rows of this.waiting.values()) countRows(rows);
    return this.touched;
  }

  /**
   * Marks all tiles clean. Drops those that nothing can be counted in any more and, when memory is short, those that were
   * touched longest ago; what is touched again after that is loaded again.
   */
  committed(isLive: (tile: OpenTile) => boolean): void {
    this.forgetGroups();
    for (const tile of this.touched) tile.dirty = false;
    this.touched = [];
    const { memory } = this;
    for (const [key, tile] of this.tiles) {
      if (memory.bytes > memory.limitBytes / 2 || !isLive(tile)) this.drop(key, tile);
    }
  }

  clear(): void {
    this.forgetGroups();
    this.waiting.clear();
    this.last = null;
    for (const [key, tile] of this.tiles) this.drop(key, tile);
    this.touched = [];
  }

  private open(modelId: number, set: CountedSet, start: number, segment: string): OpenTile {
    const key = `${start}/${modelId}/${set.id}/${segment}`;
    let tile = this.tiles.get(key);
    if (tile === undefined) {
      tile = emptyTile(start, modelId, set, segment);
      this.memory.bytes += tile.bytes;
      this.tiles.set(key, tile);
    }
    if (!tile.dirty) {
      tile.dirty = true;
      this.touched.push(tile);
      this.tiles.delete(key);
      this.tiles.set(key, tile);
    }
    return tile;
  }

  private startOf(time: number): number {
    if (!(time >= this.latestStart && time < this.latestStart + TILE_MS))
      this.latestStart = Math.floor(time / TILE_MS) * TILE_MS;
    return this.latestStart;
  }

  private groupOf(plan: CountedModelPlan, start: number, segment: string): TileGroup {
    const latest = this.recent.get(segment);
    if (latest?.start === start && latest.plan === plan) return latest;
    const { modelId } = plan.schema;
    const key = `${start}/${modelId}/${segment}`;
    let group = this.groups.get(key);
    if (group?.plan !== plan) {
      const tiles = plan.sets.map((set) => this.open(modelId, set, start, segment));
      group = { plan, start, tiles, rows: new Uint16Array(maxRows(plan)), waiting: 0 };
      this.groups.set(key, group);
    }
    this.recent.set(segment, group);
    return group;
  }

  private waitingOf(plan: CountedModelPlan): Waiting {
    if (this.last?.block.plan === plan) return this.last;
    let found = this.waiting.get(plan.schema.modelId);
    if (found?.block.plan !== plan) {
      if (found !== undefined) countRows(found);
      found = { block: new RowBlock(plan, null), groups: [] };
      this.waiting.set(plan.schema.modelId, found);
    }
    this.last = found;
    return found;
  }

  /** Counts the rows of a block that is full. A model of many events gets a larger one while there are few such. */
  private makeRoom(full: Waiting): void {
    countRows(full);
    if (full.block.mayGrow && this.waiting.size <= LARGE_BLOCKS)
      full.block = new RowBlock(full.block.plan, full.block);
  }

  private drop(key: string, tile: OpenTile): void {
    this.tiles.delete(key);
    this.memory.bytes -= tile.bytes;
  }

  private forgetGroups(): void {
    this.recent.clear();
    this.groups.clear();
  }
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
    binningSetId: set.id,
    segment,
    histograms,
    observed,
    bytes,
    events: 0,
    loaded: false,
    dirty: false,
  };
}

/** Counts what waits, feature by feature. */
function countRows({ block, groups }: Waiting): void {
  takeRows(block, block.length);
  for (let i = 0; i < groups.length; i += 1) {
    const group = groups[i] as TileGroup;
    const { sets } = group.plan;
    selectRows(group.rows, group.waiting);
    for (let j = 0; j < sets.length; j += 1)
      countIn(group.tiles[j] as OpenTile, sets[j] as CountedSet, block, group);
    group.waiting = 0;
  }
  letRowsGo();
  groups.length = 0;
  block.length = 0;
}

/** @param set the tile's, of the plan that the block is of */
function countIn(
  tile: OpenTile,
  { features }: CountedSet,
  block: RowBlock,
  { rows, waiting: count }: TileGroup,
): void {
  const { histograms, observed } = tile;
  tile.events += count;
  for (let i = 0; i < features.length; i += 1) {
    const { frameIndex, counter } = features[i] as CountedSet['features'][number];
    if (frameIndex < 0) continue;
    const histogram = histograms[i] as Histogram;
    const more = counter.addRows(histogram, block, frameIndex, rows, count);
    observed[i] = (observed[i] as number) + more;
  }
}

/** Adds a stored row to a tile that was counted from nothing. */
export function addStored(tile: OpenTile, stored: TileWrite): void {
  const histograms = decodeChunk(
    stored.counts,
    tile.histograms.map(({ binning }) => binning),
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
    binningSetId: tile.binningSetId,
    segmentId,
    events: tile.events,
    counts: encodeChunk(tile.histograms),
  };
}
