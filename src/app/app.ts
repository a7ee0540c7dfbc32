import { createPartitionCounter } from '../accumulate/counting.ts';
import { createModelRegistry } from '../accumulate/model-registry.ts';
import { createEvaluator } from '../compare/evaluate-task.ts';
import type { Role } from '../config/roles.ts';
import type { DriftdConfig, HostPort } from '../config/types.ts';
import { createHttpServer } from '../expose/http/server.ts';
import { createMetrics } from '../expose/metrics/metrics.ts';
import { createNativeDecoder } from '../ingest/decode/native.ts';
import { createPipeline } from '../ingest/pipeline.ts';
import type { Pipeline } from '../ingest/pipeline.ts';
import { readBuildInfo } from '../platform/build-info.ts';
import type { Clock } from '../platform/clock.ts';
import { toError } from '../platform/errors.ts';
import { createEventLoopMonitor } from '../platform/event-loop.ts';
import type { Log } from '../platform/log.ts';
import { processName } from '../platform/process-name.ts';
import { createScheduler } from '../schedule/scheduler.ts';
import { createTickGate } from '../schedule/tick-gate.ts';
import { createAlertDesk } from '../storage/postgres/alerts/alert-desk.ts';
import { createWatchStore } from '../storage/postgres/alerts/watch-store.ts';
import { createBaselineStore } from '../storage/postgres/baseline-store.ts';
import { createCatalogStore } from '../storage/postgres/catalog-store.ts';
import { createEvaluationStore } from '../storage/postgres/evaluation-store.ts';
import { createGaugeReader } from '../storage/postgres/gauge-reader.ts';
import { createIngestStore } from '../storage/postgres/ingest-store.ts';
import { migrate } from '../storage/postgres/migrate.ts';
import { assertReachable, createPool } from '../storage/postgres/pool.ts';
import { createQualityStore } from '../storage/postgres/quality/quality-store.ts';
import { createRevisionStore } from '../storage/postgres/revisions/revision-store.ts';
import { createTickStore } from '../storage/postgres/tick-store.ts';
import { createTileReader } from '../storage/postgres/tile-reader.ts';
import { createBaselines } from './baselines/wire.ts';
import { apiOf } from './api/api.ts';
import { furtherGroups } from './api/groups.ts';
import { notifiersOf, sourceNamesOf, sourcesOf } from './catalogue.ts';
import { assertSeasons } from './compare/seasons.ts';
import { createHealth } from './health.ts';
import type { HealthParts } from './health.ts';
import { createLifecycle } from './lifecycle.ts';
import { buildMonitors } from './monitors.ts';
import { startDelivery } from './notify/deliver.ts';
import { watchOf } from './notify/watch.ts';
import { statusReaderOf } from './status/status.ts';

export interface AppOptions {
  readonly config: DriftdConfig;
  readonly roles: ReadonlySet<Role>;
  readonly log: Log;
  readonly clock: Clock;
}

/** The daemon: wired by `createApp`, serving from `start` to `stop`. */
export interface App {
  /** @throws DriftdError what cannot be reached or used; what was started so far is stopped by `stop` */
  start(): Promise<void>;
  stop(deadlineMs: number): Promise<void>;
  /** Where HTTP listens, once started; null without the role serve. */
  readonly address: HostPort | null;
}

/** Plans are looked at again this often, so that a new baseline is counted soon. */
const REFRESH_PLANS_MS = 10_000;
/** Records and bytes a partition may have queued before it is paused. */
const QUEUE = { records: 50_000, bytes: 64 * 1024 * 1024 };

/**
 * Wires the daemon: ports to adapters, stage to stage. One straight line on purpose: what depends on what is read off the
 * order of the lines.
 */
export function createApp({ config, roles, log, clock }: AppOptions): Promise<App> {
  const owner = processName();
  const build = readBuildInfo();
  const lifecycle = createLifecycle(log, () => clock.monotonic());
  let address: HostPort | null = null;

  const { url, pool: max } = config.postgres;
  const pool = createPool({ url, max, applicationName: 'driftd', log });
  lifecycle.onStop('database pool', () => pool.end());
  const catalog = createCatalogStore(pool);
  const baselines = createBaselineStore(pool);
  const tiles = createTileReader(pool);
  const ticks = createTickStore(pool);
  const judging = { baselines, catalog, tiles, evaluations: createEvaluationStore(pool) };
  const { desk, ...watched } = createBaselines({ ...judging, config, ticks, clock, log });
  const scope = {
    models: config.models.map(({ name }) => name),
    monitors: config.monitors.map(({ name }) => name),
  };
  const notifiers = roles.has('notify') ? notifiersOf(config, log) : [];
  const metrics = createMetrics({
    reader: createGaugeReader(pool, scope),
    clock,
    log,
    build,
    sources: roles.has('ingest') ? sourceNamesOf(config) : [],
    channels: notifiers.map(({ channel }) => channel),
    allowedLatenessMs: new Map(config.models.map((model) => [model.name, model.allowedLatenessMs])),
  });
  const pipelines: Pipeline[] = [];
  const health: HealthParts = { pool, pipelines, started: false, draining: false };

  async function startServing(): Promise<void> {
    await metrics.refresh();
    metrics.start();
    lifecycle.onStop('gauges', () => metrics.stop());
    const http = createHttpServer({
      listen: config.http.listen,
      health: createHealth(health),
      metrics,
      httpMetrics: metrics,
      eventLoop: createEventLoopMonitor(clock),
      build,
      clock,
      log,
      extend: apiOf({
        config,
        pool,
        version: build.version,
        clock,
        log,
        groups: furtherGroups({ status: statusReaderOf(config, pool), baselines: desk, clock }),
      }),
    });
    address = await http.start();
    lifecycle.onStop('http', () => http.stop());
  }

  async function startWork(): Promise<void> {
    const monitors = await buildMonitors(config, catalog, ticks, clock.now());
    const scheduled = monitors.map((monitor) => monitor.scheduled);
    const watch = watchOf({ config, store: createWatchStore(pool), owner, roles, log });
    watch.start();
    lifecycle.onStop('watch', () => watch.stop());
    const gate = createTickGate(ticks, scheduled);
    lifecycle.onStop('baselines', watched.keep());
    const { maxPerMinute } = config.notify;
    if (roles.has('notify'))
      startDelivery(pool, lifecycle, maxPerMinute, { notifiers, log, metrics: metrics.notify });
    if (roles.has('evaluate')) {
      const evaluator = createEvaluator({
        ...judging,
        revisions: createRevisionStore(pool),
        quality: createQualityStore(pool),
        desk: createAlertDesk(pool),
        clock,
        log,
        metrics: metrics.evaluate,
      });
      const evaluatedOf = new Map(
        monitors.map((monitor) => [monitor.scheduled.id, monitor.evaluated]),
      );
      const scheduler = createScheduler({
        ticks,
        tiles,
        monitors: scheduled,
        owner,
        log,
        evaluate: ({ monitor, ...tick }) => {
          const evaluated = evaluatedOf.get(monitor.id);
          if (evaluated === undefined) throw new Error(`monitor ${monitor.name} is not wired`);
          return evaluator.evaluate({ ...tick, monitor: evaluated });
        },
      });
      scheduler.start();
      lifecycle.onStop('scheduler', () => scheduler.stop());
    }
    if (roles.has('ingest')) await startIngest(gate);
  }

  async function startIngest(gate: ReturnType<typeof createTickGate>): Promise<void> {
    const registry = createModelRegistry({ catalog, models: config.models, log });
    await registry.refresh();
    const refresh = setInterval(() => {
      registry.refresh().catch((thrown: unknown) => {
        log.warn({ err: toError(thrown) }, 'looking for new counting plans failed');
      });
    }, REFRESH_PLANS_MS);
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
    });
    const limits = {
      checkpointIntervalMs,
      checkpointRecords,
      checkpointBytes,
      queueRecords: QUEUE.records,
      queueBytes: QUEUE.bytes,
    };
    for (const { source, decoder } of sourcesOf(config, log, createNativeDecoder)) {
      const pipeline = createPipeline(source, {
        counting,
        decoder,
        gate,
        limits,
        clock,
        log,
        metrics: metrics.ingest,
      });
      pipelines.push(pipeline);
      lifecycle.onStop(`source ${source.name}`, () => pipeline.stop());
      await pipeline.start();
    }
  }

  return Promise.resolve({
    async start() {
      await assertReachable(pool, url);
      await migrate(pool, log);
      await watched.load();
      await assertSeasons(config, catalog, baselines);
      if (roles.has('serve')) await startServing();
      await startWork();
      health.started = true;
    },
    stop(deadlineMs) {
      health.draining = true;
      return lifecycle.stop(deadlineMs);
    },
    get address() {
      return address;
    },
  });
}
