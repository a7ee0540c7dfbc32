import type { RolledTile, TileKeeper, TileRow, TileSpan } from '../../tile-store.ts';
import { inTransaction } from '../pool.ts';
import type { Client, Pool } from '../pool.ts';

/** One lock for whoever keeps tiles; the number only has to be ours. */
const KEEPER_LOCK = 0x74696c66;
/** Dropping a day needs the whole table for a moment; whoever uses it must not wait longer than this for us. */
const DROP_WAIT = '50ms';
/** Rolled-up tiles are the sum over partitions. */
const ALL_PARTS = 0;

const iso = (time: number): string => new Date(time).toISOString();
const minutes = (span: TileSpan): number => span * 60_000;

/** Keeps tiles in Postgres. */
export function createTileKeeper(pool: Pool): TileKeeper {
  return {
    async exclusively(work) {
      const client = await pool.connect();
      // A session's lock goes with its connection, whatever happens to this process.
      let held = false;
      try {
        const { rows } = await client.query<{ held: boolean }>(
          'SELECT pg_try_advisory_lock($1) AS held',
          [KEEPER_LOCK],
        );
        held = rows[0]?.held === true;
        if (held) await work();
        return held;
      } finally {
        if (held) {
          await client
            .query('SELECT pg_advisory_unlock($1)', [KEEPER_LOCK])
            .then(() => client.release())
            .catch(() => {
              client.release(true);
            });
        } else client.release();
      }
    },
    async seal(modelId, until) {
      await pool.query(
        `UPDATE model SET sealed_until = $2
         WHERE id = $1 AND coalesce(sealed_until, '-infinity') < $2`,
        [modelId, iso(until)],
      );
    },
    async unrolled(modelId, { from, to }, until, limit) {
      const { rows } = await pool.query<{ start: number }>(
        `SELECT DISTINCT date_bin($4 * interval '1 minute', start, 'epoch'::timestamptz) AS start FROM tile
         WHERE model_id = $1 AND span_minutes = $2 AND start < $3 ORDER BY 1 LIMIT $5`,
        [modelId, from, iso(until), to, limit],
      );
      return rows.map(({ start }) => start).filter((start) => start + minutes(to) <= until);
    },
    rollUp: (modelId, start, { from, to }, merge) =>
      inTransaction(pool, async (client) => {
        const slice = [modelId, from, to, iso(start), iso(start + minutes(to))];
        const { rows } = await client.query<TileRow & { segmentId: number }>(
          `SELECT t.start, t.span_minutes AS "spanMinutes", t.binning_set_id AS "binningSetId", s.name AS segment,
             t.part, t.events, t.counts
           FROM tile t JOIN segment s ON s.id = t.segment_id
           WHERE ${SLICE} ORDER BY t.start, t.part FOR UPDATE OF t`,
          slice,
        );
        const rolled = await merge(rows);
        const { rowCount } = await client.query(`DELETE FROM tile t WHERE ${SLICE}`, slice);
        if (rowCount !== rows.length)
          throw new Error(`${rowCount} tiles were taken away where ${rows.length} were read`);
        await insertRolled(client, modelId, start, to, rolled);
      }),
    async forget(modelId, before) {
      const { rowCount } = await pool.query('DELETE FROM tile WHERE model_id = $1 AND start < $2', [
        modelId,
        iso(before),
      ]);
      return rowCount ?? 0;
    },
    async trimQuarantine(keepRows, keepMs) {
      const { rows } = await pool.query<{ trimmed: number }>(TRIM_QUARANTINE, [keepRows, keepMs]);
      return rows[0]?.trimmed ?? 0;
    },
    dropEmptyDays: (before) => dropEmptyDays(pool, before),
  };
}

/** Parameters: model, narrow span, wide span, begin and end of the slice. Wide tiles that are there already are added. */
const SLICE = `t.model_id = $1 AND t.span_minutes IN ($2, $3) AND t.start >= $4 AND t.start < $5`;

/** The newest rows of each partition stay; what goes is counted as dropped. */
const TRIM_QUARANTINE = `
  WITH gone AS (
    DELETE FROM quarantine q USING ingest_partition p
    WHERE q.part = p.id AND (q.recorded_at < now() - $2 * interval '1 millisecond'
      OR (q.recorded_at, q.record_offset) < (
        SELECT n.recorded_at, n.record_offset FROM quarantine n WHERE n.part = p.id
        ORDER BY n.recorded_at DESC, n.record_offset DESC OFFSET $1::bigint - 1 LIMIT 1))
    RETURNING q.part),
  told AS (
    UPDATE ingest_partition p SET quarantine_dropped = quarantine_dropped + g.rows
    FROM (SELECT part, count(*) AS rows FROM gone GROUP BY part) g WHERE p.id = g.part)
  SELECT count(*) AS trimmed FROM gone`;

async function insertRolled(
  client: Client,
  modelId: number,
  start: number,
  span: TileSpan,
  tiles: readonly RolledTile[],
): Promise<void> {
  for (const { binningSetId, segment, events, counts } of tiles) {
    await client.query(
      `INSERT INTO tile (start, span_minutes, model_id, binning_set_id, segment_id, part, events, counts)
       SELECT $1, $2, $3, $4, id, ${ALL_PARTS}, $6, $7 FROM segment WHERE model_id = $3 AND name = $5`,
      [iso(start), span, modelId, binningSetId, segment, events, Buffer.from(counts)],
    );
  }
}

async function dropEmptyDays(pool: Pool, before: number): Promise<number> {
  const { rows } = await pool.query<{ name: string }>(
    `SELECT c.relname AS name FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
     WHERE i.inhparent = 'tile'::regclass AND c.relname ~ '^tile_[0-9]{8}$' AND c.relname < $1 ORDER BY 1`,
    [`tile_${iso(before).slice(0, 10).replaceAll('-', '')}`],
  );
  let dropped = 0;
  for (const { name } of rows) if (await dropIfEmpty(pool, name)) dropped += 1;
  return dropped;
}

/** @param name of a day, of digits only as the query above has seen to */
async function dropIfEmpty(pool: Pool, name: string): Promise<boolean> {
  try {
    return await inTransaction(pool, async (client) => {
      await client.query(`SET LOCAL lock_timeout = '${DROP_WAIT}'`);
      await client.query(`LOCK TABLE ${name} IN ACCESS EXCLUSIVE MODE`);
      const { rowCount } = await client.query(`SELECT FROM ${name} LIMIT 1`);
      if (rowCount !== 0) return false;
      await client.query(`DROP TABLE ${name}`);
      return true;
    });
  } catch (thrown) {
    // Somebody uses it: lock_not_available.
    if (thrown instanceof Error && 'code' in thrown && thrown.code === '55P03') return false;
    throw thrown;
  }
}
