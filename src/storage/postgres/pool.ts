import { AsyncLocalStorage } from 'node:async_hooks';
import pg from 'pg';
import { DriftdError, toError } from '../../platform/errors.ts';
import type { Log } from '../../platform/log.ts';
import { isPassing } from './commit-errors.ts';
import { isReadOnly } from './commit-errors.ts';

export type Pool = pg.Pool;
export type Client = pg.PoolClient;

export interface PoolOptions {
  /** Connection string, of one server or several with commas between; holds the password and is never logged. */
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
 * One connection string a server: `postgres://user@a:5432,b:5432/driftd` names two, of which one writes. User and password
 * end at the last `@` before the path: commas, and further `@`, are theirs.
 */
function serversOf(url: string): string[] {
  const parts = /^(postgres(?:ql)?:\/\/(?:[^/?#]*@)?)([^@/?#]*,[^@/?#]*)((?:[/?#].*)?)$/s.exec(url);
  if (parts === null) return [url];
  const [, head = '', hosts = '', tail = ''] = parts;
  return hosts.split(',').map((host) => `${head}${host}${tail}`);
}

/**
 * What connects to several servers in turn: to the one that was well last, and when it does not answer or only reads
 * to the next. The attempt that finds that out fails; whoever tries again reaches the other.
 */
function failOver(url: string): Pick<pg.PoolConfig, 'Client' | 'verify'> {
  const servers = serversOf(url);
  if (servers.length === 1) return {};
  let at = 0;
  const leave = (server: number): void => {
    if (server === at) at = (at + 1) % servers.length;
  };
  const serverOf = new WeakMap<object, number>();
  class Client extends pg.Client {
    constructor(config?: pg.ClientConfig) {
      super({ ...config, connectionString: servers[at] as string });
      serverOf.set(this, at);
    }

    override connect(): Promise<this>;
    override connect(callback: (error: Error) => void): void;
    override connect(callback?: (error: Error) => void): unknown {
      const server = serverOf.get(this) ?? 0;
      if (callback === undefined) return super.connect();
      super.connect((error: Error | null) => {
        if (error !== null && error !== undefined) leave(server);
        callback(error as Error);
      });
      return undefined;
    }
  }
  return {
    Client,
    verify(client, done) {
      client
        .query<{ reads: string }>("SELECT current_setting('transaction_read_only') AS reads")
        .then(
          ({ rows }) => {
            if (rows[0]?.reads !== 'on') {
              done();
              return;
            }
            leave(serverOf.get(client) ?? 0);
            done(
              Object.assign(new Error('the server only reads'), {
                code: '25006',
                severity: 'FATAL',
              }),
            );
          },
          (thrown: unknown) => {
            leave(serverOf.get(client) ?? 0);
            done(toError(thrown));
          },
        );
    },
  };
}

/**
 * A pool of connections: bigint as number, timestamptz as ms since the epoch, all waits bounded. Connects lazily.
 */
export function createPool(options: PoolOptions): Pool {
  const pool = new pg.Pool({
    connectionString: serversOf(options.url)[0] as string,
    ...failOver(options.url),
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

const NOWHERE = 'the configured address';

/** An `@` behind the hosts may end a password with a `/`, `?` or `#`: what stands where the hosts do is then part of it. */
const mayHoldSecret = (url: string): boolean => /^[^:]*:\/\/[^/?#]*[/?#].*@/s.test(url);

/** Where a connection string points, without its password; where the two cannot be told apart, no part of it. */
export function describeDatabase(url: string): string {
  if (mayHoldSecret(url)) return NOWHERE;
  return serversOf(url).map(describeServer).join(' or ');
}

function describeServer(url: string): string {
  try {
    const parsed = new URL(url);
    return `${parsed.hostname}:${parsed.port === '' ? '5432' : parsed.port}${parsed.pathname}`;
  } catch {
    return NOWHERE;
  }
}

/** What to do about a database that cannot be used. */
export const DATABASE_WAY_OUT =
  'check postgres.url, and that the server runs and accepts this user';

/**
 * Makes sure that the database answers.
 * @throws DriftdError DATABASE_UNREACHABLE that says where and what to look at
 */
export async function assertReachable(pool: Pool, url: string): Promise<void> {
  try {
    await askServers(pool, serversOf(url).length);
  } catch (thrown) {
    const error = toError(thrown) as Error & { code?: string };
    // What the system says names host and port.
    const why = mayHoldSecret(url)
      ? 'in a password / is written %2F, ? is %3F, # is %23 and @ is %40'
      : error.message === ''
        ? (error.code ?? 'no answer')
        : error.message;
    throw new DriftdError(
      'DATABASE_UNREACHABLE',
      `the database at ${describeDatabase(url)} cannot be used: ${why}; ${DATABASE_WAY_OUT}`,
      { cause: thrown },
    );
  }
}

/** Each attempt that fails leads to the next server. */
async function askServers(pool: Pool, servers: number): Promise<void> {
  for (let left = servers - 1; ; left -= 1) {
    try {
      await pool.query('SELECT 1');
      return;
    } catch (thrown) {
      if (left <= 0) throw thrown;
    }
  }
}

/**
 * What needs the database to come up: that it goes away in the middle is told as when it had not been there.
 * @throws DriftdError DATABASE_UNREACHABLE; and what `work` throws for other reasons
 */
export async function lostAsUnreachable<T>(url: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (thrown) {
    const error = toError(thrown);
    if (error instanceof DriftdError || !isPassing(error)) throw error;
    throw new DriftdError(
      'DATABASE_UNREACHABLE',
      `the database at ${describeDatabase(url)} was lost during the start: ${error.message}; start again when it answers`,
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

/** Reads of many stores that see the database as of one moment. */
export interface Snapshots {
  /** For stores that are to take part: as the pool, but inside `read` its queries run in the snapshot. */
  readonly pool: Pool;
  /** Everything that `work` queries is of the moment of its first query. `work` must not write through these stores. */
  read<T>(work: () => Promise<T>): Promise<T>;
}

/** Stores keep their caches this way: they are made once, and the snapshot comes to them. */
export function createSnapshots(pool: Pool): Snapshots {
  const current = new AsyncLocalStorage<Client>();
  const routed = new Proxy(pool, {
    get(target, key) {
      const owner = key === 'query' ? (current.getStore() ?? target) : target;
      const value: unknown = Reflect.get(owner, key, owner);
      return typeof value === 'function' ? (value.bind(owner) as unknown) : value;
    },
  });
  const begin = 'BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY';
  return {
    pool: routed,
    read: (work) => inTransaction(pool, (client) => current.run(client, work), begin),
  };
}
