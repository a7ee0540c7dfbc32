import type { FeatureResult } from '../../../core/evaluate/types.ts';
import type {
  AlertEntry,
  AuditEntry,
  EvaluationEntry,
  HistoryReader,
  QuarantineEntry,
  ScoreEntry,
} from '../../api/history-reader.ts';
import type { Pool } from '../pool.ts';

const EVALUATIONS = `SELECT e.id, m.name AS model, o.name AS monitor, e.window_end AS "windowEnd", e.revision, e.due,
    b.version AS baseline, e.complete, e.watermark, e.settings, e.summary, e.duration_ms AS "durationMs",
    e.created_at AS "createdAt"
  FROM evaluation e JOIN monitor o ON o.id = e.monitor_id JOIN model m ON m.id = o.model_id
  LEFT JOIN baseline b ON b.id = e.baseline_id`;

const SCORE = `s.evaluation_id AS evaluation, e.window_end AS "windowEnd", e.revision, s.result`;

const iso = (time: number | null): string | null =>
  time === null ? null : new Date(time).toISOString();

interface ScoreRow extends Omit<ScoreEntry, 'result'> {
  readonly result: FeatureResult;
}

/** Reads what was judged, told and put aside from Postgres. */
export function createHistoryReader(pool: Pool): HistoryReader {
  return {
    async evaluations(modelId, { monitor, from, to }, { limit, after }) {
      const { rows } = await pool.query<EvaluationEntry>(
        `${EVALUATIONS} WHERE o.model_id = $1 AND ($2::text IS NULL OR o.name = $2)
           AND ($3::timestamptz IS NULL OR e.window_end >= $3) AND ($4::timestamptz IS NULL OR e.window_end < $4)
           AND ($5::bigint IS NULL OR e.id < $5)
         ORDER BY e.id DESC LIMIT $6`,
        [modelId, monitor, iso(from), iso(to), after, limit],
      );
      return rows;
    },
    async evaluation(id) {
      const { rows } = await pool.query<EvaluationEntry>(`${EVALUATIONS} WHERE e.id = $1`, [id]);
      return rows[0] ?? null;
    },
    async scoresOf(evaluationId) {
      const { rows } = await pool.query<ScoreRow>(
        `SELECT ${SCORE} FROM score s JOIN evaluation e ON e.id = s.evaluation_id
         WHERE s.evaluation_id = $1 ORDER BY s.feature_id, s.segment, s.window_name`,
        [evaluationId],
      );
      return rows;
    },
    async scores(modelId, filter, { limit, after }) {
      const { rows } = await pool.query<ScoreRow>(
        `WITH page AS (
           SELECT e.id, e.window_end, e.revision FROM evaluation e JOIN monitor o ON o.id = e.monitor_id
           WHERE o.model_id = $1 AND ($2::timestamptz IS NULL OR e.window_end >= $2)
             AND ($3::timestamptz IS NULL OR e.window_end < $3) AND ($4::bigint IS NULL OR e.id < $4)
             AND NOT EXISTS (SELECT FROM evaluation l WHERE l.monitor_id = e.monitor_id
                             AND l.window_end = e.window_end AND l.revision > e.revision)
           ORDER BY e.id DESC LIMIT $5)
         SELECT ${SCORE} FROM page e JOIN score s ON s.evaluation_id = e.id JOIN feature f ON f.id = s.feature_id
         WHERE ($6::text IS NULL OR f.name = $6) AND ($7::text IS NULL OR s.segment = $7)
           AND ($8::text IS NULL OR s.window_name = $8) AND ($9::text IS NULL OR s.verdict = $9)
         ORDER BY e.id DESC, s.feature_id, s.segment, s.window_name`,
        [
          modelId,
          iso(filter.from),
          iso(filter.to),
          after,
          limit,
          filter.feature,
          filter.segment,
          filter.window,
          filter.verdict,
        ],
      );
      return rows;
    },
    async alerts({ modelId, state }, { limit, after }) {
      const { rows } = await pool.query<AlertEntry>(
        `SELECT a.id, m.name AS model, o.name AS monitor, f.name AS feature, a.segment, a.state, a.severity, a.incident,
           a.pending_since AS "pendingSince", a.firing_since AS "firingSince", a.resolved_at AS "resolvedAt",
           CASE WHEN a.acknowledged_incident = a.incident THEN a.acknowledged_by END AS "acknowledgedBy"
         FROM alert a JOIN monitor o ON o.id = a.monitor_id JOIN model m ON m.id = o.model_id
         JOIN feature f ON f.id = a.feature_id
         WHERE ($1::bigint IS NULL OR m.id = $1) AND ($2::text IS NULL OR a.state = $2)
           AND ($3::bigint IS NULL OR a.id > $3) ORDER BY a.id LIMIT $4`,
        [modelId, state, after, limit],
      );
      return rows;
    },
    async quarantine(filter, { limit, after }) {
      const { topic, reason, from, to, source = null, partition = null, offset = null } = filter;
      const { rows } = await pool.query<QuarantineEntry & { part: number }>(
        `SELECT p.source, p.topic, p.partition, q.part, q.record_offset AS offset, q.reason, q.detail, q.payload, q.headers,
           q.recorded_at AS "recordedAt"
         FROM quarantine q JOIN ingest_partition p ON p.id = q.part
         WHERE ($1::text IS NULL OR p.topic = $1) AND ($2::text IS NULL OR q.reason = $2)
           AND ($3::timestamptz IS NULL OR q.recorded_at >= $3) AND ($4::timestamptz IS NULL OR q.recorded_at < $4)
           AND ($5::timestamptz IS NULL
                OR (date_trunc('milliseconds', q.recorded_at), q.part::bigint, q.record_offset) < ($5, $6, $7))
           AND ($9::int IS NULL OR p.partition = $9) AND ($10::bigint IS NULL OR q.record_offset = $10)
           AND ($11::text IS NULL OR p.source = $11)
         ORDER BY date_trunc('milliseconds', q.recorded_at) DESC, q.part DESC, q.record_offset DESC LIMIT $8`,
        [
          topic,
          reason,
          iso(from),
          iso(to),
          iso(after?.recordedAt ?? null),
          after?.part ?? null,
          after?.offset ?? null,
          limit,
          partition,
          offset,
          source,
        ],
      );
      return rows.map(({ part, ...entry }) => ({
        ...entry,
        key: { recordedAt: entry.recordedAt, part, offset: entry.offset },
      }));
    },
    async audit({ from, to }, { limit, after }) {
      const { rows } = await pool.query<AuditEntry>(
        `SELECT id, happened_at AS "happenedAt", actor, action, target, detail, request_id AS "requestId" FROM audit
         WHERE ($1::timestamptz IS NULL OR happened_at >= $1) AND ($2::timestamptz IS NULL OR happened_at < $2)
           AND ($3::bigint IS NULL OR id < $3) ORDER BY id DESC LIMIT $4`,
        [iso(from), iso(to), after, limit],
      );
      return rows;
    },
  };
}
