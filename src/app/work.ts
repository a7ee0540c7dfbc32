import { createEvaluator } from '../compare/evaluate-task.ts';
import type { JudgeDeps } from '../compare/judge.ts';
import type { Role } from '../config/roles.ts';
import type { DriftdConfig } from '../config/types.ts';
import type { Metrics } from '../expose/metrics/metrics.ts';
import type { Clock } from '../platform/clock.ts';
import type { Log } from '../platform/log.ts';
import { withSpan } from '../platform/tracing.ts';
import { createScheduler } from '../schedule/scheduler.ts';
import { createTickGate } from '../schedule/tick-gate.ts';
import { createAlertDesk } from '../storage/postgres/alerts/alert-desk.ts';
import { createWatchStore } from '../storage/postgres/alerts/watch-store.ts';
import type { Pool } from '../storage/postgres/pool.ts';
import { createQualityStore } from '../storage/postgres/quality/quality-store.ts';
import { createRevisionStore } from '../storage/postgres/revisions/revision-store.ts';
import type { TickGate } from '../storage/tick-gate.ts';
import type { TickStore } from '../storage/tick-store.ts';
import { declareFeatures } from './baselines/declarations.ts';
import { createBaselines } from './baselines/wire.ts';
import { notifiersOf } from './catalogue.ts';
import { assertSeasons } from './compare/seasons.ts';
import { createLifecycle } from './lifecycle.ts';
import { buildMonitors } from './monitors.ts';
import { startDelivery } from './notify/deliver.ts';
import { watchOf } from './notify/watch.ts';
import { tracedEvaluations, tracedNotifier } from './tracing.ts';

/** What the work stands on: the same for every configuration that this process takes. */
export interface WorkParts {
  readonly pool: Pool;
  readonly judging: JudgeDeps;
  readonly ticks: TickStore;
  readonly metrics: Metrics;
  readonly owner: string;
  readonly roles: ReadonlySet<Role>;
  readonly log: Log;
  readonly clock: Clock;
}

/** Everything that a configuration asks for but the ingestion: built whole, then started. A reload makes another one. */
export interface Work {
  readonly gate: TickGate;
  /** How long its scheduler has not ended a pass well: ms. */
  silentMs(): number;
  start(): void;
  stop(): Promise<void>;
}

/** The parts share this; an evaluation under way and messages being sent come to their end within it. */
const STOP_MS = 8_000;

/**
 * Looks whether the work of a configuration can be built, and writes nothing: for a reload, which changes nothing when it
 * cannot.
 * @throws DriftdError what cannot be used
 */
export async function checkWork(config: DriftdConfig, parts: WorkParts): Promise<void> {
  const { judging } = parts;
  const fresh = await createBaselines({ ...parts, ...judging, config }).check();
  await assertSeasons(config, judging.catalog, judging.baselines, fresh);
}

/**
 * Builds the work of a configuration; nothing runs yet. New files of the baselines folder are stored, and models, monitors
 * and what is declared of features registered.
 * @throws DriftdError what cannot be used
 */
export async function buildWork(config: DriftdConfig, parts: WorkParts): Promise<Work> {
  const { pool, judging, ticks, metrics, owner, roles, log, clock } = parts;
  const lifecycle = createLifecycle(log, () => clock.monotonic());
  const notifiers = roles.has('notify') ? notifiersOf(config, log).map(tracedNotifier) : [];
  const baselines = createBaselines({ ...judging, config, ticks, clock, log });
  await baselines.load();
  await assertSeasons(config, judging.catalog, judging.baselines);
  const watch = watchOf({ config, store: createWatchStore(pool), owner, roles, log });
  await declareFeatures(config, judging.catalog);
  const monitors = await buildMonitors(config, judging.catalog, ticks, clock.now());
  const scheduled = monitors.map((monitor) => monitor.scheduled);
  const evaluator = createEvaluator({
    ...judging,
    evaluations: tracedEvaluations(judging.evaluations),
    revisions: createRevisionStore(pool),
    quality: createQualityStore(pool),
    desk: createAlertDesk(pool),
    clock,
    log,
    metrics: metrics.evaluate,
  });
  const evaluatedOf = new Map(monitors.map((monitor) => [monitor.scheduled.id, monitor.evaluated]));
  const scheduler = createScheduler({
    ticks,
    tiles: judging.tiles,
    monitors: scheduled,
    owner,
    log,
    evaluate: ({ monitor, ...tick }) => {
      const evaluated = evaluatedOf.get(monitor.id);
      if (evaluated === undefined) throw new Error(`monitor ${monitor.name} is not wired`);
      return withSpan('driftd.evaluation', { 'driftd.monitor': monitor.name }, () =>
        evaluator.evaluate({ ...tick, monitor: evaluated }),
      );
    },
  });
  return {
    gate: createTickGate(ticks, scheduled),
    silentMs: () => (roles.has('evaluate') ? scheduler.silentMs : 0),
    start() {
      watch.start();
      lifecycle.onStop('watch', () => watch.stop());
      lifecycle.onStop('baselines', baselines.keep());
      const { maxPerMinute } = config.notify;
      if (roles.has('notify'))
        startDelivery(pool, lifecycle, maxPerMinute, { notifiers, log, metrics: metrics.notify });
      if (roles.has('evaluate')) {
        scheduler.start();
        lifecycle.onStop('scheduler', () => scheduler.stop());
      }
    },
    stop: () => lifecycle.stop(STOP_MS),
  };
}
