import type { TopicKey } from '../../core/domain/ingestion.ts';
import type { PredictionSummary } from '../../core/evaluate/predictions.ts';
import type { Severity, Verdict } from '../../core/domain/verdict.ts';
import type {
  AlertGauges,
  FeatureGauges,
  GaugeReader,
  GaugeSnapshot,
  ModelGauges,
  MonitorGauges,
  PartitionGauges,
  PredictionGauges,
  ScoreGauges,
} from '../gauge-reader.ts';
import { LAST_DUE } from './alerts/watch-store.ts';
import { WAITING_SINCE } from './outbox-store.ts';
import { inTransaction } from './pool.ts';
import type { Client, Pool } from './pool.ts';

/** Only what is configured is shown: a series goes when its model, monitor or topic does. */
export interface GaugeScope {
  readonly models: readonly string[];
  readonly monitors: readonly string[];
  readonly topics: readonly TopicKey[];
}

/**
 * Eight small queries in one snapshot; the scores (up to features x segments x windows rows) are read again only when
 * a monitor has a newer evaluation, since an evaluation never changes.
 */
export function createGaugeReader(pool: Pool, scope: GaugeScope): GaugeReader {
  const cache: ScoreCache = { key: '', rows: [] };
  return {
    read: () =>
      inTransaction(
        pool,
        (client) => readSnapshot(client, scope, cache),
        'BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY',
      ),
  };
}

interface ScoreCache {
  key: string;
  rows: readonly ScoreRow[];
}

async function readSnapshot(
  client: Client,
  scope: GaugeScope,
  cache: ScoreCache,
): Promise<GaugeSnapshot> {
  const clock = await client.query<{ now: number }>('SELECT now() AS now');
  const evaluations = await readEvaluations(client, scope);
  const features = await readFeatures(client, scope);
  const watched = new Set(
    [...features.values()].map(({ model, feature }) => nameOf(model, feature)),
  );
  return {
    now: clock.rows[0]?.now ?? 0,
    scores: await readScores(client, evaluations, features, cache),
    features: [...features.values()],
    predictions: evaluations
      .flatMap(predictionsIn)
      .filter(({ model, feature }) => watched.has(nameOf(model, feature))),
    alerts: await readAlerts(client, scope),
    models: await readModels(client, scope),
    monitors: evaluations.map(({ monitor, createdAt, lastDue, ticksMissed }): MonitorGauges => ({
      monitor,
      lastSuccess: createdAt,
      lastDue,
      ticksMissed,
    })),
    partitions: await readPartitions(client, scope),
    ...(await readLosses(client)),
    outboxOldestSeconds: await readOutbox(client),
  };
}

const nameOf = (model: string, feature: string): string => JSON.stringify([model, feature]);

interface EvaluationRow {
  readonly monitor: string;
  readonly model: string;
  readonly predictions: readonly PredictionSummary[] | null;
  readonly evaluationId: number | null;
  readonly windowEnd: number | null;
  readonly createdAt: number | null;
  readonly lastDue: number;
  readonly ticksMissed: number;
}

async function readEvaluations(client: Client, scope: GaugeScope): Promise<EvaluationRow[]> {
  const { rows } = await client.query<EvaluationRow>(
    `SELECT m.name AS monitor, mo.name AS model, e.summary->'predictions' AS predictions, e.id AS "evaluationId",
            e.window_end AS "windowEnd", e.created_at AS "createdAt", ${LAST_DUE} AS "lastDue",
            (SELECT count(*) FROM monitor_tick t WHERE t.monitor_id = m.id AND t.state = 'missed') AS "ticksMissed"
       FROM monitor m
       JOIN model mo ON mo.id = m.model_id
       LEFT JOIN LATERAL (SELECT id, window_end, created_at, summary FROM evaluation
                           WHERE monitor_id = m.id ORDER BY window_end DESC, revision DESC LIMIT 1) e ON true
      WHERE m.name = ANY($1) AND mo.retired_at IS NULL
      ORDER BY m.name`,
    [scope.monitors],
  );
  return rows;
}

function predictionsIn({
  monitor,
  model,
  windowEnd,
  predictions,
}: EvaluationRow): PredictionGauges[] {
  if (predictions === null || windowEnd === null) return [];
  return predictions.map((prediction) => ({ ...prediction, monitor, model, windowEnd }));
}

type FeatureNames = ReadonlyMap<number, FeatureGauges>;

async function readFeatures(client: Client, scope: GaugeScope): Promise<FeatureNames> {
  const { rows } = await client.query<FeatureGauges & { id: number }>(
    `SELECT f.id, m.name AS model, f.name AS feature, f.kind, f.role, f.tier
       FROM feature f JOIN model m ON m.id = f.model_id
      WHERE m.name = ANY($1) AND m.retired_at IS NULL AND f.retired_at IS NULL AND f.tier <> 'ignore'`,
    [scope.models],
  );
  return new Map(rows.map(({ id, ...feature }) => [id, feature]));
}

interface ScoreRow {
  readonly evaluationId: number;
  readonly featureId: number;
  readonly segment: string;
  readonly window: string;
  readonly verdict: Verdict;
  readonly samples: number;
  readonly psi: number | null;
  readonly ks: number | null;
  readonly ksErrorBound: number | null;
  readonly ksLogP: number | null;
  readonly missingRatio: number | null;
  readonly invalidRatio: number | null;
  readonly outOfRangeRatio: number | null;
  readonly unseenCategoryRatio: number | null;
  readonly minimumDetectableEffect: number | null;
}

/** What has no column of its own comes out of the stored FeatureResult. */
const SCORES = `
  SELECT evaluation_id AS "evaluationId", feature_id AS "featureId", segment, window_name AS "window", verdict,
         n AS samples, psi, ks, ks_high - ks_low AS "ksErrorBound", ks_log_p AS "ksLogP",
         (result #>> '{missing,live}')::float8 AS "missingRatio",
         (result #>> '{invalid,live}')::float8 AS "invalidRatio",
         (result #>> '{outOfRangeShare}')::float8 AS "outOfRangeRatio",
         (result #>> '{unseenShare}')::float8 AS "unseenCategoryRatio",
         (result #>> '{minimumDetectableEffect}')::float8 AS "minimumDetectableEffect"
    FROM score WHERE evaluation_id = ANY($1)`;

async function readScores(
  client: Client,
  evaluations: readonly EvaluationRow[],
  features: FeatureNames,
  cache: ScoreCache,
): Promise<ScoreGauges[]> {
  const byId = new Map(evaluations.map((evaluation) => [evaluation.evaluationId, evaluation]));
  const ids = evaluations.flatMap(({ evaluationId }) =>
    evaluationId === null ? [] : [evaluationId],
  );
  const key = ids.join();
  if (cache.key !== key) {
    const { rows } = await client.query<ScoreRow>(SCORES, [ids]);
    cache.key = key;
    cache.rows = rows;
  }
  return cache.rows.flatMap(({ evaluationId, featureId, ksLogP, ...row }) => {
    const evaluation = byId.get(evaluationId);
    const names = features.get(featureId);
    if (evaluation === undefined || evaluation.windowEnd === null || names === undefined) return [];
    const { monitor, windowEnd } = evaluation;
    const { model, feature } = names;
    const ksPvalue = ksLogP === null ? null : Math.exp(ksLogP);
    return [{ ...row, model, feature, monitor, windowEnd, ksPvalue }];
  });
}

async function readAlerts(client: Client, scope: GaugeScope): Promise<AlertGauges[]> {
  const { rows } = await client.query<{
    model: string;
    feature: string;
    state: AlertGauges['state'];
    severity: Severity | null;
  }>(
    `SELECT m.name AS model, f.name AS feature, a.state, a.severity
       FROM alert a
       JOIN monitor mo ON mo.id = a.monitor_id
       JOIN feature f ON f.id = a.feature_id
       JOIN model m ON m.id = f.model_id
      WHERE mo.name = ANY($1) AND m.retired_at IS NULL AND f.retired_at IS NULL AND f.tier <> 'ignore'`,
    [scope.monitors],
  );
  return rows;
}

async function readModels(client: Client, scope: GaugeScope): Promise<ModelGauges[]> {
  const { rows } = await client.query<{
    model: string;
    events: number;
    lastEvent: number | null;
    version: number | null;
    createdAt: number | null;
    activatedAt: number | null;
  }>(
    `SELECT m.name AS model, coalesce(p.events, 0)::bigint AS events, p.last_event AS "lastEvent",
            b.version, b.created_at AS "createdAt", b.activated_at AS "activatedAt"
       FROM model m
       LEFT JOIN (SELECT model_id, sum(events) AS events, max(max_event_time) AS last_event
                    FROM model_progress GROUP BY model_id) p ON p.model_id = m.id
       LEFT JOIN baseline b ON b.model_id = m.id AND b.state = 'active'
      WHERE m.name = ANY($1) AND m.retired_at IS NULL
      ORDER BY m.name`,
    [scope.models],
  );
  return rows.map(({ version, createdAt, activatedAt, ...row }) => ({
    ...row,
    baseline: version === null || createdAt === null ? null : { version, createdAt, activatedAt },
  }));
}

async function readPartitions(client: Client, scope: GaugeScope): Promise<PartitionGauges[]> {
  const { rows } = await client.query<{
    topic: string;
    partition: number;
    halted: boolean;
    model: string | null;
    maxEventTime: number | null;
  }>(
    `SELECT i.topic, i.partition, i.state = 'halted' AS halted, m.name AS model, p.max_event_time AS "maxEventTime"
       FROM ingest_partition i
       LEFT JOIN (model_progress p JOIN model m ON m.id = p.model_id AND m.name = ANY($1)) ON p.part = i.id
       JOIN unnest($2::text[], $3::text[]) AS s (source, topic) ON s.source = i.source AND s.topic = i.topic
      ORDER BY i.topic, i.partition`,
    [
      scope.models,
      scope.topics.map(({ source }) => source),
      scope.topics.map(({ topic }) => topic),
    ],
  );
  const partitions = new Map<string, PartitionGauges & { maxEventTime: Map<string, number> }>();
  for (const { topic, partition, halted, model, maxEventTime } of rows) {
    const key = JSON.stringify([topic, partition]);
    const known = partitions.get(key);
    const entry = known ?? { topic, partition, halted, maxEventTime: new Map<string, number>() };
    if (model !== null && maxEventTime !== null) entry.maxEventTime.set(model, maxEventTime);
    if (known === undefined) partitions.set(key, entry);
  }
  return [...partitions.values()];
}

async function readLosses(
  client: Client,
): Promise<Pick<GaugeSnapshot, 'gapRecords' | 'quarantineDropped'>> {
  const { rows } = await client.query<{ source: string; records: number; dropped: number }>(
    `SELECT i.source, sum(i.quarantine_dropped)::bigint AS dropped,
            coalesce(sum((SELECT sum(g.to_offset - g.from_offset) FROM gap g WHERE g.part = i.id)), 0)::bigint AS records
       FROM ingest_partition i GROUP BY i.source`,
  );
  return {
    gapRecords: new Map(rows.map(({ source, records }) => [source, records])),
    quarantineDropped: new Map(rows.map(({ source, dropped }) => [source, dropped])),
  };
}

async function readOutbox(client: Client): Promise<Map<string, number>> {
  const { rows } = await client.query<{ channel: string; seconds: number | null }>(
    `SELECT channel, extract(epoch FROM now() - ${WAITING_SINCE})::float8 AS seconds
       FROM outbox WHERE state = 'pending' GROUP BY channel`,
  );
  return new Map(
    rows.flatMap(({ channel, seconds }) => (seconds === null ? [] : [[channel, seconds]])),
  );
}
