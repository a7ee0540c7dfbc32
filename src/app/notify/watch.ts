import type { DriftdConfig } from '../../config/types.ts';
import { SOURCE_NAME as KAFKA } from '../../ingest/kafka/kafka-source.ts';
import { createHeartbeat } from '../../notify/watch/heartbeat.ts';
import { createWatch } from '../../notify/watch/watch.ts';
import type { Watch } from '../../notify/watch/watch.ts';
import type { Log } from '../../platform/log.ts';
import { createCronSchedule } from '../../schedule/cron-schedule.ts';
import type { WatchStore } from '../../storage/watch-store.ts';
import { wallSchedules } from './overdue.ts';

export interface WatchParts {
  readonly config: DriftdConfig;
  readonly store: WatchStore;
  readonly owner: string;
  readonly roles: ReadonlySet<string>;
  readonly log: Log;
}

/** The watch over this configuration: what runs on replayed data has no clock to be late by. */
export function watchOf({ config, store, owner, roles, log }: WatchParts): Watch {
  const { monitors, models, receivers, notify, heartbeat } = config;
  const onWall = monitors.filter(({ clock }) => clock === 'wall');
  const watched = new Set(onWall.map(({ model }) => model));
  const told = notify.problemReceivers;
  return createWatch({
    store,
    owner,
    roles: [...roles].sort(),
    receivers,
    problemReceivers:
      told.length === 0 ? receivers : receivers.filter(({ name }) => told.includes(name)),
    schedules: wallSchedules(config),
    silentAfterMs: new Map(
      models
        .filter(({ name }) => watched.has(name))
        .map(({ name, silentAfterMs }) => [name, silentAfterMs]),
    ),
    endlessSources: new Set(config.kafka === null ? [] : [KAFKA]),
    testTicks: notify.testSchedule === null ? null : createCronSchedule(notify.testSchedule, 'UTC'),
    // One that cannot send is no proof that messages go out.
    heartbeat: heartbeat === null || !roles.has('notify') ? null : createHeartbeat(heartbeat, log),
    log,
  });
}
