import type { DriftdConfig } from '../../config/types.ts';
import { matchersOf } from '../../core/alerting/mute.ts';
import type { Mute } from '../../core/alerting/mute.ts';
import { createCronSchedule } from '../../schedule/cron-schedule.ts';

/** The maintenance windows of the configuration that hold at an instant; ms since the epoch. */
export function maintenanceOf({ maintenance }: DriftdConfig): (now: number) => readonly Mute[] {
  const windows = maintenance.map(({ reason, match, when }) => {
    const mute: Mute = { matchers: matchersOf({ ...match }), reason: `maintenance: ${reason}` };
    if ('from' in when) return { mute, holds: (now: number) => now >= when.from && now < when.to };
    const schedule = createCronSchedule(when.schedule, when.timeZone);
    // A window holds while a begin lies less than its duration back.
    const holds = (now: number): boolean => schedule.between(now - when.durationMs, now).length > 0;
    return { mute, holds };
  });
  return (now) => windows.filter(({ holds }) => holds(now)).map(({ mute }) => mute);
}
