import {
  addScaled,
  binnedTotal,
  emptyHistogram,
  observationTotal,
} from '../histogram/histogram.ts';
import type { Histogram } from '../histogram/types.ts';

/**
 * Seasonal references (STATISTICS 4e, ruling 9): the baseline is kept per hour of the week, and a window is compared with
 * the mixture of the slots it lies in, in the proportions of its own rows. All hours are UTC.
 */

export const SLOTS = 168;
/** A slot with fewer rows is pooled with its like. */
export const MIN_SLOT_ROWS = 50;

export type Seasonality = 'daily' | 'weekly';

/** The hour-of-week slot of an hour: 0 is Monday 00:00 UTC. @param hour UTC hours since the epoch, a Thursday */
export function slotOf(hour: number): number {
  return (((hour + 72) % SLOTS) + SLOTS) % SLOTS;
}

/** One reference of a seasonal baseline: a slot, or the slots pooled with it. */
export interface SlotReference {
  /** The slots that make it up, ascending; equal lists are one reference. */
  readonly slots: readonly number[];
  readonly histogram: Histogram;
}

/**
 * The reference of one slot: its own rows when there are 50, else those of its hour on all workdays (or on both weekend
 * days), else those of its hour on all days. With `daily`, always its hour on all days.
 *
 * @returns null when the baseline has no row of that hour at all
 */
export function pooledSlot(
  slots: ReadonlyMap<number, Histogram>,
  slot: number,
  seasonality: Seasonality = 'weekly',
): SlotReference | null {
  const hour = slot % 24;
  const weekend = slot >= 120;
  const sameHour = Array.from({ length: 7 }, (_, day) => day * 24 + hour);
  const candidates =
    seasonality === 'daily'
      ? [sameHour]
      : [[slot], sameHour.filter((other) => other >= 120 === weekend), sameHour];
  let last: SlotReference | null = null;
  for (const candidate of candidates) {
    last = poolOf(slots, candidate);
    if (last !== null && observationTotal(last.histogram) >= MIN_SLOT_ROWS) return last;
  }
  return last;
}

function poolOf(
  slots: ReadonlyMap<number, Histogram>,
  members: readonly number[],
): SlotReference | null {
  const present = members.filter((slot) => slots.has(slot));
  const first = slots.get(present[0] ?? -1);
  if (first === undefined) return null;
  const histogram = emptyHistogram(first.binning);
  for (const slot of present) addScaled(histogram, slots.get(slot) as Histogram, 1);
  return { slots: present, histogram };
}

export interface SlotMixture {
  /** G = sum w_s G_s as a histogram whose binned total is `rows`; its counts are not whole numbers. */
  readonly histogram: Histogram;
  /** m_eff with 1 / m_eff = sum w_s^2 / m_s. */
  readonly rows: number;
  /** Share of the live rows that lie in slots the baseline knows; the others take no part in the mixture. */
  readonly covered: number;
}

/**
 * The baseline a window is compared with: the slots' references in the proportions of the live rows.
 *
 * @param liveRows live rows by hour-of-week slot
 * @returns null when no live row lies in a slot with baseline values
 */
export function slotMixture(
  slots: ReadonlyMap<number, Histogram>,
  liveRows: ReadonlyMap<number, number>,
  seasonality: Seasonality = 'weekly',
): SlotMixture | null {
  const parts = new Map<
    string,
    { readonly histogram: Histogram; readonly m: number; live: number }
  >();
  let live = 0;
  let covered = 0;
  for (const [slot, rows] of liveRows) {
    live += rows;
    const reference = pooledSlot(slots, slot, seasonality);
    const m = reference === null ? 0 : binnedTotal(reference.histogram);
    if (reference === null || m === 0 || rows === 0) continue;
    covered += rows;
    const key = reference.slots.join(' ');
    const part = parts.get(key) ?? { histogram: reference.histogram, m, live: 0 };
    part.live += rows;
    parts.set(key, part);
  }
  const [first] = parts.values();
  if (first === undefined) return null;
  let inverse = 0;
  for (const part of parts.values()) inverse += (part.live / covered) ** 2 / part.m;
  const rows = 1 / inverse;
  const histogram = emptyHistogram(first.histogram.binning);
  for (const part of parts.values()) {
    addScaled(histogram, part.histogram, ((part.live / covered) * rows) / part.m);
  }
  return { histogram, rows, covered: covered / live };
}
