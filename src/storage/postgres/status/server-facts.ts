import { toError } from '../../../platform/errors.ts';
import { knownMigrations } from '../migrate.ts';
import type { Pool } from '../pool.ts';

/** What `driftd doctor` asks of the server itself. */
export interface ServerFacts {
  /** As the server tells it: 18.4. */
  readonly version: string;
  /** The database's clock, and how long the question took; ms. */
  readonly now: number;
  readonly roundTripMs: number;
  /** This process's clock half-way through the question, ms since the epoch. */
  readonly ownNow: number;
  readonly inRecovery: boolean;
  readonly settings: ReadonlyMap<string, string>;
  /** Bytes of this database. */
  readonly bytes: number;
  /** Where the server keeps its data; null: this login may not know. */
  readonly dataFolder: string | null;
  readonly connections: { readonly used: number; readonly max: number };
}

export const SAFETY_SETTINGS = ['fsync', 'synchronous_commit', 'full_page_writes'] as const;

/** Rejects when the database does not answer. */
export async function readServerFacts(pool: Pool, clock: () => number): Promise<ServerFacts> {
  // The first question pays for the connection; the second one is timed.
  await pool.query('SELECT 1');
  const before = clock();
  const asked = await pool.query<{ now: number }>('SELECT clock_timestamp() AS now');
  const after = clock();
  const { rows } = await pool.query<{
    recovery: boolean;
    bytes: number;
    used: number;
    folder: string | null;
  }>(
    `SELECT pg_is_in_recovery() AS recovery, pg_database_size(current_database()) AS bytes,
            (SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend') AS used,
            CASE WHEN pg_has_role(current_user, 'pg_read_all_settings', 'USAGE')
                 THEN current_setting('data_directory') END AS folder`,
  );
  const values = await readSettings(pool);
  const [row] = rows;
  return {
    version: values.get('server_version') ?? 'unknown',
    now: asked.rows[0]?.now ?? 0,
    roundTripMs: after - before,
    ownNow: (before + after) / 2,
    inRecovery: row?.recovery ?? false,
    settings: values,
    bytes: row?.bytes ?? 0,
    dataFolder: row?.folder ?? null,
    connections: { used: row?.used ?? 0, max: Number(values.get('max_connections') ?? 0) },
  };
}

/** The server's settings that driftd looks at, by name. */
export async function readSettings(pool: Pool): Promise<ReadonlyMap<string, string>> {
  const { rows } = await pool.query<{ name: string; setting: string }>(
    'SELECT name, setting FROM pg_settings WHERE name = ANY($1)',
    [[...SAFETY_SETTINGS, 'max_connections', 'server_version']],
  );
  return new Map(rows.map(({ name, setting }) => [name, setting]));
}

/** How the schema of the database relates to what this program knows. */
export interface SchemaFacts {
  /** Newest version in the database; 0: no schema. */
  readonly version: number;
  /** Newest version that this program knows. */
  readonly known: number;
  /** Migrations of this program that the database lacks. */
  readonly missing: readonly string[];
  /** Versions of the database that this program does not know. */
  readonly newer: readonly { readonly version: number; readonly breaking: boolean }[];
  /** Migrations whose text differs from what was applied. */
  readonly changed: readonly string[];
}

/** The files do not change while the program runs. */
let migrations: ReturnType<typeof knownMigrations> | null = null;

export async function readSchemaFacts(pool: Pool): Promise<SchemaFacts> {
  migrations ??= knownMigrations();
  const known = await migrations;
  const { rows: found } = await pool.query<{ there: boolean }>(
    `SELECT to_regclass('schema_version') IS NOT NULL AS there`,
  );
  const applied =
    found[0]?.there === true
      ? await pool.query<{ version: number; checksum: string; breaking: boolean }>(
          'SELECT version, checksum, breaking FROM schema_version',
        )
      : { rows: [] };
  const done = new Map(applied.rows.map((row) => [row.version, row]));
  const newest = known.at(-1)?.version ?? 0;
  return {
    version: Math.max(0, ...done.keys()),
    known: newest,
    missing: known.filter(({ version }) => !done.has(version)).map(({ file }) => file),
    newer: [...done.values()].filter(({ version }) => version > newest),
    changed: known
      .filter(({ version, checksum }) => (done.get(version)?.checksum ?? checksum) !== checksum)
      .map(({ file }) => file),
  };
}

/** Writes a row and takes it back. @returns why it is refused; null: it is taken */
export async function probeWrite(pool: Pool): Promise<string | null> {
  const client = await pool.connect();
  try {
    await client.query('BEGIN');
    await client.query("INSERT INTO replica (owner, roles) VALUES ('doctor', '{}')");
    return null;
  } catch (thrown) {
    return toError(thrown).message;
  } finally {
    await client.query('ROLLBACK').catch(() => undefined);
    client.release();
  }
}
