import { baselineFromList } from './baselines.ts';
import type { Row } from './baselines.ts';
import { createEvaluator } from '../../src/compare/evaluate-task.ts';
import type { EvaluateDeps, EvaluatedMonitor, Evaluator } from '../../src/compare/evaluate-task.ts';
import { DEFAULT_POLICY } from '../../src/core/evaluate/types.ts';
import type { EvaluationPolicy, FeatureResult } from '../../src/core/evaluate/types.ts';
import { createCounter } from '../../src/core/histogram/counter.ts';
import { decodeChunk, encodeChunk } from '../../src/core/histogram/coding/codec.ts';
import { emptyHistogram, mergeInto } from '../../src/core/histogram/histogram.ts';
import type { Histogram } from '../../src/core/histogram/types.ts';
import { rowSlot } from '../../src/core/baseline/row-value.ts';
import type { RowSlot } from '../../src/core/baseline/row-value.ts';
import { SLOT } from '../../src/core/domain/event-frame.ts';
import { TILE_MS } from '../../src/core/window/windows.ts';
import { systemClock } from '../../src/platform/clock.ts';
import { createLog } from '../../src/platform/log.ts';
import type { CatalogStore } from '../../src/storage/catalog-store.ts';
import type { EvaluationStore } from '../../src/storage/evaluation-store.ts';
import { createBaselineStore } from '../../src/storage/postgres/baseline-store.ts';
import { createCatalogStore } from '../../src/storage/postgres/catalog-store.ts';
import { createEvaluationStore } from '../../src/storage/postgres/evaluation-store.ts';
import { createIngestStore } from '../../src/storage/postgres/ingest-store.ts';
import { migrate } from '../../src/storage/postgres/migrate.ts';
import { createPool } from '../../src/storage/postgres/pool.ts';
import type { Pool } from '../../src/storage/postgres/pool.ts';
import { createQualityStore } from '../../src/storage/postgres/quality/quality-store.ts';
import { createRevisionStore } from '../../src/storage/postgres/revisions/revision-store.ts';
import { createTickStore } from '../../src/storage/postgres/tick-store.ts';
import { createTileReader } from '../../src/storage/postgres/tile-reader.ts';
import type { TickStore } from '../../src/storage/tick-store.ts';
import type { TileReader } from '../../src/storage/tile-store.ts';

export const HOUR = 3_600_000;
export const DAY = 24 * HOUR;

const MODEL = 'flights';
const log = createLog('silent');
const WINDOWS = { '1h': HOUR, '6h': 6 * HOUR, '24h': DAY, '7d': 7 * DAY } as const;

/** The compare and schedule stages over a database of their own, with a model, a baseline and whatever is counted. */
export interface World {
  readonly url: string;
  readonly pool: Pool;
  readonly modelId: number;
  readonly catalog: CatalogStore;
  readonly tiles: TileReader;
  readonly ticks: TickStore;
  readonly evaluations: EvaluationStore;
  readonly evaluator: Evaluator;
  /** An evaluator in which some parts are others. */
  evaluatorWith(parts: Partial<EvaluateDeps>): Evaluator;
  /** Counts rows as the ingest stage does: tiles of 5 minutes under the active baseline's binnings, in one checkpoint. */
  count(rows: readonly Row[]): Promise<void>;
  monitor(options?: MonitorOptions): Promise<EvaluatedMonitor>;
  /** Claims the tick at this instant and evaluates it. @returns the scores as stored */
  evaluate(monitor: EvaluatedMonitor, due: number): Promise<FeatureResult[]>;
  results(monitorId: number, windowEnd: number): Promise<FeatureResult[]>;
}

export interface MonitorOptions {
  readonly name?: string;
  readonly windows?: readonly (keyof typeof WINDOWS)[];
  readonly seasonality?: 'daily' | 'weekly' | null;
  readonly policy?: Partial<EvaluationPolicy>;
  readonly policyOf?: (feature: { readonly name: string }) => Partial<EvaluationPolicy>;
  readonly volumeDrop?: number;
  readonly evaluationsPerDay?: number;
  readonly alertPolicy?: EvaluatedMonitor['alertPolicy'];
  readonly routes?: EvaluatedMonitor['routes'];
  readonly receivers?: EvaluatedMonitor['receivers'];
}

/** @param url an empty database */
export async function createWorld(
  url: string,
  baseline: { readonly rows: readonly Row[]; readonly slots?: boolean },
): Promise<World> {
  const pool = createPool({ url, max: 8, applicationName: 'test', log });
  await migrate(pool, log);
  const model = await createCatalogStore(pool).ensureModel(MODEL);
  const baselines = createBaselineStore(pool);
  const row = await baselines.add(
    baselineFromList(MODEL, baseline.rows, baseline.slots ?? false),
    new Map(),
  );
  await baselines.activate(model.id, row.version);
  await pool.end();
  return openWorld(url);
}

/** @param url a database that `createWorld` has made, or one with a model of this name */
export async function openWorld(url: string, modelName = MODEL): Promise<World> {
  const pool = createPool({ url, max: 8, applicationName: 'test', log });
  const catalog = createCatalogStore(pool);
  const baselines = createBaselineStore(pool);
  const model = await catalog.ensureModel(modelName);
  const tiles = createTileReader(pool);
  const ticks = createTickStore(pool);
  const evaluations = createEvaluationStore(pool);
  const deps: EvaluateDeps = {
    baselines,
    catalog,
    tiles,
    evaluations,
    revisions: createRevisionStore(pool),
    quality: createQualityStore(pool),
    clock: systemClock,
    log,
    metrics: { evaluated: () => undefined },
  };
  const evaluator = createEvaluator(deps);

  async function results(monitorId: number, windowEnd: number): Promise<FeatureResult[]> {
    const { rows } = await pool.query<{ result: FeatureResult }>(
      `SELECT s.result FROM evaluation e JOIN score s ON s.evaluation_id = e.id
       WHERE e.monitor_id = $1 AND e.window_end = $2 AND e.revision =
         (SELECT max(revision) FROM evaluation l WHERE l.monitor_id = $1 AND l.window_end = $2)
       ORDER BY s.feature_id, s.segment, s.window_name`,
      [monitorId, new Date(windowEnd).toISOString()],
    );
    return rows.map(({ result }) => result);
  }

  return {
    url,
    pool,
    modelId: model.id,
    catalog,
    tiles,
    ticks,
    evaluations,
    evaluator,
    evaluatorWith: (parts) => createEvaluator({ ...deps, ...parts }),
    count: (rows) => countRows(pool, catalog, model.id, rows),
    async monitor(options = {}) {
      const name = options.name ?? 'daily';
      const { id } = await ticks.ensureMonitor(name, model.id);
      const policy = { ...DEFAULT_POLICY, designEffect: 'none' as const, ...options.policy };
      return {
        id,
        name,
        modelId: model.id,
        model: modelName,
        windows: (options.windows ?? ['24h']).map((window) => ({
          name: window,
          spanMs: WINDOWS[window],
        })),
        seasonality: options.seasonality ?? null,
        policy,
        policyOf: (feature) => ({ ...policy, ...options.policyOf?.(feature) }),
        alertPolicy: options.alertPolicy ?? { open: { firing: 2, of: 3 }, close: 3 },
        volumeDrop: options.volumeDrop ?? 0.5,
        evaluationsPerDay: options.evaluationsPerDay ?? 1,
        routes: options.routes ?? [],
        receivers: options.receivers ?? [],
      };
    },
    async evaluate(monitor, due) {
      const claim = await ticks.claim(monitor.id, due, 'test', 60_000);
      if (claim === null) throw new Error(`the tick at ${new Date(due).toISOString()} is taken`);
      const input = { monitor, claim, complete: true, watermark: due, mayNotify: true };
      if (!(await evaluator.evaluate(input))) throw new Error('the tick was lost');
      return results(monitor.id, due);
    },
    results,
  };
}

/** One checkpoint more of the only partition: tiles that exist already grow. */
async function countRows(
  pool: Pool,
  catalog: CatalogStore,
  modelId: number,
  rows: readonly Row[],
): Promise<void> {
  const store = createIngestStore(pool);
  const key = { source: 'test', topic: 'rows', partition: 0 };
  await store.ensurePartition(key, 0);
  const claim = await store.claim(key, 'test');
  const plan = await catalog.countingPlan(modelId);
  if (claim === null || plan === null) throw new Error('there is nothing to count under');
  const segmentId = await catalog.ensureSegment(modelId, 'all');
  const nameOf = new Map(plan.features.map(({ id, name }) => [id, name]));
  const slot: RowSlot = { slot: SLOT.absent, number: 0, text: '' };
  const byTile = Map.groupBy(rows, (row) => Math.floor(row.time / TILE_MS) * TILE_MS);
  const writes = [];
  for (const [start, ofTile] of [...byTile].sort(([a], [b]) => a - b)) {
    for (const set of plan.sets) {
      const histograms = set.entries.map(({ featureId, binning }): Histogram => {
        const histogram = emptyHistogram(binning);
        const counter = createCounter(binning);
        const name = nameOf.get(featureId);
        if (name === undefined) return histogram;
        for (const row of ofTile) {
          rowSlot(binning.kind, row.values[name] ?? null, slot);
          counter.add(histogram, slot.slot, slot.number, slot.text);
        }
        return histogram;
      });
      const tile = { start, modelId, binningSetId: set.id, segmentId };
      const [before] = await store.loadTiles(claim.part, [tile]);
      if (before !== undefined) {
        const binnings = set.entries.map(({ binning }) => binning);
        decodeChunk(before.counts, binnings).forEach((histogram, i) => {
          mergeInto(histograms[i] as Histogram, histogram);
        });
      }
      const events = ofTile.length + (before?.events ?? 0);
      writes.push({ ...tile, events, counts: encodeChunk(histograms) });
    }
  }
  const [seen] = await store.loadProgress(claim.part);
  const times = [
    ...rows.map(({ time }) => time),
    ...(seen === undefined ? [] : [seen.minEventTime, seen.maxEventTime]),
  ];
  const result = await store.commit({
    part: claim.part,
    epoch: claim.epoch,
    previousOffset: claim.nextOffset,
    nextOffset: claim.nextOffset + rows.length,
    outcomes: { counted: rows.length, quarantined: 0, tooLate: 0, duplicate: 0, filtered: 0 },
    anchorOffset: null,
    anchorHash: null,
    tiles: writes,
    quarantine: [],
    progress: [
      {
        modelId,
        events: rows.length + (seen?.events ?? 0),
        unknown: seen?.unknown ?? 0,
        minEventTime: times.reduce((least, time) => Math.min(least, time)),
        maxEventTime: times.reduce((most, time) => Math.max(most, time)),
      },
    ],
  });
  if (result.outcome !== 'committed') throw new Error(`the checkpoint is ${result.outcome}`);
}
