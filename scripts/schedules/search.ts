import { createWorld } from '../../test/support/world.ts';
import { trainingRows } from '../chaos/events.ts';
import { schedules } from './catalogue.ts';
import { memberPool } from './member.ts';
import { nameOf, runSchedule } from './run.ts';

export interface Search {
  /** The first schedule that has found something. */
  readonly found: { readonly name: string; readonly fault: string } | null;
  readonly ran: number;
}

/** Schedules under way at a time: most of them wait most of the time. */
const ABREAST = 4;

/**
 * Runs the schedules until one finds something.
 * @param url an empty database
 */
export async function findFault(url: string, mutant: string | null): Promise<Search> {
  const world = await createWorld(url, { rows: trainingRows() });
  const waiting = schedules(mutant);
  let found: Search['found'] = null;
  let ran = 0;
  const pools = Array.from({ length: ABREAST }, () => memberPool(url));
  try {
    await Promise.all(
      pools.map(async (pool) => {
        for (;;) {
          const schedule = found === null ? waiting.shift() : undefined;
          if (schedule === undefined) return;
          const fault = await runSchedule(world, pool, schedule, mutant);
          ran += 1;
          if (fault !== null) found ??= { name: nameOf(schedule), fault };
        }
      }),
    );
  } finally {
    await Promise.all([...pools, world.pool].map((pool) => pool.end()));
  }
  return { found, ran };
}
