import { monitorEventLoopDelay } from 'node:perf_hooks';
import { createPartitionCounter } from '../../src/accumulate/counting.ts';
import { createModelRegistry } from '../../src/accumulate/model-registry.ts';
import { QUEUE, QUEUED_BYTES } from '../../src/app/ingestion.ts';
import { createBaselineBuilder } from '../../src/core/baseline/builder.ts';
import { createSampler } from '../../src/core/baseline/sampler.ts';
import { createEventDecoder } from '../../src/ingest/decode/event-decoder.ts';
import { noIngestMetrics } from '../../src/ingest/ingest-metrics.ts';
import type { IngestMetrics } from '../../src/ingest/ingest-metrics.ts';
import { QueueBudget } from '../../src/ingest/intake.ts';
import { createPipeline } from '../../src/ingest/pipeline.ts';
import { sleep, systemClock } from '../../src/platform/clock.ts';
import { createLog } from '../../src/platform/log.ts';
import { createBaselineStore } from '../../src/storage/postgres/baseline-store.ts';
import { createCatalogStore } from '../../src/storage/postgres/catalog-store.ts';
import { createIngestStore } from '../../src/storage/postgres/ingest-store.ts';
import { migrate } from '../../src/storage/postgres/migrate.ts';
import { createPool } from '../../src/storage/postgres/pool.ts';
import type { Pool } from '../../src/storage/postgres/pool.ts';
import { MODEL } from './messages.ts';
import { compareTiles } from './oracle.ts';
import { createFuzzSource } from './source.ts';

/** Without a commit for this long the pipeline stalls. */
export const STALL_MS = 30_000;

export interface FuzzResult {
  readonly messages: number;
  /** Records by what became of them, as told to the metrics. */
  readonly told: ReadonlyMap<string, number>;
  readonly reasons: ReadonlyMap<string, number>;
  /** The same as stored: columns of ingest_partition. */
  readonly stored: Readonly<Record<string, number>>;
  readonly segments: number;
  /** Tiles of records that nobody spoiled against what these say. */
  readonly compared: { readonly tiles: number; readonly differences: readonly string[] };
  /** The most memory that the process ever had resident. */
  readonly peakRssMiB: number;
  /** The longest that the event loop was held up, ms. */
  readonly longestTurnMs: number;
  /** The longest time between two checkpoints, ms. */
  readonly longestPauseMs: number;
  readonly seconds: number;
}

/**
 * Sends messages through decoder, accumulator and checkpoints into a real database.
 * @param url an empty database
 * @throws Error when reading stalls
 */
export async function fuzzEvents(options: {
  readonly url: string;
  readonly messages: number;
  readonly seed: number;
}): Promise<FuzzResult> {
  const { url, messages, seed } = options;
  const log = createLog('error', { write: (line) => process.stderr.write(line) });
  const pool = createPool({ url, max: 4, applicationName: 'driftd fuzz', log });
  await migrate(pool, log);
  await addModel(pool);
  const catalog = createCatalogStore(pool);
  const registry = createModelRegistry({
    catalog,
    models: () => [{ name: MODEL, attributes: ['country'], allowedLatenessMs: 3_600_000 }],
    log,
  });
  await registry.refresh();
  const told = new Map<string, number>();
  const reasons = new Map<string, number>();
  let committedAt = performance.now();
  let longestPause = 0;
  const pipeline = createPipeline(createFuzzSource(seed, messages), {
    counting: createPartitionCounter({
      store: createIngestStore(pool),
      catalog,
      registry,
      owner: 'fuzz',
      futureToleranceMs: 300_000,
    }),
    decoderOf: () =>
      createEventDecoder('auto', { model: MODEL, inputs: ['age', 'job'], predictions: ['score'] }),
    gate: { nextDue: () => null, settled: () => Promise.resolve(true) },
    limits: {
      checkpointIntervalMs: 1_000,
      checkpointRecords: 10_000,
      checkpointBytes: 16 * 1024 * 1024,
      queueRecords: QUEUE.records,
      queueBytes: QUEUE.bytes,
    },
    budget: new QueueBudget(QUEUED_BYTES),
    clock: systemClock,
    log,
    metrics: counters(told, reasons, () => {
      const now = performance.now();
      longestPause = Math.max(longestPause, now - committedAt);
      committedAt = now;
    }),
  });
  const delay = monitorEventLoopDelay({ resolution: 10 });
  delay.enable();
  const started = performance.now();
  await pipeline.start();
  try {
    while ((await storedPosition(pool)) < messages) {
      if (performance.now() - committedAt > STALL_MS) throw new Error('no checkpoint for 30 s');
      await sleep(100);
    }
  } finally {
    await pipeline.stop();
  }
  delay.disable();
  const seconds = (performance.now() - started) / 1_000;
  // Of the process so far, kept by the system: no peak is missed between two looks.
  const peakRssMiB = process.resourceUsage().maxRSS / 1_024;
  const plan = await catalog.countingPlan(await modelId(pool));
  if (plan === null) throw new Error('there is nothing to count under');
  const result = {
    messages,
    told,
    reasons,
    stored: await storedCounts(pool),
    segments: await countOf(pool, 'SELECT count(*) AS n FROM segment'),
    compared: await compareTiles(pool, plan, { seed, messages }),
    peakRssMiB,
    longestTurnMs: delay.max / 1e6,
    longestPauseMs: longestPause,
    seconds,
  };
  await pool.end();
  return result;
}

function counters(
  told: Map<string, number>,
  reasons: Map<string, number>,
  onCommit: () => void,
): IngestMetrics {
  const add = (to: Map<string, number>, key: string, count: number): void => {
    to.set(key, (to.get(key) ?? 0) + count);
  };
  return {
    ...noIngestMetrics,
    events: (_, result, count) => {
      add(told, result, count);
    },
    quarantined: (_, reason, count) => {
      add(reasons, reason, count);
    },
    checkpoint: (_, outcome) => {
      if (outcome === 'committed') onCommit();
    },
  };
}

async function addModel(pool: Pool): Promise<void> {
  const columns = ['age', 'job', 'score'];
  const rows = Array.from({ length: 2_000 }, (_, i) => [
    (i % 200) / 10,
    ['clerk', 'cook', 'pilot'][i % 3] ?? '',
    (i % 100) / 100,
  ]);
  const declared = new Map([['score', { role: 'prediction' as const }]]);
  const sampler = createSampler({ columns, declared });
  for (const row of rows) sampler.addRow(row, []);
  const builder = createBaselineBuilder(sampler.plan(), { slots: false });
  for (const row of rows) builder.addRow(row, 0, []);
  const { id } = await createCatalogStore(pool).ensureModel(MODEL);
  const baselines = createBaselineStore(pool);
  const { version } = await baselines.add(builder.build(MODEL, 'made for fuzzing'), new Map());
  await baselines.activate(id, version);
}

function modelId(pool: Pool): Promise<number> {
  return countOf(pool, 'SELECT max(id) AS n FROM model');
}

async function countOf(pool: Pool, query: string): Promise<number> {
  const { rows } = await pool.query<{ n: string | null }>(query);
  return Number(rows[0]?.n ?? 0);
}

function storedPosition(pool: Pool): Promise<number> {
  return countOf(pool, 'SELECT max(next_offset) AS n FROM ingest_partition');
}

async function storedCounts(pool: Pool): Promise<Record<string, number>> {
  const { rows } = await pool.query<Record<string, string>>(
    'SELECT counted, quarantined, too_late, duplicate, filtered FROM ingest_partition',
  );
  return Object.fromEntries(Object.entries(rows[0] ?? {}).map(([key, n]) => [key, Number(n)]));
}
