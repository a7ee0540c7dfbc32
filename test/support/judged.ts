import type { Row } from './baselines.ts';
import { freshDatabase } from './servers.ts';
import { createWorld, DAY, HOUR } from './world.ts';
import type { World } from './world.ts';

/** A week of July that was counted and judged every day against January: `temp` has moved, `carrier` has not. */
export interface Judged extends World {
  /** First instant of what was counted, and the end of the last window. */
  readonly from: number;
  readonly to: number;
}

const JANUARY = Date.UTC(2013, 0, 1);
const JULY = Date.UTC(2013, 6, 1);
const CARRIERS = ['UA', 'DL', 'B6'];

function rows(from: number, days: number, warmer: number): Row[] {
  return Array.from({ length: days * 240 }, (_, i) => ({
    time: from + i * (HOUR / 10),
    values: {
      temp: warmer + ((i * 37) % 100) / 5,
      carrier: CARRIERS[i % CARRIERS.length] ?? null,
    },
  }));
}

/** Model `flights`, monitor `daily`, evaluations of July 2 to 5, one record in quarantine. */
export async function createJudged(): Promise<Judged> {
  const world = await createWorld(await freshDatabase(), { rows: rows(JANUARY, 14, 0) });
  await world.count(rows(JULY, 4, 15));
  const monitor = await world.monitor();
  for (let day = 1; day <= 4; day += 1) await world.evaluate(monitor, JULY + day * DAY);
  await world.pool.query(
    `INSERT INTO quarantine (part, record_offset, reason, detail, payload)
     SELECT id, 7, 'malformed', 'no JSON', '\\x7b' FROM ingest_partition`,
  );
  return { ...world, from: JULY, to: JULY + 4 * DAY };
}
