import type { DriftdConfig } from '../../config/types.ts';
import type { Log } from '../../platform/log.ts';
import type { TokenStore } from '../../storage/api/token-store.ts';
import { createTokenStore } from '../../storage/postgres/api/token-store.ts';
import { openSchema } from '../../storage/postgres/schema/open-schema.ts';
import type { Access } from '../../storage/postgres/schema/open-schema.ts';
import { assertReachable, createPool } from '../../storage/postgres/pool.ts';

export type { Access };
export type { IssuedToken, TokenRow, TokenStore } from '../../storage/api/token-store.ts';

/**
 * Does one thing about tokens straight in the database, without a server: so the first one can be made.
 * @param access 'read': the work writes nothing, and neither does this
 * @throws DriftdError DATABASE_UNREACHABLE | SCHEMA_TOO_NEW; to read also SCHEMA_MISSING | SCHEMA_TOO_OLD
 */
export async function withTokens<T>(
  config: DriftdConfig,
  { log, access }: { readonly log: Log; readonly access: Access },
  work: (tokens: TokenStore) => Promise<T>,
): Promise<T> {
  const { url } = config.postgres;
  const pool = createPool({ url, max: 2, applicationName: 'driftd token', log });
  try {
    await assertReachable(pool, url);
    await openSchema(pool, { url, access, log });
    return await work(createTokenStore(pool));
  } finally {
    await pool.end();
  }
}
