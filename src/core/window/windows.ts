import type { Seasonality } from '../baseline/slots.ts';

/** Windows: half-open spans [end - span, end) that end at a tick, floored to the width of a tile. */

export const TILE_MS = 300_000;
const DAY_MS = 86_400_000;

/** The end of the windows of a tick: the tick floored to 5 minutes UTC. */
export function windowEndOf(due: number): number {
  return Math.floor(due / TILE_MS) * TILE_MS;
}

/**
 * Must the baseline have hour-of-week slots for windows of this length? Whole days hold every hour of a daily season alike,
 * whole weeks every hour of a weekly one; anything shorter is compared with its own hours only.
 */
export function needsSlots(seasonality: Seasonality, spanMs: number): boolean {
  return spanMs % (seasonality === 'daily' ? DAY_MS : 7 * DAY_MS) !== 0;
}

/** Evaluations a day of a schedule, from the ticks of a span: what the alert budget is divided by. At least one a span. */
export function evaluationsPerDay(ticks: number, spanMs: number): number {
  return Math.max(1, ticks) / (spanMs / DAY_MS);
}

/** When a tick's windows may be judged, and whether their events are all there. */
export interface Readiness {
  readonly ready: boolean;
  readonly complete: boolean;
}

/**
 * A window is judged when the watermark reaches its end; on the wall's clock at the latest `allowedLatenessMs` after the
 * tick, then with `complete: false`.
 * @param now the monitor's clock: database time, or the watermark
 */
export function readinessOf(
  due: number,
  watermark: number | null,
  clock: 'wall' | 'event',
  now: number,
  allowedLatenessMs: number,
): Readiness {
  const complete = watermark !== null && watermark >= windowEndOf(due);
  if (complete || clock === 'event') return { ready: complete, complete };
  return { ready: now >= due + allowedLatenessMs, complete: false };
}
