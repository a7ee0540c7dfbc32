import { createWorld } from '../../test/support/world.ts';
import { trainingRows } from '../chaos/events.ts';
import { schedules } from './catalogue.ts';
import { memberPool } from './member.ts';
import { MUTANTS } from './mutants.ts';
import { nameOf, runSchedule } from './run.ts';

export interface Search {
  /** The first schedule that has found something; of a mutant: its own kind of fault, in time. */
  readonly found: Fault | null;
  /** Faults of another kind, which show nothing of the mutant. */
  readonly otherwise: readonly Fault[];
  readonly ran: number;
  /** From the first schedule to what was found, or to the end. */
  readonly seconds: number;
}

interface Fault {
  readonly name: string;
  readonly fault: string;
}

/** Schedules under way at a time: most of them wait most of the time. */
const ABREAST = 4;
/** A planted bug that is not found within this time counts as not found. */
export const FIND_SECONDS = 60;

/**
 * Runs the schedules until one finds something, or for a mutant until its time is over.
 * @param url an empty database
 */
export async function findFault(url: string, mutant: string | null): Promise<Search> {
  const world = await createWorld(url, { rows: trainingRows() });
  const waiting = schedules(mutant);
  const finds = mutant === null ? /./s : (MUTANTS[mutant]?.finds ?? /$./);
  const otherwise: Fault[] = [];
  let found: Fault | null = null;
  let ran = 0;
  const pools = Array.from({ length: ABREAST }, () => memberPool(url));
  const started = performance.now();
  const seconds = (): number => (performance.now() - started) / 1_000;
  const over = (): boolean => mutant !== null && seconds() > FIND_SECONDS;
  let took: number | null = null;

  async function runOn(pool: (typeof pools)[number]): Promise<void> {
    for (;;) {
      const schedule = found === null && !over() ? waiting.shift() : undefined;
      if (schedule === undefined) return;
      const fault = await runSchedule(world, pool, schedule, mutant);
      ran += 1;
      if (fault === null) continue;
      if (!finds.test(fault) || over()) otherwise.push({ name: nameOf(schedule), fault });
      else if (found === null) {
        found = { name: nameOf(schedule), fault };
        took = seconds();
      }
    }
  }

  try {
    await Promise.all(pools.map(runOn));
  } finally {
    await Promise.all([...pools, world.pool].map((pool) => pool.end()));
  }
  return { found, otherwise, ran, seconds: took ?? seconds() };
}
