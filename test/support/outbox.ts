import { createPool } from '../../src/storage/postgres/pool.ts';
import type { Pool } from '../../src/storage/postgres/pool.ts';
import { insertOutbox } from '../../src/storage/postgres/outbox-store.ts';
import { migrate } from '../../src/storage/postgres/migrate.ts';
import { createLog } from '../../src/platform/log.ts';
import type { OutboxWrite } from '../../src/storage/outbox-store.ts';
import { digest } from './digests.ts';
import { freshDatabase } from './servers.ts';

export const silentLog = createLog('silent');

/** A pool on a fresh database with the tables in place. */
export async function migratedPool(): Promise<Pool> {
  const url = await freshDatabase();
  const pool = createPool({ url, max: 5, applicationName: 'test', log: silentLog });
  await migrate(pool, silentLog);
  return pool;
}

export function outboxWrite(dedupKey: string, change: Partial<OutboxWrite> = {}): OutboxWrite {
  return {
    dedupKey,
    receiver: 'ops',
    channel: 'email',
    recipient: 'oncall@example.com',
    reason: 'first',
    message: digest(),
    ...change,
  };
}

export async function enqueue(pool: Pool, writes: readonly OutboxWrite[]): Promise<number> {
  const client = await pool.connect();
  try {
    return await insertOutbox(client, writes);
  } finally {
    client.release();
  }
}

export interface OutboxRow {
  readonly dedup_key: string;
  readonly channel: string;
  readonly state: string;
  readonly attempts: number;
  readonly last_error: string | null;
  /** ms until the next attempt. */
  readonly wait: number;
}

export async function outboxRows(pool: Pool): Promise<OutboxRow[]> {
  const { rows } = await pool.query<OutboxRow>(
    `SELECT dedup_key, channel, state, attempts, last_error,
       (extract(epoch FROM next_attempt_at - now()) * 1000)::float8 AS wait
     FROM outbox ORDER BY id`,
  );
  return rows;
}

/** Time passes: leases run out and what waits for its next attempt becomes due. */
export async function letTimePass(pool: Pool): Promise<void> {
  await pool.query(
    `UPDATE outbox SET next_attempt_at = now(),
       lease_until = CASE WHEN lease_until IS NULL THEN NULL ELSE now() - interval '1 second' END`,
  );
}
