import { inTransaction } from '../pool.ts';
import type { Client, Pool } from '../pool.ts';
import { lockForLooking } from '../tiles/seal-lock.ts';
import { writeEvaluation } from '../evaluation-store.ts';
import type { EvaluationWrite } from '../../evaluation-store.ts';
import type { RevisionStore, StaleWindow, StoredVerdict } from '../../revision-store.ts';

const iso = (time: number): string => new Date(time).toISOString();

/** No revision of the same windows is newer than `e`. */
const NEWEST = `NOT EXISTS (SELECT FROM evaluation l WHERE l.monitor_id = e.monitor_id
  AND l.window_end = e.window_end AND l.revision > e.revision)`;

/** Revisions in Postgres. */
export function createRevisionStore(pool: Pool): RevisionStore {
  return {
    look: (monitorId, windowEnd) => look(pool, monitorId, windowEnd),
    stale: (monitorId, longestSpanMs, since, limit) =>
      inTransaction(pool, async (client) => {
        await absorbMarks(client, monitorId, longestSpanMs, since);
        const { rows } = await client.query<StaleWindow>(
          `SELECT window_end AS "windowEnd", due, revision, baseline_id AS "baselineId" FROM evaluation
           WHERE monitor_id = $1 AND stale_since IS NOT NULL ORDER BY window_end DESC LIMIT $2`,
          [monitorId, limit],
        );
        return rows;
      }),
    revise: (write) => inTransaction(pool, (client) => revise(client, write)),
    async settle(monitorId, windowEnd) {
      await pool.query(
        'UPDATE evaluation SET stale_since = NULL WHERE monitor_id = $1 AND window_end = $2',
        [monitorId, iso(windowEnd)],
      );
    },
    async verdicts(monitorId, before, limit) {
      const { rows } = await pool.query<StoredVerdict>(
        `WITH ends AS (SELECT window_end, max(revision) AS newest FROM evaluation
                       WHERE monitor_id = $1 AND window_end < $2
                       GROUP BY window_end ORDER BY window_end DESC LIMIT $3)
         SELECT e.window_end AS "windowEnd", e.revision, f.name AS feature, s.segment, s.verdict
         FROM evaluation e JOIN ends ON ends.window_end = e.window_end
         JOIN score s ON s.evaluation_id = e.id JOIN feature f ON f.id = s.feature_id
         WHERE e.monitor_id = $1 AND (SELECT max(newest) FROM ends) > 0
         ORDER BY e.window_end, e.revision`,
        [monitorId, iso(before), limit],
      );
      return rows;
    },
  };
}

async function look(pool: Pool, monitorId: number, windowEnd: number): Promise<void> {
  const moves = `id = $1 AND coalesce(judged_until, '-infinity') < $2`;
  const parameters = [monitorId, iso(windowEnd)];
  // Who looked as far before has waited for the checkpoints of then; those since have seen it.
  const { rowCount } = await pool.query(`SELECT FROM monitor WHERE ${moves}`, parameters);
  if (rowCount === 0) return;
  await inTransaction(pool, async (client) => {
    await lockForLooking(client, monitorId);
    await client.query(`UPDATE monitor SET judged_until = $2 WHERE ${moves}`, parameters);
  });
}

async function absorbMarks(
  client: Client,
  monitorId: number,
  longestSpanMs: number,
  since: number,
): Promise<void> {
  await client.query(
    // In the order in which checkpoints write them: who takes rows in another waits in a circle with one that adds some.
    `WITH ordered AS MATERIALIZED (
       SELECT start FROM late_tile WHERE monitor_id = $1 ORDER BY start FOR UPDATE),
     marks AS (
       DELETE FROM late_tile l USING ordered o WHERE l.monitor_id = $1 AND l.start = o.start RETURNING l.start)
     UPDATE evaluation e SET stale_since = now()
     WHERE e.monitor_id = $1 AND e.stale_since IS NULL AND ${NEWEST}
       AND EXISTS (SELECT FROM marks m WHERE m.start < e.window_end
                   AND m.start >= e.window_end - $2 * interval '1 millisecond')`,
    [monitorId, longestSpanMs],
  );
  await client.query(
    'UPDATE evaluation SET stale_since = NULL WHERE monitor_id = $1 AND stale_since IS NOT NULL AND window_end < $2',
    [monitorId, iso(since)],
  );
}

async function revise(client: Client, write: EvaluationWrite): Promise<number | null> {
  const { monitorId, due, epoch } = write.claim;
  const { rowCount } = await client.query(
    `SELECT FROM monitor_tick WHERE monitor_id = $1 AND due = $2 AND epoch = $3 AND state = 'running' FOR UPDATE`,
    [monitorId, iso(due), epoch],
  );
  if (rowCount !== 1) return null;
  await client.query(
    'UPDATE evaluation SET stale_since = NULL WHERE monitor_id = $1 AND window_end = $2',
    [monitorId, iso(write.windowEnd)],
  );
  return writeEvaluation(client, write);
}
