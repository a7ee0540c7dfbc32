import type { DriftdConfig } from '../../config/types.ts';
import type { Log } from '../../platform/log.ts';
import type { QuarantineEntry } from '../../storage/api/history-reader.ts';
import { createHistoryReader } from '../../storage/postgres/api/history-reader.ts';
import { assertReachable, createPool } from '../../storage/postgres/pool.ts';
import { assertSchema } from '../../storage/postgres/schema/assert-schema.ts';

export type { QuarantineEntry };

export interface QuarantineQuestion {
  readonly source: string | null;
  readonly topic: string | null;
  readonly partition: number | null;
  readonly offset: number | null;
  readonly reason: string | null;
  readonly from: number | null;
  readonly to: number | null;
  readonly limit: number;
}

/**
 * Records that could not be counted, newest first.
 * @throws DriftdError DATABASE_UNREACHABLE | SCHEMA_MISSING | SCHEMA_TOO_OLD | SCHEMA_TOO_NEW
 */
export async function readQuarantine(
  config: DriftdConfig,
  log: Log,
  question: QuarantineQuestion,
): Promise<QuarantineEntry[]> {
  const { url } = config.postgres;
  const pool = createPool({ url, max: 1, applicationName: 'driftd quarantine', log });
  try {
    await assertReachable(pool, url);
    await assertSchema(pool, url);
    const { limit, ...filter } = question;
    const rows = await createHistoryReader(pool).quarantine(filter, { limit, after: null });
    // The key is for pages.
    return rows.map(({ key: _, ...entry }) => entry);
  } finally {
    await pool.end();
  }
}
