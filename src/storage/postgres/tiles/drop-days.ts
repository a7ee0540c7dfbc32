import { sleep } from '../../../platform/clock.ts';
import { inTransaction } from '../pool.ts';
import type { Pool } from '../pool.ts';

const DAY_MS = 86_400_000;
/** Dropping a day needs the whole table for a moment; whoever uses it must not wait longer than this for us. */
const DROP_WAIT = '50ms';
/** While checkpoints come one after the other there is a gap between two of them sooner or later; tries of one pass. */
const TRIES = 20;
const PAUSE_MS = 100;

type Queryable = Pick<Pool, 'query'>;

/** Drops days of tiles, as the port says (storage/tile-store.ts). */
export async function dropDays(pool: Pool, horizons: ReadonlyMap<number, number>): Promise<number> {
  const times = [...horizons.values()];
  if (times.length === 0) return 0;
  const [oldest, newest] = [Math.min(...times), Math.max(...times)];
  if (!Number.isFinite(newest)) return 0;
  const models = [...horizons.keys()];
  const patience = { tries: TRIES };
  let dropped = 0;
  for (const { name, end } of await daysBefore(pool, newest)) {
    const isGone = (on: Queryable): Promise<boolean> =>
      end <= oldest ? noOtherModel(on, models) : isEmpty(on, name);
    if (await dropWhen(pool, name, isGone, patience)) dropped += 1;
  }
  return dropped;
}

/** Days of which some or all is before this instant, oldest first. The names are made of digits only. */
async function daysBefore(pool: Pool, time: number): Promise<{ name: string; end: number }[]> {
  const { rows } = await pool.query<{ name: string }>(
    `SELECT c.relname AS name FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
     WHERE i.inhparent = 'tile'::regclass AND c.relname ~ '^tile_[0-9]{8}$' AND c.relname < $1 ORDER BY 1`,
    [`tile_${new Date(time).toISOString().slice(0, 10).replaceAll('-', '')}`],
  );
  return rows.map(({ name }) => {
    const [year, month, day] = [name.slice(5, 9), name.slice(9, 11), name.slice(11)].map(Number);
    return { name, end: Date.UTC(year as number, (month as number) - 1, day) + DAY_MS };
  });
}

async function isEmpty(on: Queryable, name: string): Promise<boolean> {
  const { rowCount } = await on.query(`SELECT FROM ${name} LIMIT 1`);
  return rowCount === 0;
}

/** Has no model had its first event since the horizons were reckoned? It may have begun long ago, in the very day. */
async function noOtherModel(on: Queryable, models: readonly number[]): Promise<boolean> {
  const { rowCount } = await on.query(
    'SELECT FROM model_progress WHERE model_id <> ALL($1) LIMIT 1',
    [models],
  );
  return rowCount === 0;
}

/** Looks once without a lock, so that a day that stays costs nobody anything. */
async function dropWhen(
  pool: Pool,
  name: string,
  isGone: (on: Queryable) => Promise<boolean>,
  patience: { tries: number },
): Promise<boolean> {
  if (!(await isGone(pool))) return false;
  while (patience.tries > 0) {
    const outcome = await tryDrop(pool, name, isGone);
    if (outcome !== 'in use') return outcome === 'dropped';
    patience.tries -= 1;
    await sleep(PAUSE_MS);
  }
  return false;
}

async function tryDrop(
  pool: Pool,
  name: string,
  isGone: (on: Queryable) => Promise<boolean>,
): Promise<'dropped' | 'kept' | 'in use'> {
  try {
    return await inTransaction(pool, async (client) => {
      await client.query(`SET LOCAL lock_timeout = '${DROP_WAIT}'`);
      // The whole table first, as a checkpoint does: the other way round the two would wait for each other in a circle.
      await client.query('LOCK TABLE ONLY tile IN ACCESS EXCLUSIVE MODE');
      await client.query(`LOCK TABLE ${name} IN ACCESS EXCLUSIVE MODE`);
      if (!(await isGone(client))) return 'kept';
      await client.query(`DROP TABLE ${name}`);
      return 'dropped';
    });
  } catch (thrown) {
    // lock_not_available
    if (thrown instanceof Error && 'code' in thrown && thrown.code === '55P03') return 'in use';
    throw thrown;
  }
}
