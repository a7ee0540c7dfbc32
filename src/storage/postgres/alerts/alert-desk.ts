import type { Matcher } from '../../../core/alerting/mute.ts';
import { seriesKey } from '../../../core/alerting/worst.ts';
import type { AlertActions, AlertDesk, AlertEntry, Silence } from '../../alert-desk.ts';
import type { Pool } from '../pool.ts';

const SILENCE = `id, matchers, reason, author, starts_at AS "startsAt", ends_at AS "endsAt",
  created_at AS "createdAt", expired_by AS "expiredBy"`;

/** As the watch sees it (WATCH_LIMITS): a partition that was not read to its end for so long stands still. */
const STUCK = '60 seconds';

/** Silences, acknowledgements and who was told when, in Postgres. */
export function createAlertDesk(pool: Pool): AlertDesk & AlertActions {
  return {
    async read(monitorId, endless) {
      const [silences, told, acknowledged, sources] = await Promise.all([
        pool.query<{ matchers: Matcher[]; reason: string }>(
          'SELECT matchers, reason FROM silence WHERE starts_at <= now() AND ends_at > now()',
        ),
        pool.query<{ receiver: string; toldAt: number }>(
          'SELECT receiver, told_at AS "toldAt" FROM alert_told WHERE monitor_id = $1',
          [monitorId],
        ),
        pool.query<{ feature: string; segment: string }>(
          `SELECT f.name AS feature, a.segment FROM alert a JOIN feature f ON f.id = a.feature_id
           WHERE a.monitor_id = $1 AND a.acknowledged_incident = a.incident`,
          [monitorId],
        ),
        pool.query<{ dead: boolean | null }>(
          `SELECT bool_and(p.state <> 'ok' OR ($2 AND p.progressed_at < now() - interval '${STUCK}')) AS dead
           FROM monitor m JOIN model_progress g ON g.model_id = m.model_id JOIN ingest_partition p ON p.id = g.part
           WHERE m.id = $1`,
          [monitorId, endless],
        ),
      ]);
      return {
        silences: silences.rows,
        told: new Map(told.rows.map(({ receiver, toldAt }) => [receiver, toldAt])),
        acknowledged: new Set(
          acknowledged.rows.map(({ feature, segment }) => seriesKey(feature, segment)),
        ),
        sourcesDead: sources.rows[0]?.dead ?? false,
      };
    },
    async addSilence({ matchers, author, reason, startsAt, durationMs }) {
      const start = startsAt === null ? null : new Date(startsAt).toISOString();
      const { rows } = await pool.query<Silence>(
        `INSERT INTO silence (matchers, author, reason, starts_at, ends_at)
         VALUES ($1, $2, $3, coalesce($4::timestamptz, now()),
           coalesce($4::timestamptz, now()) + $5 * interval '1 millisecond') RETURNING ${SILENCE}`,
        [JSON.stringify(matchers), author, reason, start, durationMs],
      );
      return rows[0] as Silence;
    },
    async listSilences(all) {
      const { rows } = await pool.query<Silence>(
        `SELECT ${SILENCE} FROM silence WHERE $1 OR ends_at > now() ORDER BY id`,
        [all],
      );
      return rows;
    },
    async expireSilence(id, by) {
      const ended = await pool.query(
        `UPDATE silence SET starts_at = least(starts_at, now()), ends_at = now(), expired_by = $2
         WHERE id = $1 AND ends_at > now()`,
        [id, by],
      );
      return ended.rowCount === 1;
    },
    async listAlerts() {
      const { rows } = await pool.query<AlertEntry>(
        `SELECT m.name AS monitor, d.name AS model, f.name AS feature, a.segment, a.state, a.severity, a.incident,
           a.flaps, coalesce(a.firing_since, a.pending_since) AS since,
           CASE WHEN a.acknowledged_incident = a.incident THEN a.acknowledged_by END AS "acknowledgedBy"
         FROM alert a JOIN monitor m ON m.id = a.monitor_id JOIN model d ON d.id = m.model_id
           JOIN feature f ON f.id = a.feature_id
         WHERE a.state <> 'inactive' ORDER BY a.state, a.severity, m.name, f.name, a.segment`,
      );
      return rows;
    },
    async acknowledge({ model, feature, segment, by, note }) {
      const taken = await pool.query(
        `UPDATE alert a SET acknowledged_incident = a.incident, acknowledged_by = $4, acknowledged_note = $5,
           acknowledged_at = now()
         FROM monitor m, model d, feature f
         WHERE m.id = a.monitor_id AND d.id = m.model_id AND f.id = a.feature_id AND a.state = 'firing'
           AND d.name = $1 AND f.name = $2 AND a.segment = coalesce($3, a.segment)`,
        [model, feature, segment, by, note],
      );
      return taken.rowCount ?? 0;
    },
  };
}
