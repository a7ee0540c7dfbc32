import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import type { QueryConfig } from 'pg';
import { DriftdError, toError } from '../../platform/errors.ts';
import { sleep } from '../../platform/clock.ts';
import type { Log } from '../../platform/log.ts';
import type { Client, Pool } from './pool.ts';

const FOLDER = new URL('./migrations/', import.meta.url);

/** Held while migrating, so that any number of processes may start at once. The number only has to be ours. */
const ADVISORY_LOCK = 0x64726966;
const LOCK_ATTEMPTS = 120;
const LOCK_PAUSE_MS = 500;

interface Migration {
  readonly version: number;
  readonly file: string;
  readonly sql: string;
  readonly checksum: string;
  /** Binaries that know fewer migrations than this one must not run on the schema. */
  readonly breaking: boolean;
}

/** The migrations that this binary knows, ascending. A file is `NNNN_name.sql`; a first line `-- breaking` says that older binaries must stop. */
export async function knownMigrations(): Promise<Migration[]> {
  const files = (await readdir(FOLDER)).filter((file) => /^\d{4}_\w+\.sql$/.test(file)).sort();
  return Promise.all(
    files.map(async (file) => {
      const sql = await readFile(new URL(file, FOLDER), 'utf8');
      const checksum = createHash('sha256').update(sql).digest('hex');
      return {
        version: Number(file.slice(0, 4)),
        file,
        sql,
        checksum,
        breaking: sql.startsWith('-- breaking'),
      };
    }),
  );
}

async function takeLock(client: Client): Promise<void> {
  for (let attempt = 0; attempt < LOCK_ATTEMPTS; attempt += 1) {
    const { rows } = await client.query<{ locked: boolean }>(
      'SELECT pg_try_advisory_lock($1) AS locked',
      [ADVISORY_LOCK],
    );
    if (rows[0]?.locked === true) return;
    await sleep(LOCK_PAUSE_MS);
  }
  throw new DriftdError(
    'DATABASE_UNREACHABLE',
    'another process has been migrating the database for a minute; wait for it, or end it, and start again',
  );
}

async function applied(
  client: Client,
): Promise<Map<number, { checksum: string; breaking: boolean }>> {
  await client.query(`CREATE TABLE IF NOT EXISTS schema_version (
    version integer PRIMARY KEY, file text NOT NULL, checksum text NOT NULL,
    breaking boolean NOT NULL, applied_at timestamptz NOT NULL DEFAULT now())`);
  const { rows } = await client.query<{ version: number; checksum: string; breaking: boolean }>(
    'SELECT version, checksum, breaking FROM schema_version',
  );
  return new Map(rows.map((row) => [row.version, row]));
}

function refuseNewer(
  known: readonly Migration[],
  done: ReadonlyMap<number, { breaking: boolean }>,
): void {
  const newest = known.at(-1)?.version ?? 0;
  for (const [version, { breaking }] of done) {
    if (version > newest && breaking) {
      throw new DriftdError(
        'SCHEMA_TOO_NEW',
        `the database has schema version ${version}, which this driftd (up to ${newest}) must not use; run the newer driftd, or restore the backup that belongs to this one`,
      );
    }
  }
}

/**
 * Brings the schema up to date: each migration once, in order, in a transaction of its own, under one advisory lock.
 * @param migrations ascending; left out: those of this binary
 * @returns the schema version before and after
 * @throws DriftdError SCHEMA_TOO_NEW | DATABASE_UNREACHABLE
 */
export async function migrate(
  pool: Pool,
  log: Log,
  migrations?: readonly Migration[],
): Promise<{ from: number; to: number }> {
  const known = migrations ?? (await knownMigrations());
  const client = await pool.connect();
  try {
    await takeLock(client);
    const done = await applied(client);
    refuseNewer(known, done);
    const from = Math.max(0, ...done.keys());
    for (const migration of known) {
      const before = done.get(migration.version);
      if (before === undefined) {
        await apply(client, migration);
        log.info({ migration: migration.file }, 'schema migrated');
      } else if (before.checksum !== migration.checksum) {
        log.warn({ migration: migration.file }, 'a migration that was applied has changed since');
      }
    }
    return { from, to: Math.max(from, known.at(-1)?.version ?? 0) };
  } catch (thrown) {
    throw asOperatingError(thrown);
  } finally {
    await client.query('SELECT pg_advisory_unlock($1)', [ADVISORY_LOCK]).catch(() => undefined);
    client.release();
  }
}

/** What people can put right about a database that cannot be migrated, by SQLSTATE. */
const WAYS_OUT: Readonly<Record<string, string>> = {
  '42501':
    'the user of postgres.url must be allowed to create tables and functions in its schema, as the owner of the database is (GRANT CREATE ON SCHEMA public TO ...)',
  '25006':
    'the server takes no writes: postgres.url must lead to the primary, and default_transaction_read_only be off',
  '55P03':
    'another session holds a table for longer than 3 s; end it, or start again when it is done',
  '57014':
    'somebody cancelled the statement; start again: it begins anew, and may take minutes where tables are large',
  '53100': "the server's disk is full: make room there, and start again",
};

/** @returns what to throw instead: a defect stays itself */
function asOperatingError(thrown: unknown): unknown {
  const code = thrown instanceof Error && 'code' in thrown ? String(thrown.code) : '';
  const wayOut = WAYS_OUT[code];
  if (wayOut === undefined || thrown instanceof DriftdError) return thrown;
  return new DriftdError(
    'DATABASE_UNREACHABLE',
    `the database cannot be brought to this driftd's schema: ${toError(thrown).message}; ${wayOut}`,
    { cause: thrown },
  );
}

/** The client waits for a day: 0 would be its default, and a connection that broke is noticed by its keep-alive. */
const PATIENCE_MS = 86_400_000;

function unhurried(text: string): QueryConfig {
  const config: QueryConfig & { readonly query_timeout: number } = {
    text,
    query_timeout: PATIENCE_MS,
  };
  return config;
}

async function apply(client: Client, migration: Migration): Promise<void> {
  await client.query('BEGIN');
  try {
    // An index of a large table takes its time; what holds up others, the wait for a lock, stays short.
    await client.query("SET LOCAL lock_timeout = '3s'; SET LOCAL statement_timeout = 0");
    await client.query(unhurried(migration.sql));
    await client.query(
      'INSERT INTO schema_version (version, file, checksum, breaking) VALUES ($1, $2, $3, $4)',
      [migration.version, migration.file, migration.checksum, migration.breaking],
    );
    await client.query('COMMIT');
  } catch (error) {
    await client.query('ROLLBACK').catch(() => undefined);
    throw error;
  }
}
