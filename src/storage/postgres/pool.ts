import pg from 'pg';
import { DriftdError, toError } from '../../platform/errors.ts';
import type { Log } from '../../platform/log.ts';
import { isReadOnly } from './commit-errors.ts';

export type Pool = pg.Pool;
export type Client = pg.PoolClient;

export interface PoolOptions {
  /** Connection string; holds the password and is never logged. */
  readonly url: string;
  /** Connections at most. */
  readonly max: number;
  readonly applicationName: string;
  readonly log: Log;
}

const INT8 = 20;
const TIMESTAMPTZ = 1184;

/** bigint columns as numbers: driftd's counts and offsets stay below 2^53, and one that does not must not be rounded. */
function parseInt8(text: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value))
    throw new RangeError(`a bigint of the database is above 2^53: ${text}`);
  return value;
}

/** timestamptz columns as ms since the epoch. */
function parseTimestamp(text: string): number {
  const parsed = pg.types.getTypeParser(TIMESTAMPTZ)(text) as unknown;
  return parsed instanceof Date ? parsed.getTime() : (parsed as number);
}

const types = {
  getTypeParser(oid: number, format?: 'text' | 'binary') {
    if (oid === INT8) return parseInt8;
    if (oid === TIMESTAMPTZ) return parseTimestamp;
    return pg.types.getTypeParser(oid, format) as (text: string) => unknown;
  },
};

/** Every wait is bounded: a database that does not answer is an error, never a hang. */
const TIMEOUTS_MS = { connect: 5_000, statement: 10_000, lock: 3_000, idleInTransaction: 15_000 };

/**
 * A pool of connections: bigint as number, timestamptz as ms since the epoch, all waits bounded. Connects lazily.
 */
export function createPool(options: PoolOptions): Pool {
  const pool = new pg.Pool({
    connectionString: options.url,
    max: options.max,
    application_name: options.applicationName,
    connectionTimeoutMillis: TIMEOUTS_MS.connect,
    statement_timeout: TIMEOUTS_MS.statement,
    lock_timeout: TIMEOUTS_MS.lock,
    idle_in_transaction_session_timeout: TIMEOUTS_MS.idleInTransaction,
    // The client gives up a little after the server should have: a half-open connection never answers.
    query_timeout: TIMEOUTS_MS.statement + 5_000,
    keepAlive: true,
    keepAliveInitialDelayMillis: 5_000,
    types: types,
  });
  // An idle connection that dies is replaced by the pool; without a listener the process would end.
  pool.on('error', (error) => {
    options.log.warn({ err: error }, 'an idle database connection was lost');
  });
  // The same holds for one that dies in use; there the query that fails tells whoever waits for it.
  pool.on('connect', (client) => client.on('error', () => undefined));
  return pool;
}

/** Where a connection string points, without its password. */
export function describeDatabase(url: string): string {
  try {
    const parsed = new URL(url);
    return `${parsed.hostname}:${parsed.port === '' ? '5432' : parsed.port}${parsed.pathname}`;
  } catch {
    return 'the configured address';
  }
}

/**
 * Makes sure that the database answers.
 * @throws DriftdError DATABASE_UNREACHABLE that says where and what to look at
 */
export async function assertReachable(pool: Pool, url: string): Promise<void> {
  try {
    await pool.query('SELECT 1');
  } catch (thrown) {
    const error = toError(thrown) as Error & { code?: string };
    const why = error.message === '' ? (error.code ?? 'no answer') : error.message;
    throw new DriftdError(
      'DATABASE_UNREACHABLE',
      `the database at ${describeDatabase(url)} cannot be used: ${why}; check postgres.url, and that the server runs and accepts this user`,
      { cause: thrown },
    );
  }
}

/**
 * Runs `work` in one transaction; rolls back and rethrows when it throws.
 * @param begin e.g. 'BEGIN ISOLATION LEVEL REPEATABLE READ'
 */
export async function inTransaction<T>(
  pool: Pool,
  work: (client: Client) => Promise<T>,
  begin = 'BEGIN',
): Promise<T> {
  const client = await pool.connect();
  let broken = false;
  try {
    await client.query(begin);
    const result = await work(client);
    await client.query('COMMIT');
    return result;
  } catch (thrown) {
    broken = isReadOnly(toError(thrown));
    await client.query('ROLLBACK').catch(() => {
      broken = true;
    });
    throw thrown;
  } finally {
    client.release(broken);
  }
}
