import type { Row } from '../../test/support/baselines.ts';

/** The model of the chaos and of the schedules (the one that test/support/world.ts makes). */
export const MODEL = 'flights';
export const START = Date.UTC(2026, 0, 10);
/** Events are spread over so many tiles of 5 minutes. */
const SPREAD_MS = 20 * 60_000;
const CARRIERS = ['AA', 'B6', 'DL', 'EV', 'UA', 'WN'];

/**
 * The event with this number: whole, fractional, negative, missing, wrong and unseen values all occur. Fractions are
 * quarters, so that sums are exact in whatever order they are made.
 */
export function eventOf(id: number): Row {
  const mixed = Math.imul(id + 1, 2_654_435_761) >>> 0;
  return {
    time: START + (mixed % SPREAD_MS),
    values: {
      delay: mixed % 17 === 0 ? null : ((mixed >>> 5) % 400) / 4 - 20,
      distance: mixed % 97 === 0 ? 'far' : (mixed >>> 3) % 2500,
      carrier: mixed % 53 === 0 ? `new-${mixed % 5}` : (CARRIERS[mixed % CARRIERS.length] ?? ''),
      late: (mixed & 8) === 0,
    },
  };
}

/** The record of an event; every 101st cannot be read and belongs in quarantine. */
export function recordOf(id: number): string {
  if (isBad(id)) return `{"model":"${MODEL}", broken ${id}`;
  const { time, values } = eventOf(id);
  return JSON.stringify({ model: MODEL, ts: time, features: values });
}

export function isBad(id: number): boolean {
  return id % 101 === 100;
}

/** Training rows with the same columns. */
export function trainingRows(): Row[] {
  const rows: Row[] = [];
  for (let id = 0; rows.length < 3_000; id += 1) {
    const { values } = eventOf(id * 7 + 1);
    const clean = Object.values(values).every((value) => value !== null && value !== 'far');
    if (clean && !String(values['carrier']).startsWith('new'))
      rows.push({ time: START - 86_400_000 + id * 1_000, values });
  }
  return rows;
}
