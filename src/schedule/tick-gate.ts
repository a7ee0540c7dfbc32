import type { TickGate } from '../storage/tick-gate.ts';
import type { TickStore } from '../storage/tick-store.ts';
import { lastDealtWith } from './scheduler.ts';
import type { ScheduledMonitor } from './scheduler.ts';

/** The gate of the event-clock monitors: due ticks from their schedules, what is done from the tick rows. */
export function createTickGate(ticks: TickStore, monitors: readonly ScheduledMonitor[]): TickGate {
  const ofModel = (modelId: number): ScheduledMonitor[] =>
    monitors.filter((monitor) => monitor.clock === 'event' && monitor.modelId === modelId);
  return {
    nextDue(modelId, after) {
      const due = ofModel(modelId)
        .map((monitor) => monitor.schedule.next(after))
        .filter((time) => time !== null);
      return due.length === 0 ? null : Math.min(...due);
    },
    async settled(modelId, due) {
      for (const monitor of ofModel(modelId)) {
        const since = await lastDealtWith(ticks, monitor, null);
        if (since === null || monitor.schedule.between(since, due, 1).length > 0) return false;
      }
      return true;
    },
  };
}
