import { HOUR_MS } from '../core/baseline/blocks.ts';
import { slotOf } from '../core/baseline/slots.ts';
import { decodeChunk } from '../core/histogram/coding/codec.ts';
import { binnedTotal, emptyHistogram, mergeInto } from '../core/histogram/histogram.ts';
import type { Histogram } from '../core/histogram/types.ts';
import type { CatalogStore } from '../storage/catalog-store.ts';
import type { TileReader, TileRow } from '../storage/tile-store.ts';

export interface WindowSpan {
  readonly name: string;
  readonly spanMs: number;
}

/** The counts of one window: histograms by segment and feature, under every binning that its events were counted under. */
export interface WindowCounts {
  readonly window: WindowSpan;
  /** Events of the segment "all" (or any other) in the window. */
  events(segment: string): number;
  /** Sum of the feature's tiles under this binning; null: none were counted under it. */
  histogram(segment: string, featureId: number, binningId: string): Histogram | null;
  /** Were values of the feature counted under any binning? */
  counted(segment: string, featureId: number): boolean;
  segments(): string[];
  /** Binned values by hour-of-week slot; empty unless slots were asked for. */
  slotRows(segment: string, featureId: number, binningId: string): ReadonlyMap<number, number>;
}

export interface ReadWindowsOptions {
  readonly modelId: number;
  readonly end: number;
  readonly windows: readonly WindowSpan[];
  /** Count the values of each hour of the week apart, too, for seasonal references. */
  readonly slots: boolean;
}

/**
 * Sums tiles into windows [end - span, end): one query over the longest span, each tile decoded once. Rows: tiles of the
 * span x partitions x segments x binning sets; partitions are added in ascending order, so that sums of floats repeat.
 */
export async function readWindows(
  deps: { readonly tiles: TileReader; readonly catalog: CatalogStore },
  { modelId, end, windows, slots }: ReadWindowsOptions,
): Promise<WindowCounts[]> {
  const longest = Math.max(...windows.map(({ spanMs }) => spanMs));
  const rows = await deps.tiles.tiles(modelId, end - longest, end);
  const sets = await deps.catalog.binningSets([...new Set(rows.map((row) => row.binningSetId))]);
  const sums = windows.map((window) => createSum(window));
  for (const row of rows) {
    const set = sets.get(row.binningSetId);
    if (set === undefined)
      throw new Error(`tile rows name binning set ${row.binningSetId}, which is not there`);
    const histograms = decodeChunk(
      row.counts,
      set.entries.map(({ binning }) => binning),
    );
    const hours = slots ? hoursOf(row) : [];
    for (const sum of sums) {
      if (row.start < end - sum.window.spanMs) continue;
      sum.addEvents(row.segment, row.binningSetId, row.events);
      histograms.forEach((histogram, i) => {
        sum.add(row.segment, set.entries[i]?.featureId ?? -1, histogram, hours);
      });
    }
  }
  return sums;
}

/** The hour-of-week slots of a tile: of a day's tile all 24, which share its rows. */
function hoursOf({ start, spanMinutes }: TileRow): number[] {
  const first = Math.floor(start / HOUR_MS);
  return Array.from({ length: Math.max(1, spanMinutes / 60) }, (_, i) => slotOf(first + i));
}

interface WindowSum extends WindowCounts {
  add(segment: string, featureId: number, histogram: Histogram, slots: readonly number[]): void;
  addEvents(segment: string, binningSetId: number, events: number): void;
}

function createSum(window: WindowSpan): WindowSum {
  const sums = new Map<string, Histogram>();
  const rowsOf = new Map<string, Map<number, number>>();
  const features = new Set<string>();
  /** Events by segment and binning set: every set has counted every event, so one of them tells. */
  const events = new Map<string, Map<number, number>>();
  return {
    window,
    add(segment, featureId, histogram, slots) {
      const key = `${segment}\0${featureId}\0${histogram.binning.id}`;
      let sum = sums.get(key);
      if (sum === undefined) {
        sum = emptyHistogram(histogram.binning);
        sums.set(key, sum);
        features.add(`${segment}\0${featureId}`);
      }
      mergeInto(sum, histogram);
      if (slots.length === 0) return;
      const rows = rowsOf.get(key) ?? new Map<number, number>();
      const share = binnedTotal(histogram) / slots.length;
      for (const slot of slots) rows.set(slot, (rows.get(slot) ?? 0) + share);
      rowsOf.set(key, rows);
    },
    addEvents(segment, binningSetId, count) {
      const bySet = events.get(segment) ?? new Map<number, number>();
      bySet.set(binningSetId, (bySet.get(binningSetId) ?? 0) + count);
      events.set(segment, bySet);
    },
    events: (segment) => Math.max(0, ...(events.get(segment)?.values() ?? [])),
    histogram: (segment, featureId, binningId) =>
      sums.get(`${segment}\0${featureId}\0${binningId}`) ?? null,
    counted: (segment, featureId) => features.has(`${segment}\0${featureId}`),
    segments: () => [...events.keys()],
    slotRows: (segment, featureId, binningId) =>
      rowsOf.get(`${segment}\0${featureId}\0${binningId}`) ?? new Map(),
  };
}
