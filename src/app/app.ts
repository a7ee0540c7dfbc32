import type { Role } from '../config/roles.ts';
import type { DriftdConfig, HostPort } from '../config/types.ts';
import type { ReloadResult } from '../expose/api/operations/reload.ts';
import { createHttpServer } from '../expose/http/server.ts';
import type { Pipeline } from '../ingest/pipeline.ts';
import { readBuildInfo } from '../platform/build-info.ts';
import type { Clock } from '../platform/clock.ts';
import { DriftdError } from '../platform/errors.ts';
import { createEventLoopMonitor } from '../platform/event-loop.ts';
import type { Log } from '../platform/log.ts';
import { processName } from '../platform/process-name.ts';
import { createBaselineStore } from '../storage/postgres/baseline-store.ts';
import { createCatalogStore } from '../storage/postgres/catalog-store.ts';
import { createEvaluationStore } from '../storage/postgres/evaluation-store.ts';
import { migrate } from '../storage/postgres/migrate.ts';
import {
  assertReachable,
  createPool,
  createSnapshots,
  lostAsUnreachable,
} from '../storage/postgres/pool.ts';
import { readSettings } from '../storage/postgres/status/server-facts.ts';
import { createTickStore } from '../storage/postgres/tick-store.ts';
import { createTileReader } from '../storage/postgres/tile-reader.ts';
import { apiOf } from './api/api.ts';
import { furtherGroups } from './api/groups.ts';
import { createBaselines } from './baselines/wire.ts';
import { sourceTopicsOf } from './catalogue.ts';
import { startIngestion } from './ingestion.ts';
import type { Ingestion } from './ingestion.ts';
import { intakeOf } from './ingest/inbox.ts';
import { createLifecycle } from './lifecycle.ts';
import { createLiveConfig } from './reload/live-config.ts';
import { createReloader } from './reload/reloader.ts';
import { createLiveWork } from './reload/live-work.ts';
import { listenToCheckpoints } from './status/checkpoint-failures.ts';
import { createHealth, SCHEDULER_STUCK_MS } from './status/health.ts';
import type { HealthParts } from './status/health.ts';
import { metricsOf } from './status/gauges.ts';
import { settingFindings } from './status/server-findings.ts';
import { statusReaderOf } from './status/status.ts';
import { buildWork, checkWork } from './work.ts';

export interface AppOptions {
  readonly config: DriftdConfig;
  /** Reads and checks the configuration anew, for a reload. @throws DriftdError */
  readonly load: () => Promise<DriftdConfig>;
  readonly roles: ReadonlySet<Role>;
  readonly log: Log;
  readonly clock: Clock;
  /** A scheduler that has ended no pass well for so long makes the process not ready. */
  readonly schedulerStuckMs?: number;
}

/** The daemon: wired by `createApp`, serving from `start` to `stop`. */
export interface App {
  /** @throws DriftdError what cannot be reached or used; what was started so far is stopped by `stop` */
  start(): Promise<void>;
  /** Takes a changed configuration, or changes nothing and says why. */
  reload(): Promise<ReloadResult>;
  stop(deadlineMs: number): Promise<void>;
  /** Where HTTP listens, once started. Every process tells of itself there; the API is served with the role serve only. */
  readonly address: HostPort | null;
}

/**
 * Wires the daemon: ports to adapters, stage to stage. One straight line on purpose: what depends on what is read off the
 * order of the lines. What a reload builds anew is in `work.ts`; everything here outlives it and reads `config` when it
 * needs it.
 */
export function createApp(options: AppOptions): Promise<App> {
  const { config: initial, load, roles, log, clock } = options;
  const { schedulerStuckMs = SCHEDULER_STUCK_MS } = options;
  const live = createLiveConfig(initial);
  const { config } = live;
  const owner = processName();
  const build = readBuildInfo();
  const lifecycle = createLifecycle(log, () => clock.monotonic());
  let address: HostPort | null = null;
  let ingestion: Ingestion | null = null;

  const { url, pool: max } = config.postgres;
  const pool = createPool({ url, max, applicationName: 'driftd', log });
  lifecycle.onStop('database pool', () => pool.end());
  const snapshots = createSnapshots(pool);
  const catalog = createCatalogStore(snapshots.pool);
  const ticks = createTickStore(pool);
  const judging = {
    baselines: createBaselineStore(snapshots.pool),
    catalog,
    tiles: createTileReader(snapshots.pool, () => sourceTopicsOf(config)),
    evaluations: createEvaluationStore(snapshots.pool),
    snapshot: snapshots.read,
  };
  const { desk } = createBaselines({ ...judging, config, ticks, clock, log });
  const pipelines: Pipeline[] = [];
  const metrics = metricsOf({ live, pool, pipelines, roles, build, clock, log });
  const parts = { pool, judging, ticks, metrics, owner, roles, log, clock };
  const work = createLiveWork();
  const checkpoints = listenToCheckpoints(metrics.ingest, clock);
  const health: HealthParts = {
    pool,
    pipelines,
    checkpoints,
    schedulerSilentMs: () => work.silentMs(),
    schedulerStuckMs,
    started: false,
    draining: false,
  };
  const reloader = createReloader({
    current: () => live.current(),
    load: () => {
      if (health.started) return load();
      throw new DriftdError('RELOAD_REFUSED', 'driftd is still starting: ask again when it is up');
    },
    swap: async (next) => {
      await checkWork(next, parts);
      await work.replace(await buildWork(next, parts), () => {
        live.replace(next);
        log.level = next.log.level;
      });
      // Both look again by themselves soon: what fails here is no reason to call the reload refused.
      await Promise.allSettled([ingestion?.refresh(), metrics.refresh()]);
    },
    tell: (successful) => {
      metrics.reloaded(successful);
    },
    log,
  });

  function served(): ReturnType<typeof apiOf> {
    const status = { read: () => statusReaderOf(config, pool).read() };
    const intake = intakeOf(config, pool);
    return apiOf({
      config,
      pool,
      version: build.version,
      clock,
      log,
      groups: furtherGroups({ status, reloader, baselines: desk, intake, clock }),
    });
  }

  /** Probes and /metrics belong to every process: what it counts and where it stands nobody else can tell. */
  async function startListening(): Promise<void> {
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
      ...(roles.has('serve') ? { extend: served() } : {}),
    });
    address = await http.start();
    lifecycle.onStop('http', () => http.stop());
  }

  async function begin(): Promise<void> {
    await assertReachable(pool, url);
    await migrate(pool, log);
    for (const { state, says, wayOut } of settingFindings({ settings: await readSettings(pool) }))
      if (state === 'fault') log.warn(`${says}; ${wayOut ?? ''}`);
    const first = await buildWork(live.current(), parts);
    await startListening();
    lifecycle.onStop('work', () => work.stop());
    await work.replace(first, () => undefined);
    if (roles.has('ingest'))
      ingestion = await startIngestion({
        ...parts,
        hooks: checkpoints.heard,
        config,
        catalog,
        gate: work.gate,
        lifecycle,
        pipelines,
      });
    health.started = true;
  }

  return Promise.resolve({
    start: () => lostAsUnreachable(url, begin),
    reload: () => reloader.reload(),
    stop(deadlineMs) {
      health.draining = true;
      return lifecycle.stop(deadlineMs);
    },
    get address() {
      return address;
    },
  });
}
