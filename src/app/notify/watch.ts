import type { DriftdConfig } from '../../config/types.ts';
import { receiversOf } from '../../core/alerting/routes.ts';
import { ALL_SEGMENT } from '../../core/domain/feature.ts';
import { createHeartbeat } from '../../notify/watch/heartbeat.ts';
import { createWatch } from '../../notify/watch/watch.ts';
import type { Watch, WatchedModel } from '../../notify/watch/watch.ts';
import { systemClock } from '../../platform/clock.ts';
import type { Clock } from '../../platform/clock.ts';
import type { Log } from '../../platform/log.ts';
import { createCronSchedule } from '../../schedule/cron-schedule.ts';
import type { WatchStore } from '../../storage/watch-store.ts';
import { sourceTopicsOf } from '../catalogue.ts';
import { maintenanceOf } from './maintenance.ts';
import { silentAfterOf } from './silence.ts';
import { wallSchedules } from './overdue.ts';

export interface WatchParts {
  readonly config: DriftdConfig;
  readonly store: WatchStore;
  readonly owner: string;
  readonly roles: ReadonlySet<string>;
  readonly log: Log;
  /** Default: the system's. */
  readonly clock?: Clock;
}

/** The watch over this configuration: what runs on replayed data has no clock to be late by. */
export function watchOf({
  config,
  store,
  owner,
  roles,
  log,
  clock = systemClock,
}: WatchParts): Watch {
  const { receivers, notify, heartbeat } = config;
  const told = notify.problemReceivers;
  const problemReceivers =
    told.length === 0 ? receivers : receivers.filter(({ name }) => told.includes(name));
  return createWatch({
    store,
    owner,
    roles: [...roles].sort(),
    receivers,
    problemReceivers,
    schedules: wallSchedules(config),
    models: watchedModels(config, clock.now(), problemReceivers),
    topics: sourceTopicsOf(config),
    maintenance: maintenanceOf(config),
    testTicks: notify.testSchedule === null ? null : createCronSchedule(notify.testSchedule, 'UTC'),
    // One that cannot send is no proof that messages go out.
    heartbeat: heartbeat === null || !roles.has('notify') ? null : createHeartbeat(heartbeat, log),
    log,
  });
}

/**
 * Models that may not be silent. That one is goes along its routes, like a warning about no feature; where no route fits,
 * to those who hear of problems: nobody is not an answer.
 */
function watchedModels(
  config: DriftdConfig,
  now: number,
  problemReceivers: DriftdConfig['receivers'],
): ReadonlyMap<string, WatchedModel> {
  const silentAfter = silentAfterOf(config, now);
  return new Map(
    config.models.flatMap(({ name, owner }) => {
      const silentAfterMs = silentAfter.get(name);
      if (silentAfterMs === undefined) return [];
      const routes = config.routes.filter(({ match }) => (match.owner ?? owner) === owner);
      const labels = { model: name, feature: '', segment: ALL_SEGMENT } as const;
      const names = receiversOf(routes, { ...labels, tier: 'standard', severity: 'warning' });
      const routed = config.receivers.filter((receiver) => names.includes(receiver.name));
      const receivers = routed.length > 0 ? routed : problemReceivers;
      return [[name, { silentAfterMs, owner, receivers }] as const];
    }),
  );
}
