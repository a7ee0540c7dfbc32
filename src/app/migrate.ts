import type { DriftdConfig } from '../config/types.ts';
import type { Log } from '../platform/log.ts';
import { migrate } from '../storage/postgres/migrate.ts';
import { assertReachable, createPool } from '../storage/postgres/pool.ts';

/**
 * Brings the database of this configuration up to date.
 * @throws DriftdError DATABASE_UNREACHABLE | SCHEMA_TOO_NEW
 */
export async function migrateDatabase(
  config: DriftdConfig,
  log: Log,
): Promise<{ from: number; to: number }> {
  const { url } = config.postgres;
  const pool = createPool({ url, max: 1, applicationName: 'driftd migrate', log });
  try {
    await assertReachable(pool, url);
    return await migrate(pool, log);
  } finally {
    await pool.end();
  }
}
