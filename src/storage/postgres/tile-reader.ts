import type { TopicKey } from '../../core/domain/ingestion.ts';
import type { TileReader, TileRow, Watermark } from '../tile-store.ts';
import type { Pool } from './pool.ts';

/** A partition without an event of the model for this long, though its owner went on, does not hold the watermark back. */
const IDLE = '60 seconds';

/**
 * Reads tiles and watermarks.
 * @param read the topics that are configured now: partitions of others are not read any more and hold no watermark back.
 *   Default: every stored partition is read.
 */
export function createTileReader(pool: Pool, read?: () => readonly TopicKey[]): TileReader {
  return {
    async tiles(modelId, from, to, segment) {
      // One statement sees one snapshot: tiles and their positions are of one moment.
      const { rows } = await pool.query<TileRow>(
        `SELECT t.start, t.span_minutes AS "spanMinutes", t.binning_set_id AS "binningSetId", s.name AS segment,
           t.part, t.events, t.counts
         FROM tile t JOIN segment s ON s.id = t.segment_id
         WHERE t.model_id = $1 AND t.start >= $2 AND t.start < $3 AND ($4::text IS NULL OR s.name = $4)
         ORDER BY t.start, t.part`,
        [modelId, new Date(from).toISOString(), new Date(to).toISOString(), segment ?? null],
      );
      return rows;
    },
    async watermark(modelId, allowedLatenessMs): Promise<Watermark> {
      const topics = read?.() ?? null;
      const { rows } = await pool.query<{
        maxEventTime: number | null;
        minEventTime: number | null;
        events: number | null;
        idle: boolean;
      }>(
        `SELECT g.max_event_time AS "maxEventTime", g.min_event_time AS "minEventTime", g.events,
           p.progressed_at - coalesce(g.last_event_at, p.claimed_at, p.progressed_at) >= interval '${IDLE}'
             OR ($2::text[] IS NOT NULL AND (p.source, p.topic) NOT IN (SELECT * FROM unnest($2::text[], $3::text[]))) AS idle
         FROM ingest_partition p LEFT JOIN model_progress g ON g.part = p.id AND g.model_id = $1
         WHERE p.state = 'ok' OR g.model_id IS NOT NULL`,
        [
          modelId,
          topics?.map(({ source }) => source) ?? null,
          topics?.map(({ topic }) => topic) ?? null,
        ],
      );
      return watermarkOf(rows, allowedLatenessMs);
    },
  };
}

function watermarkOf(
  rows: readonly {
    maxEventTime: number | null;
    minEventTime: number | null;
    events: number | null;
    idle: boolean;
  }[],
  allowedLatenessMs: number,
): Watermark {
  const times = rows.map((row) => row.maxEventTime).filter((time) => time !== null);
  const busy = rows.filter((row) => !row.idle);
  const events = rows.reduce((sum, row) => sum + (row.events ?? 0), 0);
  if (times.length === 0) return { time: null, maxEventTime: null, minEventTime: null, events };
  const maxEventTime = Math.max(...times);
  const minEventTime = Math.min(
    ...rows.map((row) => row.minEventTime).filter((time) => time !== null),
  );
  const held = busy.some((row) => row.maxEventTime === null);
  const least =
    busy.length === 0
      ? maxEventTime
      : Math.min(...busy.map((row) => row.maxEventTime ?? -Infinity));
  return { time: held ? null : least - allowedLatenessMs, maxEventTime, minEventTime, events };
}
