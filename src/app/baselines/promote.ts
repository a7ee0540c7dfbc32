import { HOUR_MS, createBlockCollector, groupBins } from '../../core/baseline/blocks.ts';
import type { BlockCollector } from '../../core/baseline/blocks.ts';
import { sealBaseline } from '../../core/baseline/document/document.ts';
import { MIN_SEGMENT_ROWS } from '../../core/baseline/sampler.ts';
import { slotOf } from '../../core/baseline/slots.ts';
import type { Baseline, BaselineFeature } from '../../core/baseline/types.ts';
import { ALL_SEGMENT } from '../../core/domain/feature.ts';
import { binnedQuantile } from '../../core/evaluate/baseline-diff.ts';
import { decodeChunk } from '../../core/histogram/coding/codec.ts';
import { emptyHistogram, mergeInto } from '../../core/histogram/histogram.ts';
import type { Histogram } from '../../core/histogram/types.ts';
import { TILE_MS } from '../../core/window/windows.ts';
import { DriftdError } from '../../platform/errors.ts';
import type { BinningSet, CatalogStore, ModelRow } from '../../storage/catalog-store.ts';
import type { TileReader, TileRow } from '../../storage/tile-store.ts';

const DAY_MS = 86_400_000;
const MAX_SPAN_MS = 366 * DAY_MS;

/** What has been counted of one feature in one segment. */
interface Summed {
  readonly histogram: Histogram;
  readonly blocks: BlockCollector;
  readonly slots: Map<number, Histogram>;
}

/**
 * A baseline of what was counted in [from, to): the tiles' counts are its counts, exactly, on the active baseline's
 * binnings. Names of categories that were seen once are not in tiles: what is known of rare values is the active one's.
 * @throws DriftdError INPUT_INVALID
 */
export async function promoteTiles(
  deps: { readonly tiles: TileReader; readonly catalog: CatalogStore },
  model: ModelRow,
  active: Baseline,
  from: number,
  to: number,
): Promise<Baseline> {
  if (!(from < to) || from % TILE_MS !== 0 || to % TILE_MS !== 0) {
    const text = 'a window begins before it ends, both at multiples of 5 minutes';
    throw new DriftdError('INPUT_INVALID', text);
  }
  if (to - from > MAX_SPAN_MS) {
    const text = 'a window that is promoted has at most 366 days';
    throw new DriftdError('INPUT_INVALID', text);
  }
  const names = new Map(
    (await deps.catalog.allFeatures(model.id)).map(({ id, name }) => [id, name] as const),
  );
  const reference = new Map(active.features.map((feature) => [feature.name, feature]));
  const withSlots = active.features.some(({ slots }) => slots !== null);
  const segments = new Map<string, Map<string, Summed>>();
  const events = new Map<string, number>();
  for await (const { row, entries } of wholeTiles(deps, model.id, from, to)) {
    const key = `${row.segment}\0${row.binningSetId}`;
    events.set(key, (events.get(key) ?? 0) + row.events);
    const histograms = decodeChunk(
      row.counts,
      entries.map(({ binning }) => binning),
    );
    for (const [i, histogram] of histograms.entries()) {
      const feature = reference.get(names.get(entries[i]?.featureId ?? -1) ?? '');
      if (feature?.histogram.binning.id !== histogram.binning.id) continue;
      add(summedOf(segments, row.segment, feature), histogram, row, withSlots);
    }
  }
  const rowsOf = (segment: string): number =>
    Math.max(
      0,
      ...[...events].filter(([key]) => key.startsWith(`${segment}\0`)).map(([, count]) => count),
    );
  if (rowsOf(ALL_SEGMENT) === 0) {
    const text = `nothing of the model ${model.name} was counted between ${iso(from)} and ${iso(to)}`;
    throw new DriftdError('INPUT_INVALID', text);
  }
  const featuresOf = (segment: string): BaselineFeature[] =>
    active.features.flatMap((feature) => {
      const summed = segments.get(segment)?.get(feature.name);
      return summed === undefined ? [] : [promoted(feature, summed)];
    });
  const heavy = [...segments.keys()].filter(
    (segment) => segment !== ALL_SEGMENT && rowsOf(segment) >= MIN_SEGMENT_ROWS,
  );
  return sealBaseline({
    model: model.name,
    rows: rowsOf(ALL_SEGMENT),
    from,
    to,
    provenance: `events from ${iso(from)} to ${iso(to)}`,
    features: featuresOf(ALL_SEGMENT),
    segments: new Map(heavy.toSorted().map((segment) => [segment, featuresOf(segment)])),
  });
}

/**
 * Every tile of the window, a day at a time. Older counts are kept by the hour, then by the day: one that the window
 * would cut cannot be cut.
 * @throws DriftdError INPUT_INVALID naming the tile
 */
async function* wholeTiles(
  { tiles, catalog }: { readonly tiles: TileReader; readonly catalog: CatalogStore },
  modelId: number,
  from: number,
  to: number,
): AsyncGenerator<{ readonly row: TileRow; readonly entries: BinningSet['entries'] }> {
  // No tile is wider than a day: what reaches into the window begins in the day before it.
  for (let at = from - DAY_MS; at < to; at += DAY_MS) {
    const rows = await tiles.tiles(modelId, at, Math.min(at + DAY_MS, to));
    const sets = await catalog.binningSets([...new Set(rows.map((row) => row.binningSetId))]);
    for (const row of rows) {
      const end = row.start + row.spanMinutes * 60_000;
      if (end <= from) continue;
      if (row.start < from || end > to) {
        const kept = row.spanMinutes === 60 ? 'hour' : 'day';
        const text = `counts from ${iso(row.start)} to ${iso(end)} are kept by the ${kept} by now: begin and end the window at whole ones`;
        throw new DriftdError('INPUT_INVALID', text);
      }
      yield { row, entries: sets.get(row.binningSetId)?.entries ?? [] };
    }
  }
}

const iso = (time: number): string => new Date(time).toISOString();

function summedOf(
  segments: Map<string, Map<string, Summed>>,
  segment: string,
  { name, histogram, blocks }: BaselineFeature,
): Summed {
  const features = segments.get(segment) ?? new Map<string, Summed>();
  segments.set(segment, features);
  const summed = features.get(name) ?? {
    histogram: emptyHistogram(histogram.binning),
    blocks: createBlockCollector(blocks?.groupOf ?? groupBins(histogram)),
    slots: new Map<number, Histogram>(),
  };
  features.set(name, summed);
  return summed;
}

function add(summed: Summed, histogram: Histogram, row: TileRow, withSlots: boolean): void {
  mergeInto(summed.histogram, histogram);
  // A day's tile is one block at its first hour: hours within it are not known any more.
  const hour = Math.floor(row.start / HOUR_MS);
  const cells =
    histogram.kind === 'numeric'
      ? histogram.counts
      : [...histogram.counts, histogram.other, histogram.unseen];
  for (const [bin, count] of cells.entries()) {
    if (count > 0) summed.blocks.add(bin, hour, count);
  }
  if (!withSlots || row.spanMinutes > 60) return;
  const slot = slotOf(hour);
  const ofSlot = summed.slots.get(slot) ?? emptyHistogram(histogram.binning);
  mergeInto(ofSlot, histogram);
  summed.slots.set(slot, ofSlot);
}

function promoted(feature: BaselineFeature, { histogram, blocks, slots }: Summed): BaselineFeature {
  const { name, kind, role, goodTuring } = feature;
  const spread =
    histogram.kind === 'numeric' && histogram.min <= histogram.max
      ? binnedQuantile(histogram, 0.9) - binnedQuantile(histogram, 0.1)
      : 0;
  const built = blocks.build();
  return {
    name,
    kind,
    role,
    histogram,
    blocks: built.hours.length === 0 ? null : built,
    scale: Number.isFinite(spread) ? spread : 0,
    goodTuring,
    slots: slots.size === 0 ? null : new Map([...slots].toSorted(([a], [b]) => a - b)),
  };
}
