import type { Log } from '../../../platform/log.ts';
import { migrate } from '../migrate.ts';
import type { Pool } from '../pool.ts';
import { assertSchema } from './assert-schema.ts';

/** What a command does to the database. */
export type Access = 'read' | 'write';

/**
 * Makes sure that the tables are there: what writes brings the schema up to date, what only reads leaves it alone.
 * @throws DriftdError SCHEMA_TOO_NEW | DATABASE_UNREACHABLE; of 'read' also SCHEMA_MISSING | SCHEMA_TOO_OLD
 */
export async function openSchema(
  pool: Pool,
  { url, access, log }: { readonly url: string; readonly access: Access; readonly log: Log },
): Promise<void> {
  if (access === 'read') await assertSchema(pool, url);
  else await migrate(pool, log);
}
