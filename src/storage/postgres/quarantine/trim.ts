import { inTransaction } from '../pool.ts';
import type { Pool } from '../pool.ts';

/** Rows that one statement deletes: it ends long before its time limit, and checkpoints come in between. */
const BATCH = 5_000;

/** What goes, a partition: beyond the newest rows, or too old. The index has the order: a cut is found in one step each. */
const CUTS = `
  SELECT p.id AS part, c.recorded_at AS "recordedAt", c.record_offset AS "recordOffset"
  FROM ingest_partition p
  LEFT JOIN LATERAL (
    SELECT q.recorded_at::text, q.record_offset FROM quarantine q WHERE q.part = p.id
    ORDER BY q.recorded_at DESC, q.record_offset DESC OFFSET $1 LIMIT 1) c ON true
  WHERE EXISTS (SELECT FROM quarantine q WHERE q.part = p.id)`;

/** Parameters: partition, the newest row that goes for being too many (null: none does), age in ms, rows at most. */
const TRIM = `
  WITH gone AS (
    DELETE FROM quarantine WHERE ctid = ANY (ARRAY(
      SELECT ctid FROM quarantine
      WHERE part = $1 AND ((recorded_at, record_offset) <= ($2::timestamptz, $3::bigint)
        OR recorded_at < now() - $4 * interval '1 millisecond')
      ORDER BY recorded_at, record_offset LIMIT $5))
    RETURNING 1),
  told AS (
    UPDATE ingest_partition SET quarantine_dropped = quarantine_dropped + (SELECT count(*) FROM gone)
    WHERE id = $1 AND EXISTS (SELECT FROM gone))
  SELECT count(*) AS trimmed FROM gone`;

/** Lets go of rows of bad records, as the port says (storage/tile-store.ts). What goes is counted as dropped. */
export async function trimQuarantine(
  pool: Pool,
  keepRows: number,
  keepMs: number,
): Promise<number> {
  const { rows: cuts } = await pool.query<{
    part: number;
    recordedAt: string | null;
    recordOffset: number | null;
  }>(CUTS, [keepRows]);
  let total = 0;
  for (const { part, recordedAt, recordOffset } of cuts) {
    for (;;) {
      const trimmed = await trim(pool, [part, recordedAt, recordOffset, keepMs, BATCH]);
      total += trimmed;
      if (trimmed < BATCH) break;
    }
  }
  return total;
}

/** The partition first, as whoever sets or moves its position takes it: in another order the two wait in a circle. */
async function trim(pool: Pool, parameters: readonly unknown[]): Promise<number> {
  return inTransaction(pool, async (client) => {
    await client.query('SELECT FROM ingest_partition WHERE id = $1 FOR NO KEY UPDATE', [
      parameters[0],
    ]);
    const { rows } = await client.query<{ trimmed: number }>(TRIM, [...parameters]);
    return rows[0]?.trimmed ?? 0;
  });
}
