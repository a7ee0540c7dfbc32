import type { Mute } from '../../../core/alerting/mute.ts';
import type { OpenProblem, StoredFacts, WatchStore } from '../../watch-store.ts';
import { insertOutbox, WAITING_SINCE } from '../outbox-store.ts';
import { inTransaction } from '../pool.ts';
import type { Pool } from '../pool.ts';

/** A dead letter is a problem for so long; later ones begin it anew. */
const DEAD_LETTER = '1 hour';
/** Records that were gone are a problem for so long; later ones begin it anew. */
const RECORDS_LOST = '1 hour';
/** A process that never came back is forgotten. */
const FORGET_REPLICA = '1 day';

const KEEP_MESSAGES = '90 days';
const KEEP_SILENCES = '400 days';
const PRUNE_AT_ONCE = 1_000;

/** The newest tick of a `monitor m` that was evaluated, or since when there could be one (SQL). */
export const LAST_DUE = `coalesce((SELECT max(t.due) FROM monitor_tick t WHERE t.monitor_id = m.id AND t.state = 'done'),
  m.scheduled_from, m.created_at)`;

/** Processes and problems in Postgres. */
export function createWatchStore(pool: Pool): WatchStore {
  return {
    async seen(owner, roles) {
      await pool.query(
        `INSERT INTO replica (owner, roles) VALUES ($1, $2)
         ON CONFLICT (owner) DO UPDATE SET seen_at = now(), roles = excluded.roles`,
        [owner, roles],
      );
      await pool.query(`DELETE FROM replica WHERE seen_at < now() - interval '${FORGET_REPLICA}'`);
    },
    async gone(owner) {
      await pool.query('DELETE FROM replica WHERE owner = $1', [owner]);
    },
    facts: () => readFacts(pool),
    async problems() {
      const { rows } = await pool.query<OpenProblem>(
        'SELECT kind, about, since, detail, parts, told_at AS "toldAt" FROM problem',
      );
      return rows;
    },
    begin: ({ kind, about, detail, parts }, messages) =>
      inTransaction(pool, async (client) => {
        const { rows } = await client.query<{ since: number }>(
          `INSERT INTO problem (kind, about, detail, parts) VALUES ($1, $2, $3, $4)
           ON CONFLICT DO NOTHING RETURNING since`,
          [kind, about, detail, parts],
        );
        const since = rows[0]?.since ?? null;
        if (since !== null) await insertOutbox(client, messages(since));
        return since;
      }),
    tellAgain: ({ kind, about, detail, parts }, quietMs, messages) =>
      inTransaction(pool, async (client) => {
        const { rows } = await client.query<{ toldAt: number }>(
          `UPDATE problem SET told_at = now(), detail = $3, parts = $4
           WHERE kind = $1 AND about = $2 AND told_at <= now() - $5 * interval '1 millisecond'
           RETURNING told_at AS "toldAt"`,
          [kind, about, detail, parts, quietMs],
        );
        const toldAt = rows[0]?.toldAt ?? null;
        if (toldAt !== null) await insertOutbox(client, messages(toldAt));
        return toldAt !== null;
      }),
    end: ({ kind, about }, messages) =>
      inTransaction(pool, async (client) => {
        const ended = await client.query('DELETE FROM problem WHERE kind = $1 AND about = $2', [
          kind,
          about,
        ]);
        if (ended.rowCount !== 1) return false;
        await insertOutbox(client, messages);
        return true;
      }),
    async prune() {
      const deleted = await pool.query(
        `DELETE FROM outbox WHERE id IN (SELECT id FROM outbox
           WHERE state <> 'pending' AND finished_at < now() - interval '${KEEP_MESSAGES}' LIMIT ${String(PRUNE_AT_ONCE)})`,
      );
      await pool.query(`DELETE FROM silence WHERE ends_at < now() - interval '${KEEP_SILENCES}'`);
      return deleted.rowCount ?? 0;
    },
    queue: (messages) => inTransaction(pool, (client) => insertOutbox(client, messages)),
  };
}

async function readFacts(pool: Pool): Promise<StoredFacts> {
  const [clock, replicas, monitors, partitions, models, channels, silences] = await Promise.all([
    pool.query<{ now: number }>('SELECT now() AS now'),
    pool.query<StoredFacts['replicas'][number]>(
      'SELECT owner, roles, started_at AS "startedAt", seen_at AS "seenAt" FROM replica',
    ),
    pool.query<StoredFacts['monitors'][number]>(
      `SELECT m.name, ${LAST_DUE} AS "lastDue" FROM monitor m`,
    ),
    pool.query<StoredFacts['partitions'][number]>(
      `SELECT source, topic, topic || '/' || partition AS name,
         CASE WHEN state = 'ok' THEN NULL ELSE coalesce(reason, state) END AS halted, progressed_at AS "progressedAt",
         (SELECT coalesce(sum(to_offset - from_offset), 0)::bigint FROM gap
           WHERE part = ingest_partition.id AND recorded_at > now() - interval '${RECORDS_LOST}') AS lost
       FROM ingest_partition`,
    ),
    pool.query<StoredFacts['models'][number]>(
      `SELECT m.name, max(p.last_event_at) AS "lastEventAt",
         coalesce((SELECT min(o.created_at) FROM monitor o WHERE o.model_id = m.id), m.created_at) AS since
       FROM model m LEFT JOIN model_progress p ON p.model_id = m.id GROUP BY m.id`,
    ),
    pool.query<StoredFacts['channels'][number]>(
      `SELECT channel,
         ${WAITING_SINCE} AS "waitingSince",
         count(*) FILTER (WHERE state = 'dead' AND finished_at > now() - interval '${DEAD_LETTER}')::integer AS dead,
         (array_agg(last_error ORDER BY coalesce(finished_at, now()) DESC)
           FILTER (WHERE last_error IS NOT NULL))[1] AS "lastError"
       FROM outbox WHERE state = 'pending' OR (state = 'dead' AND finished_at > now() - interval '${DEAD_LETTER}')
       GROUP BY channel`,
    ),
    pool.query<Mute>(
      'SELECT matchers, reason FROM silence WHERE starts_at <= now() AND ends_at > now()',
    ),
  ]);
  return {
    now: clock.rows[0]?.now ?? 0,
    replicas: replicas.rows,
    monitors: monitors.rows,
    partitions: partitions.rows,
    models: models.rows,
    channels: channels.rows,
    silences: silences.rows,
  };
}
