import type { DriftdConfig } from '../../config/types.ts';
import { parseStatus, showStatus } from '../../expose/api/operations/status.ts';
import type { StatusDocument } from '../../expose/api/operations/status.ts';
import type { Log } from '../../platform/log.ts';
import type { StatusReader } from '../../storage/api/status-reader.ts';
import { assertReachable, createPool } from '../../storage/postgres/pool.ts';
import type { Pool } from '../../storage/postgres/pool.ts';
import { assertSchema } from '../../storage/postgres/schema/assert-schema.ts';
import { sourceTopicsOf } from '../catalogue.ts';
import { createStatusReader } from '../../storage/postgres/status/status-reader.ts';

export { parseStatus };
export type { StatusDocument };

/** Reads how what is configured stands. */
export function statusReaderOf(config: DriftdConfig, pool: Pool): StatusReader {
  return createStatusReader(pool, {
    models: new Map(config.models.map((model) => [model.name, model.allowedLatenessMs])),
    monitors: config.monitors.map(({ name }) => name),
    topics: sourceTopicsOf(config),
  });
}

/**
 * How everything stands, from the database.
 * @throws DriftdError DATABASE_UNREACHABLE | SCHEMA_MISSING | SCHEMA_TOO_OLD | SCHEMA_TOO_NEW
 */
export async function readStatus(config: DriftdConfig, log: Log): Promise<StatusDocument> {
  const { url } = config.postgres;
  const pool = createPool({ url, max: 1, applicationName: 'driftd status', log });
  try {
    await assertReachable(pool, url);
    await assertSchema(pool, url);
    return showStatus(await statusReaderOf(config, pool).read());
  } finally {
    await pool.end();
  }
}
