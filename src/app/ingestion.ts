import { createPartitionCounter } from '../accumulate/counting.ts';
import { createModelRegistry } from '../accumulate/model-registry.ts';
import type { DriftdConfig } from '../config/types.ts';
import type { StageHooks } from '../expose/metrics/hooks.ts';
import { QueueBudget } from '../ingest/intake.ts';
import { createPipeline } from '../ingest/pipeline.ts';
import type { Pipeline } from '../ingest/pipeline.ts';
import type { Clock } from '../platform/clock.ts';
import { toError } from '../platform/errors.ts';
import type { Log } from '../platform/log.ts';
import type { CatalogStore } from '../storage/catalog-store.ts';
import { createIngestStore } from '../storage/postgres/ingest-store.ts';
import type { Pool } from '../storage/postgres/pool.ts';
import { createReaderHold } from '../storage/postgres/inbox/reader-hold.ts';
import type { TickGate } from '../storage/tick-gate.ts';
import { sourcesOf } from './catalogue.ts';
import { inboxOf } from './ingest/inbox.ts';
import type { Lifecycle } from './lifecycle.ts';
import { startKeepingTiles } from './ingest/keep-tiles.ts';

interface IngestionParts {
  /** Its models are read anew at each refresh. */
  readonly config: DriftdConfig;
  readonly pool: Pool;
  readonly catalog: CatalogStore;
  readonly gate: TickGate;
  readonly hooks: StageHooks['ingest'];
  readonly owner: string;
  readonly lifecycle: Lifecycle;
  /** Pipelines are put here before they start. */
  readonly pipelines: Pipeline[];
  readonly log: Log;
  readonly clock: Clock;
}

/** The sources of the configuration, being read; it outlives reloads, since what they count is looked up. */
export interface Ingestion {
  /** Looks at once for models and plans that have changed. */
  refresh(): Promise<void>;
}

/** Plans are looked at again this often, so that a new baseline is counted soon. */
const REFRESH_PLANS_MS = 10_000;
/** What the partitions of a source may have queued together before they are paused, each at its share. */
export const QUEUE = { records: 50_000, bytes: 32 * 1024 * 1024 };
/** What all that came and is not counted yet may take: beyond it batches are refused and fetched again. */
export const QUEUED_BYTES = 64 * 1024 * 1024;

/** @throws DriftdError when a source cannot be reached or used */
export async function startIngestion(parts: IngestionParts): Promise<Ingestion> {
  const { config, pool, catalog, gate, hooks, owner, lifecycle, pipelines, log, clock } = parts;
  const registry = createModelRegistry({ catalog, models: () => config.models, log });
  await registry.refresh();
  const refresh = setInterval(() => {
    registry.refresh().catch((thrown: unknown) => {
      log.warn({ err: toError(thrown) }, 'looking for new counting plans failed');
    });
  }, REFRESH_PLANS_MS);
  lifecycle.onStop('tiles', startKeepingTiles(config, { pool, catalog, log }));
  lifecycle.onStop('counting plans', () => {
    clearInterval(refresh);
  });
  const { checkpointIntervalMs, checkpointRecords, checkpointBytes, futureToleranceMs } =
    config.ingest;
  const counting = createPartitionCounter({
    store: createIngestStore(pool),
    catalog,
    registry,
    owner,
    futureToleranceMs,
    payloadKept: config.ingest.quarantinePayload,
    ...(config.ingest.dedupWindowMs === null ? {} : { dedupWindowMs: config.ingest.dedupWindowMs }),
    idForgotten: ({ source, topic, partition }, first) => {
      hooks.idForgotten(source);
      if (first)
        log.warn(
          { topic, partition },
          'more event ids came within ingest.dedup_window than are kept: duplicates of the later ones are counted',
        );
    },
    segmentOverflow: (model) => {
      hooks.segmentOverflow(model);
    },
  });
  const limits = {
    checkpointIntervalMs,
    checkpointRecords,
    checkpointBytes,
    queueRecords: QUEUE.records,
    queueBytes: QUEUE.bytes,
  };
  const budget = new QueueBudget(QUEUED_BYTES);
  const sources = sourcesOf(config, {
    inbox: inboxOf(config, pool),
    holdOf: (name) => createReaderHold(pool, name),
    log,
    tellDeadLetters: (result, letters) => {
      hooks.deadLetters(result, letters);
    },
  });
  for (const { source, decoderOf, deadLetters } of sources) {
    // Stopped after its source, whose last checkpoint may have some.
    if (deadLetters !== undefined) lifecycle.onStop('dead letters', () => deadLetters.stop());
    const pipeline = createPipeline(source, {
      counting,
      decoderOf,
      gate,
      limits,
      budget,
      clock,
      log,
      metrics: hooks,
      ...(deadLetters === undefined ? {} : { deadLetters }),
    });
    pipelines.push(pipeline);
    lifecycle.onStop(`source ${source.name}`, () => pipeline.stop());
    await pipeline.start();
  }
  return { refresh: () => registry.refresh() };
}
