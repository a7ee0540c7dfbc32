import type { MonitorConfig } from '../../config/types.ts';
import { readinessOf, windowEndOf } from '../../core/window/windows.ts';
import { createCronSchedule } from '../../schedule/cron-schedule.ts';
import { onePerWindow } from '../../schedule/one-per-window.ts';
import type { WaitingTick } from '../../storage/api/status-reader.ts';

/** How far a monitor and the events of its model have come; ms since the epoch. */
export interface Progress {
  /** Ticks up to then are done or missed; null: its clock has not ticked yet. */
  readonly dealtWith: number | null;
  readonly watermark: number | null;
  /** The database's clock. */
  readonly now: number;
}

/** The tick that waits for events, as the scheduler sees it; null: none does. @param latenessMs of the model's events */
export function waitingTick(
  monitor: Pick<MonitorConfig, 'schedule' | 'timeZone' | 'clock'>,
  { dealtWith, watermark, now }: Progress,
  latenessMs: number,
): WaitingTick | null {
  if (dealtWith === null) return null;
  const { clock } = monitor;
  const schedule = onePerWindow(createCronSchedule(monitor.schedule, monitor.timeZone));
  const due =
    clock === 'event' ? schedule.next(dealtWith) : (schedule.between(dealtWith, now, 1)[0] ?? null);
  if (due === null || readinessOf(due, watermark, clock, now, latenessMs).ready) return null;
  return { windowEnd: windowEndOf(due), until: clock === 'event' ? null : due + latenessMs };
}
