import type { Client } from '../pool.ts';

/** Class of the locks below; the number only has to be ours. */
const LOCK_CLASS = 0x7365616c;
/**
 * Checkpoints that come while somebody waits to seal or look wait behind them; so these give up before the checkpoints do
 * (lock_timeout of 3 s), and leave it to the next pass.
 */
const SEAL_WAIT = '2s';

/**
 * Until the transaction ends nothing of these models is sealed, and no monitor looks further. Row locks alone would do for
 * that, but are not fair: a row that somebody always holds for sharing is never free for an update. Advisory locks have a
 * queue. What the lock protects (`sealed_until`, `judged_until`) is read by a later statement, which sees what was
 * committed before the lock was granted.
 *
 * @param modelIds ascending, so that nobody waits in a circle
 */
export async function lockForCounting(client: Client, modelIds: readonly number[]): Promise<void> {
  await client.query(
    `SELECT pg_advisory_xact_lock_shared(${LOCK_CLASS}, id) FROM unnest($1::int[]) WITH ORDINALITY AS m (id, place) ORDER BY place`,
    [modelIds],
  );
}

/** Until the transaction ends nothing of the model is counted; checkpoints in flight are waited for. */
export async function lockForSealing(client: Client, modelId: number): Promise<void> {
  await client.query(`SET LOCAL lock_timeout = '${SEAL_WAIT}'`);
  await client.query('SELECT pg_advisory_xact_lock($1, $2)', [LOCK_CLASS, modelId]);
}

/** The same for a monitor of the model, which says how far it looks. */
export async function lockForLooking(client: Client, monitorId: number): Promise<void> {
  await client.query(`SET LOCAL lock_timeout = '${SEAL_WAIT}'`);
  await client.query('SELECT pg_advisory_xact_lock($1, model_id) FROM monitor WHERE id = $2', [
    LOCK_CLASS,
    monitorId,
  ]);
}
