import type { EvaluatedMonitor } from '../compare/evaluate-task.ts';
import { judgingOf } from '../config/policy.ts';
import type { DriftdConfig, MonitorConfig, PolicyConfig } from '../config/types.ts';
import type { EvaluationPolicy } from '../core/evaluate/types.ts';
import { evaluationsPerDay } from '../core/window/windows.ts';
import { linksOf } from './notify/links.ts';
import { maintenanceOf } from './notify/maintenance.ts';
import { createCronSchedule } from '../schedule/cron-schedule.ts';
import type { CronSchedule } from '../schedule/cron-schedule.ts';
import { onePerWindow } from '../schedule/one-per-window.ts';
import type { ScheduledMonitor } from '../schedule/scheduler.ts';
import type { CatalogStore } from '../storage/catalog-store.ts';
import type { TickStore } from '../storage/tick-store.ts';

/** A monitor of the configuration with everything the scheduler and the evaluator need. */
export interface Monitor {
  readonly scheduled: ScheduledMonitor;
  readonly evaluated: EvaluatedMonitor;
}

/** Ticks of this span tell how many evaluations a day share the budget: four weeks, so that weekly schedules count too. */
const BUDGET_SPAN_MS = 28 * 86_400_000;

/** Registers the monitors and compiles their schedules. @param now ms since the epoch, only to count ticks from */
export async function buildMonitors(
  config: DriftdConfig,
  catalog: CatalogStore,
  ticks: TickStore,
  now: number,
): Promise<Monitor[]> {
  const schedules = config.monitors.map((monitor) =>
    onePerWindow(createCronSchedule(monitor.schedule, monitor.timeZone)),
  );
  const perDay = schedules.reduce((sum, schedule) => sum + ticksPerDay(schedule, now), 0);
  const monitors: Monitor[] = [];
  for (const [i, monitor] of config.monitors.entries()) {
    const model = await catalog.ensureModel(monitor.model);
    const row = await ticks.ensureMonitor(monitor.name, model.id);
    monitors.push({
      scheduled: scheduledMonitor(config, monitor, row.id, model.id, schedules[i] as CronSchedule),
      evaluated: {
        id: row.id,
        name: monitor.name,
        modelId: model.id,
        model: monitor.model,
        windows: monitor.windows,
        seasonality: monitor.seasonality === 'none' ? null : monitor.seasonality,
        policy: monitorPolicy(monitor.policy),
        policyOf: (feature) => judgingOf(monitor.policy, feature),
        alertPolicy: { open: monitor.policy.open, close: monitor.policy.close },
        volumeDrop: monitor.volumeDrop,
        evaluationsPerDay: perDay,
        ...toldOf(config, monitor.model),
        holds: monitor.clock === 'wall',
        maintenance: maintenanceOf(config),
        links: linksOf(config, monitor),
      },
    });
  }
  return monitors;
}

/** Who may be told of a model, by which routes: its owner is known here and does not change. */
function toldOf(
  { models, routes, receivers }: DriftdConfig,
  model: string,
): Pick<EvaluatedMonitor, 'owner' | 'routes' | 'receivers'> {
  const owner = models.find(({ name }) => name === model)?.owner ?? null;
  const fitting = routes.filter(
    ({ match }) =>
      (match.owner ?? owner) === owner && (match.model === null || match.model === model),
  );
  // No route at all means every receiver; routes of which none fits mean nobody.
  const nobody = routes.length > 0 && fitting.length === 0;
  return { owner, routes: fitting, receivers: nobody ? [] : receivers };
}

function ticksPerDay(schedule: CronSchedule, now: number): number {
  return evaluationsPerDay(schedule.between(now, now + BUDGET_SPAN_MS).length, BUDGET_SPAN_MS);
}

function scheduledMonitor(
  config: DriftdConfig,
  monitor: MonitorConfig,
  id: number,
  modelId: number,
  schedule: CronSchedule,
): ScheduledMonitor {
  const model = config.models.find(({ name }) => name === monitor.model);
  return {
    id,
    name: monitor.name,
    modelId,
    schedule,
    clock: monitor.clock,
    catchUp: monitor.catchUp,
    allowedLatenessMs: model?.allowedLatenessMs ?? 0,
  };
}

/** The monitor's own level, without what tiers and features say. */
function monitorPolicy({
  open: _,
  close: __,
  tiers: ___,
  features: ____,
  ...policy
}: PolicyConfig): EvaluationPolicy {
  return policy;
}
