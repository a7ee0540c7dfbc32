import type { DriftdConfig } from '../../config/types.ts';
import type { Log } from '../../platform/log.ts';
import type { AlertActions } from '../../storage/alert-desk.ts';
import { createAlertDesk } from '../../storage/postgres/alerts/alert-desk.ts';
import { openSchema } from '../../storage/postgres/schema/open-schema.ts';
import type { Access } from '../../storage/postgres/schema/open-schema.ts';
import { assertReachable, createPool } from '../../storage/postgres/pool.ts';

export type { Access };
export type { AlertActions, AlertEntry, Silence } from '../../storage/alert-desk.ts';

/**
 * Does one thing about alerts, on a database of its own connection.
 * @param access 'read': the work writes nothing, and neither does this
 * @throws DriftdError DATABASE_UNREACHABLE | SCHEMA_TOO_NEW; to read also SCHEMA_MISSING | SCHEMA_TOO_OLD
 */
export async function withAlertActions<T>(
  config: DriftdConfig,
  { log, access }: { readonly log: Log; readonly access: Access },
  work: (actions: AlertActions) => Promise<T>,
): Promise<T> {
  const { url } = config.postgres;
  const pool = createPool({ url, max: 2, applicationName: 'driftd alerts', log });
  try {
    await assertReachable(pool, url);
    await openSchema(pool, { url, access, log });
    return await work(createAlertDesk(pool));
  } finally {
    await pool.end();
  }
}
