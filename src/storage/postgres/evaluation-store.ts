import type { AlertRow } from '../../core/alerting/types.ts';
import { seriesKey } from '../../core/alerting/worst.ts';
import type { Verdict } from '../../core/domain/verdict.ts';
import type { FeatureResult, HistoryWindow } from '../../core/evaluate/types.ts';
import type {
  AlertWrite,
  EvaluationStore,
  EvaluationWrite,
  ScoreWrite,
  StoredEvaluation,
} from '../evaluation-store.ts';
import { insertOutbox } from './outbox-store.ts';
import { writeProblems } from './quality/quality-store.ts';
import { inTransaction } from './pool.ts';
import type { Client, Pool } from './pool.ts';

const iso = (time: number | null): string | null =>
  time === null ? null : new Date(time).toISOString();
/** Past windows that a design effect looks at: 168 of them say all that there is to say. */
const MAX_HISTORY = 168;

class LostClaim extends Error {}

/** Evaluations in Postgres. */
export function createEvaluationStore(pool: Pool): EvaluationStore {
  return {
    async store(write) {
      try {
        return await inTransaction(pool, (client) => store(client, write));
      } catch (thrown) {
        if (thrown instanceof LostClaim) return null;
        throw thrown;
      }
    },
    async alerts(monitorId) {
      const { rows } = await pool.query<AlertRow>(
        `SELECT a.feature_id AS "featureId", f.name AS feature, a.segment, a.state, a.severity, a.incident, a.flaps, a.recent,
           a.pending_since AS "pendingSince", a.firing_since AS "firingSince", a.resolved_at AS "resolvedAt",
           a.notified_severity AS "notifiedSeverity", a.told_receivers AS told, a.told_causes AS causes
         FROM alert a JOIN feature f ON f.id = a.feature_id WHERE a.monitor_id = $1`,
        [monitorId],
      );
      return rows;
    },
    async find(monitorId, windowEnd) {
      const { rows } = await pool.query<StoredScore>(
        `SELECT e.revision, e.due, e.complete, f.name AS feature, s.segment, s.window_name AS window, s.verdict
         FROM evaluation e LEFT JOIN score s ON s.evaluation_id = e.id LEFT JOIN feature f ON f.id = s.feature_id
         WHERE e.id = (SELECT id FROM evaluation WHERE monitor_id = $1 AND window_end = $2
                       ORDER BY revision DESC LIMIT 1)`,
        [monitorId, iso(windowEnd)],
      );
      return storedEvaluation(rows);
    },
    async history(monitorId, baselineId, windowName, spanMs, before) {
      const { rows } = await pool.query<{
        feature: string;
        segment: string;
        end: number;
        groups: number[] | null;
      }>(
        `SELECT f.name AS feature, s.segment, e.window_end AS "end", s.result -> 'groups' AS groups
         FROM evaluation e JOIN score s ON s.evaluation_id = e.id JOIN feature f ON f.id = s.feature_id
         WHERE e.monitor_id = $1 AND e.baseline_id = $2 AND s.window_name = $3 AND e.window_end <= $4
           AND e.window_end > $5 AND s.verdict NOT IN ('drifted', 'warning')
           AND e.revision = (SELECT max(revision) FROM evaluation l
                             WHERE l.monitor_id = e.monitor_id AND l.window_end = e.window_end)
         ORDER BY e.window_end DESC`,
        [
          monitorId,
          baselineId,
          windowName,
          iso(before - spanMs),
          iso(before - spanMs * (MAX_HISTORY + 1)),
        ],
      );
      return disjoint(rows, spanMs);
    },
  };
}

interface StoredScore {
  readonly revision: number;
  readonly due: number;
  readonly complete: boolean;
  readonly feature: string | null;
  readonly segment: string;
  readonly window: string;
  readonly verdict: Verdict;
}

function storedEvaluation(rows: readonly StoredScore[]): StoredEvaluation | null {
  const [first] = rows;
  if (first === undefined) return null;
  const { revision, due, complete } = first;
  const verdicts = new Map<string, Map<string, Verdict>>();
  for (const { feature, segment, window, verdict } of rows) {
    // An evaluation of a model without features has no scores.
    if (feature === null) continue;
    const key = seriesKey(feature, segment);
    verdicts.set(key, (verdicts.get(key) ?? new Map<string, Verdict>()).set(window, verdict));
  }
  return { revision, due, complete, verdicts };
}

/** Keeps, for each feature and segment, windows that do not overlap: newest first. */
function disjoint(
  rows: readonly { feature: string; segment: string; end: number; groups: number[] | null }[],
  spanMs: number,
): Map<string, HistoryWindow[]> {
  const kept = new Map<string, { windows: HistoryWindow[]; oldest: number }>();
  for (const { feature, segment, end, groups } of rows) {
    if (groups === null) continue;
    const key = seriesKey(feature, segment);
    const entry = kept.get(key) ?? { windows: [], oldest: Infinity };
    if (end > entry.oldest) continue;
    entry.windows.push({ start: end - spanMs, groups });
    entry.oldest = end - spanMs;
    kept.set(key, entry);
  }
  return new Map([...kept].map(([key, { windows }]) => [key, windows]));
}

async function store(client: Client, write: EvaluationWrite): Promise<number> {
  const { claim } = write;
  const tick = await client.query(
    `UPDATE monitor_tick SET state = 'done', finished_at = now()
     WHERE monitor_id = $1 AND due = $2 AND epoch = $3 AND state = 'running'`,
    [claim.monitorId, iso(claim.due), claim.epoch],
  );
  if (tick.rowCount !== 1) throw new LostClaim();
  const id = await writeEvaluation(client, write);
  await writeAlerts(client, claim.monitorId, id, write.alerts);
  await writeProblems(client, claim.monitorId, write.problems);
  await insertOutbox(client, write.outbox);
  return id;
}

/** The evaluation and its scores, without what it does to alerts. @returns its id */
export async function writeEvaluation(client: Client, write: EvaluationWrite): Promise<number> {
  const { claim } = write;
  const { rows } = await client.query<{ id: number }>(
    `INSERT INTO evaluation (monitor_id, window_end, revision, due, baseline_id, complete, watermark, settings, summary, duration_ms)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) RETURNING id`,
    [
      claim.monitorId,
      iso(write.windowEnd),
      write.revision,
      iso(write.due ?? claim.due),
      write.baselineId,
      write.complete,
      iso(write.watermark),
      JSON.stringify(write.settings),
      JSON.stringify(write.summary),
      write.durationMs,
    ],
  );
  const id = rows[0]?.id as number;
  await writeScores(client, id, write.scores);
  return id;
}

function statistic(
  result: FeatureResult,
  name: string,
): FeatureResult['statistics'][number] | undefined {
  return result.statistics.find((entry) => entry.name === name);
}

async function writeScores(
  client: Client,
  evaluationId: number,
  scores: readonly ScoreWrite[],
): Promise<void> {
  const rows = scores.map(({ featureId, result }) => {
    const ks = statistic(result, 'ks');
    return {
      feature_id: featureId,
      segment: result.segment,
      window_name: result.window,
      verdict: result.verdict,
      n: result.n,
      m: Math.round(result.m),
      psi: statistic(result, 'psi')?.value ?? null,
      ks: ks?.value ?? null,
      ks_low: ks?.low ?? null,
      ks_high: ks?.high ?? null,
      ks_log_p: ks?.logP ?? null,
      result,
    };
  });
  await client.query(
    `INSERT INTO score (evaluation_id, feature_id, segment, window_name, verdict, n, m, psi, ks, ks_low, ks_high, ks_log_p, result)
     SELECT $1, feature_id, segment, window_name, verdict, n, m, psi, ks, ks_low, ks_high, ks_log_p, result
     FROM jsonb_to_recordset($2::jsonb) AS s (feature_id integer, segment text, window_name text, verdict text, n bigint,
       m bigint, psi double precision, ks double precision, ks_low double precision, ks_high double precision,
       ks_log_p double precision, result jsonb)`,
    [evaluationId, JSON.stringify(rows)],
  );
}

async function writeAlerts(
  client: Client,
  monitorId: number,
  evaluationId: number,
  alerts: readonly AlertWrite[],
): Promise<void> {
  const rows = alerts.map(({ featureId, segment, alert, told, causes }) => ({
    feature_id: featureId,
    segment,
    state: alert.state,
    severity: alert.severity,
    incident: alert.incident,
    flaps: alert.flaps,
    recent: alert.recent,
    pending_since: iso(alert.pendingSince),
    firing_since: iso(alert.firingSince),
    resolved_at: iso(alert.resolvedAt),
    notified_severity: alert.notifiedSeverity,
    told: told ?? null,
    causes: causes ?? null,
  }));
  await client.query(
    `INSERT INTO alert (monitor_id, feature_id, segment, state, severity, incident, flaps, recent, pending_since, firing_since,
       resolved_at, notified_severity, told_receivers, told_causes, evaluation_id)
     SELECT $1, feature_id, segment, state, severity, incident, flaps, recent, pending_since, firing_since, resolved_at,
       notified_severity, told, causes, $2
     FROM jsonb_to_recordset($3::jsonb) AS a (feature_id integer, segment text, state text, severity text, incident integer,
       flaps integer, recent text[], pending_since timestamptz, firing_since timestamptz, resolved_at timestamptz,
       notified_severity text, told text[], causes text[])
     ON CONFLICT (monitor_id, feature_id, segment) DO UPDATE SET state = excluded.state, severity = excluded.severity,
       incident = excluded.incident, flaps = excluded.flaps, recent = excluded.recent, pending_since = excluded.pending_since,
       firing_since = excluded.firing_since, resolved_at = excluded.resolved_at,
       notified_severity = excluded.notified_severity, told_receivers = excluded.told_receivers,
       told_causes = excluded.told_causes, evaluation_id = excluded.evaluation_id`,
    [monitorId, evaluationId, JSON.stringify(rows)],
  );
}
