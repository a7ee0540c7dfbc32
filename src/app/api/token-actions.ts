import type { DriftdConfig } from '../../config/types.ts';
import type { Log } from '../../platform/log.ts';
import type { TokenStore } from '../../storage/api/token-store.ts';
import { createTokenStore } from '../../storage/postgres/api/token-store.ts';
import { migrate } from '../../storage/postgres/migrate.ts';
import { assertReachable, createPool } from '../../storage/postgres/pool.ts';

export type { IssuedToken, TokenRow, TokenStore } from '../../storage/api/token-store.ts';

/**
 * Does one thing about tokens straight in the database, without a server: so the first one can be made.
 * @throws DriftdError DATABASE_UNREACHABLE | SCHEMA_TOO_NEW
 */
export async function withTokens<T>(
  config: DriftdConfig,
  log: Log,
  work: (tokens: TokenStore) => Promise<T>,
): Promise<T> {
  const { url } = config.postgres;
  const pool = createPool({ url, max: 2, applicationName: 'driftd token', log });
  try {
    await assertReachable(pool, url);
    await migrate(pool, log);
    return await work(createTokenStore(pool));
  } finally {
    await pool.end();
  }
}
