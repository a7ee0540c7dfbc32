import { decodeChunk, encodeChunk } from '../core/histogram/coding/codec.ts';
import { emptyHistogram, mergeInto } from '../core/histogram/histogram.ts';
import type { Histogram } from '../core/histogram/types.ts';
import { toError } from '../platform/errors.ts';
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
  /** What could not be done this time; the next pass tries again. */
  readonly failed: readonly { readonly what: string; readonly error: Error }[];
}

interface ConfiguredModel {
  readonly id: number;
  readonly allowedLatenessMs: number;
}

/**
 * One pass over the tiles of the database: 5 minutes become hours when nothing can be counted into them any more, hours
 * become days, and what is old goes. Counts are added exactly, sums of floats in ascending order of slice and partition.
 * Everything is reckoned from each model's watermark, so that data of long ago is kept as well as today's. What fails for
 * one model is told and does not keep the others waiting.
 *
 * @param models those of the configuration; of others that the database knows, what is old goes as well
 * @returns null: another process is at it
 */
export async function keepTiles(
  deps: KeepTilesDeps,
  models: readonly ConfiguredModel[],
): Promise<Kept | null> {
  const { keeper } = deps;
  const done = { rolledUp: 0, forgotten: 0, daysDropped: 0, quarantineTrimmed: 0 };
  const failed: { what: string; error: Error }[] = [];
  const attempt = async (what: string, work: () => Promise<void>): Promise<void> => {
    try {
      await work();
    } catch (thrown) {
      failed.push({ what, error: toError(thrown) });
    }
  };
  const ran = await keeper.exclusively(async () => {
    await attempt('quarantine', async () => {
      done.quarantineTrimmed = await keeper.trimQuarantine(QUARANTINE_ROWS, QUARANTINE_KEPT_MS);
    });
    const configured = new Map(models.map((model) => [model.id, model]));
    /** Before these nothing is kept; a model whose turn failed keeps everything. */
    const horizons = new Map<number, number>();
    const counted = await keeper.counted();
    for (const { id, quietMs } of counted) {
      horizons.set(id, -Infinity);
      const model = configured.get(id);
      await attempt(`model ${id}`, async () => {
        const kept = model === undefined ? leave(deps, id, quietMs) : keep(deps, model);
        const { rolledUp, horizon } = await kept;
        done.rolledUp += rolledUp;
        horizons.set(id, horizon);
      });
    }
    // Days that no model needs go whole, unread; rows go one by one only where another model still needs the day.
    const needed = Math.min(...horizons.values());
    for (const [id, horizon] of horizons) {
      if (horizon <= needed) continue;
      await attempt(`model ${id}`, async () => {
        done.forgotten += await keeper.forget(id, needed, horizon);
      });
    }
    await attempt('days', async () => {
      done.daysDropped = await keeper.dropDays(horizons);
    });
  });
  return ran ? { ...done, failed } : null;
}

interface KeptModel {
  readonly rolledUp: number;
  /** Before this nothing of the model is kept. */
  readonly horizon: number;
}

const ALL_KEPT: KeptModel = { rolledUp: 0, horizon: -Infinity };

async function keep(
  { keeper, tiles, catalog, retention }: KeepTilesDeps,
  { id, allowedLatenessMs }: ConfiguredModel,
): Promise<KeptModel> {
  const { time } = await tiles.watermark(id, allowedLatenessMs);
  if (time === null) return ALL_KEPT;
  const merge = (rows: readonly TileRow[]): Promise<RolledTile[]> => merged(catalog, rows);
  const hours = floor(time - FIVE_MINUTES_KEPT_MS, HOUR_MS);
  await keeper.seal(id, hours);
  const days = floor(time - retention.hoursMs, DAY_MS);
  let rolledUp = 0;
  for (const [from, to, until] of [
    [5, 60, hours],
    [60, 1440, days],
  ] as const) {
    for (const start of await keeper.unrolled(id, { from, to }, until, SLICES_A_PASS)) {
      await keeper.rollUp(id, start, { from, to }, merge);
      rolledUp += 1;
    }
  }
  return { rolledUp, horizon: floor(time - retention.daysMs, DAY_MS) };
}

/**
 * A model that is configured no more has no events that would move its watermark: there the time since the last one goes by
 * as well. Not before a day, since another driftd with a configuration of its own may be counting it.
 */
async function leave(
  { keeper, tiles, retention }: KeepTilesDeps,
  id: number,
  quietMs: number,
): Promise<KeptModel> {
  const { maxEventTime } = await tiles.watermark(id, 0);
  if (maxEventTime === null || quietMs < DAY_MS) return ALL_KEPT;
  const horizon = floor(maxEventTime + quietMs - retention.daysMs, DAY_MS);
  // Should its events come again in this very moment, none of them is in what goes.
  await keeper.seal(id, horizon);
  return { rolledUp: 0, horizon };
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
