import { DriftdError } from '../../../platform/errors.ts';
import { describeDatabase } from '../pool.ts';
import type { Pool } from '../pool.ts';
import { readSchemaFacts } from '../status/server-facts.ts';

/**
 * Makes sure that what only reads finds the tables it knows; it must not make them itself.
 * @throws DriftdError SCHEMA_MISSING | SCHEMA_TOO_OLD | SCHEMA_TOO_NEW
 */
export async function assertSchema(pool: Pool, url: string): Promise<void> {
  const { version, known, missing, newer } = await readSchemaFacts(pool);
  const database = `the database at ${describeDatabase(url)}`;
  if (version === 0)
    throw new DriftdError(
      'SCHEMA_MISSING',
      `${database} has no schema yet; driftd run makes it at start, or driftd migrate beforehand`,
    );
  if (newer.some(({ breaking }) => breaking))
    throw new DriftdError(
      'SCHEMA_TOO_NEW',
      `${database} has schema version ${String(version)}, which this driftd (up to ${String(known)}) must not use; run the newer driftd`,
    );
  const [first] = missing;
  if (first !== undefined)
    throw new DriftdError(
      'SCHEMA_TOO_OLD',
      `${database} lacks ${String(missing.length)} ${missing.length === 1 ? 'migration' : 'migrations'} of this driftd, from ${first}; driftd migrate, or a driftd run of this version, brings it up to date`,
    );
}
