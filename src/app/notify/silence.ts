import type { DriftdConfig, ModelConfig } from '../../config/types.ts';
import { createCronSchedule } from '../../schedule/cron-schedule.ts';
import { onePerWindow } from '../../schedule/one-per-window.ts';

const MINUTE_MS = 60_000;
/** Ticks of this span tell a schedule's interval: weekly ones count, too. */
const SPAN_MS = 28 * 86_400_000;

/**
 * How long each model that a monitor on the wall's clock watches may send nothing, by name: what is configured, else two
 * intervals of its most frequent monitor and a minute. Replayed data has no clock to be silent by.
 * @param now ms since the epoch, only to count ticks from
 */
export function silentAfterOf(
  { models, monitors }: Pick<DriftdConfig, 'models' | 'monitors'>,
  now: number,
): ReadonlyMap<string, number> {
  return new Map(
    models.flatMap(({ name, silentAfterMs }: ModelConfig) => {
      const onWall = monitors.filter(({ model, clock }) => model === name && clock === 'wall');
      if (onWall.length === 0) return [];
      const intervals = onWall.map(({ schedule, timeZone }) => intervalOf(schedule, timeZone, now));
      return [[name, silentAfterMs ?? 2 * Math.min(...intervals) + MINUTE_MS] as const];
    }),
  );
}

/** The longest time between two ticks: a schedule of office hours knows nothing of nights. */
function intervalOf(schedule: string, timeZone: string, now: number): number {
  const ticks = onePerWindow(createCronSchedule(schedule, timeZone)).between(now, now + SPAN_MS);
  const gaps = ticks.slice(1).map((tick, i) => tick - (ticks[i] ?? tick));
  return gaps.length === 0 ? SPAN_MS : Math.max(...gaps);
}
