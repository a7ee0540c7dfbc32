import type { DriftdConfig } from '../../config/types.ts';
import { SOURCE_NAME as KAFKA } from '../../ingest/kafka/kafka-source.ts';
import { createHeartbeat } from '../../notify/watch/heartbeat.ts';
import { createWatch } from '../../notify/watch/watch.ts';
import type { Watch } from '../../notify/watch/watch.ts';
import type { Log } from '../../platform/log.ts';
import { createCronSchedule } from '../../schedule/cron-schedule.ts';
import { onePerWindow } from '../../schedule/one-per-window.ts';
import type { WatchStore } from '../../storage/watch-store.ts';

export interface WatchParts {
  readonly config: DriftdConfig;
  readonly store: WatchStore;
  readonly owner: string;
  readonly roles: ReadonlySet<string>;
  readonly log: Log;
}

/** An evaluation may begin so long after its windows are complete before it counts as late. */
const EVALUATION_SLACK_MS = 60_000;

/** The watch over this configuration: what runs on replayed data has no clock to be late by. */
export function watchOf({ config, store, owner, roles, log }: WatchParts): Watch {
  const { monitors, models, receivers, notify, heartbeat } = config;
  const onWall = monitors.filter(({ clock }) => clock === 'wall');
  const watched = new Set(onWall.map(({ model }) => model));
  const lateness = new Map(models.map((model) => [model.name, model.allowedLatenessMs]));
  const told = notify.problemReceivers;
  return createWatch({
    store,
    owner,
    roles: [...roles].sort(),
    receivers,
    problemReceivers:
      told.length === 0 ? receivers : receivers.filter(({ name }) => told.includes(name)),
    schedules: new Map(
      onWall.map(({ name, model, schedule, timeZone }) => [
        name,
        {
          // As the scheduler counts them: of the ticks of one window all but the first are nobody's.
          ticks: onePerWindow(createCronSchedule(schedule, timeZone)),
          slackMs: (lateness.get(model) ?? 0) + EVALUATION_SLACK_MS,
        },
      ]),
    ),
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
