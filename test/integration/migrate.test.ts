import pg from 'pg';
import { expect, it } from 'vitest';
import { createLog } from '../../src/platform/log.ts';
import { migrate } from '../../src/storage/postgres/migrate.ts';
import { freshDatabase } from '../support/servers.ts';

const log = createLog('silent');

it('a migration may take longer than any other statement, and leaves the limits as they were', async () => {
  const pool = new pg.Pool({
    connectionString: await freshDatabase(),
    max: 1,
    statement_timeout: 2_000,
    query_timeout: 3_000,
  });
  const slow = {
    version: 1,
    file: '0001_slow.sql',
    sql: 'CREATE TABLE slow (id integer); SELECT pg_sleep(3.5); CREATE INDEX ON slow (id)',
    checksum: '',
    breaking: false,
  };
  try {
    expect(await migrate(pool, log, [slow])).toEqual({ from: 0, to: 1 });
    expect(await migrate(pool, log, [slow])).toEqual({ from: 1, to: 1 });
    await expect(pool.query('SELECT pg_sleep(3.5)')).rejects.toThrow();
  } finally {
    await pool.end();
  }
});

it('a migration that somebody cancels is told with the way out', async () => {
  const pool = new pg.Pool({ connectionString: await freshDatabase(), max: 1 });
  const cancelled = {
    version: 1,
    file: '0001_cancelled.sql',
    sql: 'SELECT pg_cancel_backend(pg_backend_pid()); SELECT pg_sleep(10)',
    checksum: '',
    breaking: false,
  };
  try {
    await expect(migrate(pool, log, [cancelled])).rejects.toMatchObject({
      code: 'DATABASE_UNREACHABLE',
      message: expect.stringContaining('start again') as string,
    });
  } finally {
    await pool.end();
  }
});
