import type { DriftdConfig } from '../../config/types.ts';
import { createCronSchedule } from '../../schedule/cron-schedule.ts';
import type { CronSchedule } from '../../schedule/cron-schedule.ts';
import { onePerWindow } from '../../schedule/one-per-window.ts';

/** An evaluation may begin so long after its windows are complete before it counts as late. */
const EVALUATION_SLACK_MS = 60_000;

/** More late ticks than this are not told apart, so that a monitor that stood for a year is counted quickly. */
const MAX_OVERDUE = 100;

/** When a monitor is due, and how long after that it is late. */
export interface WallSchedule {
  readonly ticks: CronSchedule;
  readonly slackMs: number;
}

/** Of the monitors on the wall's clock, by name: what runs on replayed data has no clock to be late by. */
export function wallSchedules({
  monitors,
  models,
}: DriftdConfig): ReadonlyMap<string, WallSchedule> {
  const lateness = new Map(models.map((model) => [model.name, model.allowedLatenessMs]));
  return new Map(
    monitors
      .filter(({ clock }) => clock === 'wall')
      .map(({ name, model, schedule, timeZone }) => [
        name,
        {
          // As the scheduler counts them: of the ticks of one window all but the first are nobody's.
          ticks: onePerWindow(createCronSchedule(schedule, timeZone)),
          slackMs: (lateness.get(model) ?? 0) + EVALUATION_SLACK_MS,
        },
      ]),
  );
}

/**
 * Counts a monitor's ticks that were due after `lastDue` and are late at `now` (ms on one clock), up to 100. One that runs
 * on the events' clock is never late by the wall's.
 */
export type Overdue = (monitor: string, lastDue: number, now: number) => number;

/** Remembers what it has counted: asked again and again, it looks at the time since the last question only. */
export function overdueOf(config: DriftdConfig): Overdue {
  const schedules = wallSchedules(config);
  const counted = new Map<string, { readonly after: number; until: number; count: number }>();
  return (monitor, lastDue, now) => {
    const schedule = schedules.get(monitor);
    if (schedule === undefined) return 0;
    const until = now - schedule.slackMs;
    let known = counted.get(monitor);
    if (known?.after !== lastDue || known.until > until) {
      known = { after: lastDue, until: lastDue, count: 0 };
      counted.set(monitor, known);
    }
    if (until > known.until && known.count < MAX_OVERDUE) {
      const limit = MAX_OVERDUE - known.count;
      known.count += schedule.ticks.between(known.until, until, limit).length;
      known.until = until;
    }
    return known.count;
  };
}
