import type { Row } from '../../test/support/baselines.ts';

/** The model of the chaos and of the schedules (the one that test/support/world.ts makes). */
export const MODEL = 'flights';
export const START = Date.UTC(2026, 0, 10);
/** Events are spread over so many tiles of 5 minutes. */
const SPREAD_MS = 20 * 60_000;
const HOUR_MS = 3_600_000;
const CARRIERS = ['AA', 'B6', 'DL', 'EV', 'UA', 'WN'];
const ORIGINS = ['EWR', 'JFK', 'LGA', null] as const;

/** What a record is to become. */
export type Fate = 'counted' | 'quarantined' | 'too-late' | 'duplicate';

/** Records by number, and what each is to become. */
export interface Stream {
  /** The event of a record that is to be counted. */
  eventOf(id: number): Row;
  /** Its value of the attribute `origin`. */
  originOf(id: number): string | null;
  fateOf(id: number): Fate;
  recordOf(id: number): string;
}

const mixedOf = (id: number): number => Math.imul(id + 1, 2_654_435_761) >>> 0;

/**
 * Whole, fractional, negative, missing, wrong and unseen values all occur. Fractions are quarters, so that sums are exact
 * in whatever order they are made.
 */
function valuesOf(id: number): Row['values'] {
  const mixed = mixedOf(id);
  return {
    delay: mixed % 17 === 0 ? null : ((mixed >>> 5) % 400) / 4 - 20,
    distance: mixed % 97 === 0 ? 'far' : (mixed >>> 3) % 2500,
    carrier: mixed % 53 === 0 ? `new-${mixed % 5}` : (CARRIERS[mixed % CARRIERS.length] ?? ''),
    late: (mixed & 8) === 0,
  };
}

const isBad = (id: number): boolean => id % 101 === 100;

/** Within 20 minutes; every 101st record cannot be read and belongs in quarantine. */
export const PLAIN: Stream = {
  eventOf: (id) => ({ time: START + (mixedOf(id) % SPREAD_MS), values: valuesOf(id) }),
  originOf: () => null,
  fateOf: (id) => (isBad(id) ? 'quarantined' : 'counted'),
  recordOf(id) {
    if (isBad(id)) return `{"model":"${MODEL}", broken ${id}`;
    const { time, values } = PLAIN.eventOf(id);
    return JSON.stringify({ model: MODEL, ts: time, features: values });
  },
};

/** Time goes on so much an event; each comes up to some hours late. */
const STEP_MS = 20;
const BEHIND_MS = 6 * HOUR_MS;
/** Before this many records a partition may not know yet what is late, or how far back its window of ids reaches. */
const SETTLED = 1_000;
/** A duplicate comes so many records after its event: in the same partition, since their number divides it. */
export const PARTITIONS = 6;
const AGAIN_AFTER = 5 * PARTITIONS;

const isTooLate = (id: number): boolean => id >= SETTLED && id % 211 === 7;
const isDuplicate = (id: number): boolean =>
  id >= SETTLED && id % 50 === 49 && !isBad(id - AGAIN_AFTER) && !isTooLate(id - AGAIN_AFTER);

/** Hours of event time in several segments; some records come twice, some weeks too late, some cannot be read. */
export const VARIED: Stream = {
  eventOf(id) {
    const behind = isTooLate(id) ? 20 * 24 * HOUR_MS : (mixedOf(id) >>> 2) % BEHIND_MS;
    return { time: START + id * STEP_MS - behind, values: valuesOf(id) };
  },
  originOf: (id) => ORIGINS[(mixedOf(id) >>> 4) % ORIGINS.length] ?? null,
  fateOf(id) {
    if (isDuplicate(id)) return 'duplicate';
    if (isBad(id)) return 'quarantined';
    return isTooLate(id) ? 'too-late' : 'counted';
  },
  recordOf(id) {
    const fate = VARIED.fateOf(id);
    if (fate === 'quarantined') return `{"model":"${MODEL}", broken ${id}`;
    const told = fate === 'duplicate' ? id - AGAIN_AFTER : id;
    const { time, values } = VARIED.eventOf(told);
    const origin = VARIED.originOf(told);
    return JSON.stringify({
      model: MODEL,
      id: `event-${told}`,
      ts: time,
      features: values,
      ...(origin === null ? {} : { attributes: { origin } }),
    });
  },
};

/** Training rows with the same columns. */
export function trainingRows(): Row[] {
  const rows: Row[] = [];
  for (let id = 0; rows.length < 3_000; id += 1) {
    const values = valuesOf(id * 7 + 1);
    const clean = Object.values(values).every((value) => value !== null && value !== 'far');
    if (clean && !String(values['carrier']).startsWith('new'))
      rows.push({ time: START - 86_400_000 + id * 1_000, values });
  }
  return rows;
}
