import { decodeChunk, encodeChunk } from '../core/histogram/coding/codec.ts';
import { emptyHistogram, mergeInto } from '../core/histogram/histogram.ts';
import type { Histogram } from '../core/histogram/types.ts';
import type { CatalogStore } from '../storage/catalog-store.ts';
import type { RolledTile, TileKeeper, TileReader, TileRow } from '../storage/tile-store.ts';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
/** Tiles of 5 minutes are counted into, and kept, for this long behind the watermark. */
export const FIVE_MINUTES_KEPT_MS = 8 * DAY_MS;
/** Slices of a model that one pass rolls up at most: the others wait for the next. */
const SLICES_A_PASS = 200;

/** Rows of bad records that are kept of a partition, and for how long. */
const QUARANTINE_ROWS = 10_000;
const QUARANTINE_KEPT_MS = 30 * DAY_MS;

/** How long rolled-up tiles are kept, behind the model's watermark. */
export interface Retention {
  readonly hoursMs: number;
  readonly daysMs: number;
}

export interface KeepTilesDeps {
  readonly keeper: TileKeeper;
  readonly tiles: Pick<TileReader, 'watermark'>;
  readonly catalog: Pick<CatalogStore, 'binningSets'>;
  readonly retention: Retention;
}

/** What one pass did. */
export interface Kept {
  readonly rolledUp: number;
  readonly forgotten: number;
  readonly daysDropped: number;
  readonly quarantineTrimmed: number;
}

/**
 * One pass over the tiles of these models: 5 minutes become hours when nothing can be counted into them any more, hours
 * become days, and what is old goes. Counts are added exactly, sums of floats in ascending order of slice and partition.
 * Everything is reckoned from each model's watermark, so that data of long ago is kept as well as today's.
 *
 * @returns null: another process is at it
 */
export async function keepTiles(
  { keeper, tiles, catalog, retention }: KeepTilesDeps,
  models: readonly { readonly id: number; readonly allowedLatenessMs: number }[],
): Promise<Kept | null> {
  const kept = { rolledUp: 0, forgotten: 0, daysDropped: 0, quarantineTrimmed: 0 };
  const merge = (rows: readonly TileRow[]): Promise<RolledTile[]> => merged(catalog, rows);
  const ran = await keeper.exclusively(async () => {
    kept.quarantineTrimmed = await keeper.trimQuarantine(QUARANTINE_ROWS, QUARANTINE_KEPT_MS);
    let oldest = Infinity;
    for (const { id, allowedLatenessMs } of models) {
      const { time } = await tiles.watermark(id, allowedLatenessMs);
      if (time === null) {
        oldest = -Infinity;
        continue;
      }
      const hours = floor(time - FIVE_MINUTES_KEPT_MS, HOUR_MS);
      await keeper.seal(id, hours);
      const days = floor(time - retention.hoursMs, DAY_MS);
      for (const [from, to, until] of [
        [5, 60, hours],
        [60, 1440, days],
      ] as const) {
        for (const start of await keeper.unrolled(id, { from, to }, until, SLICES_A_PASS)) {
          await keeper.rollUp(id, start, { from, to }, merge);
          kept.rolledUp += 1;
        }
      }
      const before = floor(time - retention.daysMs, DAY_MS);
      kept.forgotten += await keeper.forget(id, before);
      oldest = Math.min(oldest, before);
    }
    // A day that another model of this database may still fill is not empty for long, and made again then.
    if (Number.isFinite(oldest)) kept.daysDropped = await keeper.dropEmptyDays(oldest);
  });
  return ran ? kept : null;
}

const floor = (time: number, unit: number): number => Math.floor(time / unit) * unit;

/** One tile a segment and binning set: the sum of all of its slices and partitions. */
async function merged(
  catalog: KeepTilesDeps['catalog'],
  rows: readonly TileRow[],
): Promise<RolledTile[]> {
  const sets = await catalog.binningSets([...new Set(rows.map((row) => row.binningSetId))]);
  const sums = new Map<string, { tile: TileRow; events: number; histograms: Histogram[] }>();
  for (const row of rows) {
    const set = sets.get(row.binningSetId);
    if (set === undefined)
      throw new Error(`tile rows name binning set ${row.binningSetId}, which is not there`);
    const binnings = set.entries.map(({ binning }) => binning);
    const key = `${row.binningSetId}/${row.segment}`;
    const sum = sums.get(key) ?? { tile: row, events: 0, histograms: binnings.map(emptyHistogram) };
    sums.set(key, sum);
    sum.events += row.events;
    decodeChunk(row.counts, binnings).forEach((histogram, i) => {
      mergeInto(sum.histograms[i] as Histogram, histogram);
    });
  }
  return [...sums.values()].map(({ tile, events, histograms }) => ({
    binningSetId: tile.binningSetId,
    segment: tile.segment,
    events,
    counts: encodeChunk(histograms),
  }));
}
