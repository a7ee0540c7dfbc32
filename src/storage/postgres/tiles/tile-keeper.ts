import type { RolledTile, TileKeeper, TileRow, TileSpan } from '../../tile-store.ts';
import { inTransaction } from '../pool.ts';
import type { Client, Pool } from '../pool.ts';
import { trimQuarantine } from '../quarantine/trim.ts';
import { dropDays } from './drop-days.ts';
import { lockForSealing } from './seal-lock.ts';

/** One lock for whoever keeps tiles; the number only has to be ours. */
const KEEPER_LOCK = 0x74696c66;
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
    seal: (modelId, until) => seal(pool, modelId, until),
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
    async forget(modelId, from, to) {
      const { rowCount } = await pool.query(
        'DELETE FROM tile WHERE model_id = $1 AND start >= $2 AND start < $3',
        [modelId, from === -Infinity ? '-infinity' : iso(from), iso(to)],
      );
      return rowCount ?? 0;
    },
    trimQuarantine: (keepRows, keepMs) => trimQuarantine(pool, keepRows, keepMs),
    async counted() {
      const { rows } = await pool.query<{ id: number; quietMs: number }>(
        `SELECT model_id AS id, extract(epoch FROM now() - max(last_event_at))::double precision * 1000 AS "quietMs"
         FROM model_progress GROUP BY model_id ORDER BY model_id`,
      );
      return rows;
    },
    dropDays: (horizons) => dropDays(pool, horizons),
  };
}

/** Parameters: model, narrow span, wide span, begin and end of the slice. Wide tiles that are there already are added. */
const SLICE = `t.model_id = $1 AND t.span_minutes IN ($2, $3) AND t.start >= $4 AND t.start < $5`;

async function seal(pool: Pool, modelId: number, until: number): Promise<void> {
  const moves = `id = $1 AND coalesce(sealed_until, '-infinity') < $2`;
  const slice = [modelId, iso(until)];
  // Most passes find nothing to seal, and then nobody has to wait.
  const { rowCount } = await pool.query(`SELECT FROM model WHERE ${moves}`, slice);
  if (rowCount === 0) return;
  await inTransaction(pool, async (client) => {
    await lockForSealing(client, modelId);
    await client.query(`UPDATE model SET sealed_until = $2 WHERE ${moves}`, slice);
  });
}

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
