import type { DriftdConfig } from '../../config/types.ts';
import type { Log } from '../../platform/log.ts';
import type { AlertActions } from '../../storage/alert-desk.ts';
import { createAlertDesk } from '../../storage/postgres/alerts/alert-desk.ts';
import { migrate } from '../../storage/postgres/migrate.ts';
import { assertReachable, createPool } from '../../storage/postgres/pool.ts';

export type { AlertActions, AlertEntry, Silence } from '../../storage/alert-desk.ts';

/**
 * Does one thing about alerts, on a database of its own connection.
 * @throws DriftdError DATABASE_UNREACHABLE | SCHEMA_TOO_NEW
 */
export async function withAlertActions<T>(
  config: DriftdConfig,
  log: Log,
  work: (actions: AlertActions) => Promise<T>,
): Promise<T> {
  const { url } = config.postgres;
  const pool = createPool({ url, max: 2, applicationName: 'driftd alerts', log });
  try {
    await assertReachable(pool, url);
    await migrate(pool, log);
    return await work(createAlertDesk(pool));
  } finally {
    await pool.end();
  }
}
