import { reasonOf } from '../../core/alerting/compose.ts';
import { mergeDigests } from '../../core/alerting/merge.ts';
import type { DigestMessage } from '../../core/alerting/message.ts';
import type { OutboxGroup, OutboxLease, OutboxStore, OutboxWrite } from '../outbox-store.ts';
import type { Client, Pool } from './pool.ts';

/** last_error holds this many characters at most. */
const MAX_ERROR_LENGTH = 500;

/**
 * Adds rows inside the caller's transaction, so that a state change and its messages are stored together or not at all.
 * A row that is there already (same dedup key) stays as it is. A digest whose group has a message that still waits becomes
 * part of that one.
 * @returns how many rows are new
 */
export async function insertOutbox(
  client: Client,
  writes: readonly OutboxWrite[],
): Promise<number> {
  let added = 0;
  for (const write of writes) {
    const { group } = write;
    if (group !== undefined) {
      await noteTold(client, write.receiver, group);
      if (await joinWaiting(client, write, group)) continue;
    }
    const inserted = await client.query(
      `INSERT INTO outbox (dedup_key, receiver, channel, recipient, reason, message, group_key, next_attempt_at)
       VALUES ($1, $2, $3, $4, $5, $6, $7, greatest(now() + $8 * interval '1 millisecond',
         (SELECT greatest(next_attempt_at, finished_at) + $9 * interval '1 millisecond' FROM outbox
          WHERE group_key = $7 AND channel = $3 AND recipient = $4 AND $9 > 0 ORDER BY id DESC LIMIT 1)))
       ON CONFLICT (dedup_key) DO NOTHING`,
      [
        write.dedupKey,
        write.receiver,
        write.channel,
        write.recipient,
        write.reason,
        storableJson(write.message),
        group?.key ?? null,
        group?.waitMs ?? 0,
        group?.intervalMs ?? 0,
      ],
    );
    added += inserted.rowCount ?? 0;
  }
  return added;
}

/**
 * A message that nobody has tried to send yet, and that waits: for its group, or for a minute already because its channel
 * has more to send than it may. Taking up more changes nothing for anyone, and a flood becomes one digest.
 */
async function joinWaiting(
  client: Client,
  write: OutboxWrite,
  group: OutboxGroup,
): Promise<boolean> {
  const { rows } = await client.query<{ id: number; message: DigestMessage }>(
    `SELECT id, message FROM outbox
     WHERE group_key = $1 AND channel = $2 AND recipient = $3 AND state = 'pending' AND attempts = 0
       AND lease_until IS NULL
       AND (next_attempt_at > now() OR created_at < now() - interval '1 minute')
     ORDER BY id DESC LIMIT 1 FOR UPDATE`,
    [group.key, write.channel, write.recipient],
  );
  const [waiting] = rows;
  if (waiting === undefined) return false;
  const merged = mergeDigests(waiting.message, write.message as DigestMessage);
  await client.query('UPDATE outbox SET message = $2, reason = $3 WHERE id = $1', [
    waiting.id,
    storableJson(merged),
    reasonOf(merged),
  ]);
  return true;
}

async function noteTold(client: Client, receiver: string, group: OutboxGroup): Promise<void> {
  await client.query(
    `INSERT INTO alert_told (monitor_id, receiver, told_at) VALUES ($1, $2, $3)
     ON CONFLICT (monitor_id, receiver) DO UPDATE
       SET told_at = greatest(alert_told.told_at, excluded.told_at)`,
    [group.monitorId, receiver, new Date(group.toldAt).toISOString()],
  );
}

/**
 * Since when the longest-waiting message of a group of rows is late (SQL over `outbox`); NULL: none is. What waits for its
 * group or for its turn is not late by that: a message counts from when it was due, one that was tried from its first hour.
 */
export const WAITING_SINCE = `min(CASE WHEN attempts > 0 THEN coalesce(first_attempt_at, created_at) ELSE next_attempt_at END)
  FILTER (WHERE state = 'pending' AND (attempts > 0 OR next_attempt_at <= now()))`;

/** The queue of messages in table outbox. All its times are the database's. */
export function createOutboxStore(pool: Pool): OutboxStore {
  /** Ends or postpones an attempt, unless another process took the row over. */
  const finish = async (
    lease: OutboxLease,
    change: string,
    values: unknown[],
  ): Promise<boolean> => {
    const updated = await pool.query(
      `UPDATE outbox SET lease_until = NULL, ${change}
       WHERE id = $1 AND lease_epoch = $2 AND state = 'pending'`,
      [lease.id, lease.leaseEpoch, ...values],
    );
    return updated.rowCount === 1;
  };
  return {
    async lease(limit, leaseMs, scope = { except: [] }) {
      // A recipient hears of a group in the order in which things happened: a recovery that overtakes its alarm would
      // leave the alarm standing. So the oldest undelivered message of a group goes before the next one.
      // The attempt is counted before it is made: a message that kills the process must not look fresh forever.
      const leased = await pool.query<OutboxLease>(
        `WITH due AS (
           SELECT id FROM outbox o
           WHERE state = 'pending' AND next_attempt_at <= now()
             AND (lease_until IS NULL OR lease_until <= now())
             AND (channel = ANY($3::text[])) = $4
             AND NOT EXISTS (
               SELECT FROM outbox e WHERE e.group_key = o.group_key AND e.channel = o.channel
                 AND e.recipient = o.recipient AND e.state = 'pending' AND e.id < o.id)
           ORDER BY id LIMIT $1
           FOR UPDATE SKIP LOCKED
         ), taken AS (
           UPDATE outbox SET lease_epoch = lease_epoch + 1, attempts = attempts + 1,
             first_attempt_at = coalesce(first_attempt_at, now()),
             lease_until = now() + $2 * interval '1 millisecond'
           FROM due WHERE outbox.id = due.id
           RETURNING outbox.*
         )
         SELECT id, dedup_key AS "dedupKey", receiver, channel, recipient, reason, message,
                lease_epoch AS "leaseEpoch", attempts - 1 AS attempts, created_at AS "createdAt",
                greatest(0, extract(epoch FROM now() - created_at) * 1000)::float8 AS "ageMs"
         FROM taken ORDER BY id`,
        'only' in scope
          ? [limit, leaseMs, [scope.only], true]
          : [limit, leaseMs, scope.except, false],
      );
      return leased.rows;
    },
    markSent: (lease) =>
      finish(lease, `state = 'sent', finished_at = now(), last_error = NULL`, []),
    markRetry: (lease, delayMs, error) =>
      finish(lease, `next_attempt_at = now() + $3 * interval '1 millisecond', last_error = $4`, [
        delayMs,
        bounded(error),
      ]),
    markDead: (lease, error) =>
      finish(lease, `state = 'dead', finished_at = now(), last_error = $3`, [bounded(error)]),
    async pending() {
      const counted = await pool.query<{ count: number }>(
        `SELECT count(*) AS count FROM outbox WHERE state = 'pending'`,
      );
      return counted.rows[0]?.count ?? 0;
    },
  };
}

/** jsonb takes neither NUL nor half a surrogate pair; a category may hold either, and must not block an evaluation. */
function storableJson(message: unknown): string {
  return JSON.stringify(message, (_key, value: unknown) =>
    typeof value === 'string' ? storableText(value) : value,
  );
}

function storableText(text: string): string {
  return text.toWellFormed().replaceAll('\u0000', '\uFFFD');
}

function bounded(error: string): string {
  return storableText(error.slice(0, MAX_ERROR_LENGTH));
}
