import type {
  AlertStatus,
  EvaluationStatus,
  ModelStatus,
  OutboxStatus,
  PartitionStatus,
  ProblemStatus,
  ProcessStatus,
  StoredMonitor,
  StoredStatus,
  StoredStatusReader,
} from '../../api/status-reader.ts';
import { WAITING_SINCE } from '../outbox-store.ts';
import type { TopicKey } from '../../../core/domain/ingestion.ts';
import { inTransaction } from '../pool.ts';
import type { Client, Pool } from '../pool.ts';

/** Only what is configured is shown. */
export interface StatusScope {
  /** Names with their allowed lateness in ms. */
  readonly models: ReadonlyMap<string, number>;
  readonly monitors: readonly string[];
  readonly topics: readonly TopicKey[];
}

/** How everything stands, from one snapshot of the database. */
export function createStatusReader(pool: Pool, scope: StatusScope): StoredStatusReader {
  return {
    read: () =>
      inTransaction(
        pool,
        (client) => readStatus(client, scope),
        'BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY',
      ),
  };
}

async function readStatus(client: Client, scope: StatusScope): Promise<StoredStatus> {
  const { rows } = await client.query<{ now: number; version: number }>(
    'SELECT now() AS now, coalesce(max(version), 0) AS version FROM schema_version',
  );
  return {
    now: rows[0]?.now ?? 0,
    schemaVersion: rows[0]?.version ?? 0,
    processes: await readProcesses(client),
    models: await readModels(client, scope),
    monitors: await readMonitors(client, scope),
    partitions: await readPartitions(client, scope),
    alerts: await readAlerts(client, scope),
    outbox: await readOutbox(client),
    problems: await readProblems(client),
  };
}

async function readProcesses(client: Client): Promise<ProcessStatus[]> {
  const { rows } = await client.query<ProcessStatus>(
    `SELECT owner AS name, roles, started_at AS "startedAt", seen_at AS "seenAt" FROM replica ORDER BY owner`,
  );
  return rows;
}

async function readModels(client: Client, scope: StatusScope): Promise<StoredStatus['models']> {
  const { rows } = await client.query<
    Omit<ModelStatus, 'baseline' | 'notes'> & {
      version: number | null;
      rows: number | null;
      createdAt: number | null;
    }
  >(
    `SELECT m.name AS model, coalesce(p.events, 0)::bigint AS events, p.last_event AS "lastEvent",
            p.last_event_at AS "lastEventAt", b.version, b.row_count AS rows, b.created_at AS "createdAt",
            (SELECT count(*) FROM feature f WHERE f.model_id = m.id AND f.retired_at IS NULL AND f.tier <> 'ignore') AS features,
            ARRAY(SELECT c.version FROM baseline c WHERE c.model_id = m.id AND c.state = 'candidate'
                  ORDER BY c.version) AS candidates
       FROM model m
       LEFT JOIN (SELECT model_id, sum(events) AS events, max(max_event_time) AS last_event,
                         max(last_event_at) AS last_event_at
                    FROM model_progress GROUP BY model_id) p ON p.model_id = m.id
       LEFT JOIN baseline b ON b.model_id = m.id AND b.state = 'active'
      WHERE m.name = ANY($1) AND m.retired_at IS NULL
      ORDER BY m.name`,
    [[...scope.models.keys()]],
  );
  return rows.map(({ version, rows: count, createdAt, ...model }) => ({
    ...model,
    baseline:
      version === null || count === null || createdAt === null
        ? null
        : { version, rows: count, createdAt },
  }));
}

async function readMonitors(client: Client, scope: StatusScope): Promise<StoredMonitor[]> {
  const { rows } = await client.query<
    Omit<StoredMonitor, 'latest'> & {
      [Key in keyof EvaluationStatus]: EvaluationStatus[Key] | null;
    }
  >(
    `SELECT mo.name AS monitor, m.name AS model, m.id AS "modelId", e.window_end AS "windowEnd", e.revision, e.complete,
            e.created_at AS "storedAt",
            (SELECT count(*) FROM monitor_tick t WHERE t.monitor_id = mo.id AND t.state = 'missed') AS "ticksMissed",
            coalesce((SELECT max(t.due) FROM monitor_tick t WHERE t.monitor_id = mo.id AND t.state IN ('done', 'missed')),
                     mo.scheduled_from) AS "dealtWith",
            (SELECT min(t.due) FROM monitor_tick t WHERE t.monitor_id = mo.id AND t.state = 'running') AS running,
            (SELECT jsonb_object_agg(verdict, n) FROM (SELECT verdict, count(*) AS n FROM score
              WHERE evaluation_id = e.id GROUP BY verdict) v) AS verdicts
       FROM monitor mo
       JOIN model m ON m.id = mo.model_id
       LEFT JOIN LATERAL (SELECT id, window_end, revision, complete, created_at FROM evaluation
                           WHERE monitor_id = mo.id ORDER BY window_end DESC, revision DESC LIMIT 1) e ON true
      WHERE mo.name = ANY($1) AND m.retired_at IS NULL
      ORDER BY mo.name`,
    [scope.monitors],
  );
  return rows.map(({ windowEnd, revision, complete, storedAt, verdicts, ...monitor }) => ({
    ...monitor,
    latest:
      windowEnd === null || revision === null || complete === null || storedAt === null
        ? null
        : { windowEnd, revision, complete, storedAt, verdicts: verdicts ?? {} },
  }));
}

async function readPartitions(client: Client, scope: StatusScope): Promise<PartitionStatus[]> {
  const { rows } = await client.query<PartitionStatus>(
    `SELECT i.source, i.topic, i.partition, i.state, i.reason, i.owner, i.start_offset AS "startOffset",
            i.next_offset AS "nextOffset", i.counted, i.quarantined, i.too_late AS "tooLate", i.duplicate, i.filtered,
            i.quarantine_dropped AS "quarantineDropped", i.progressed_at AS "progressedAt",
            (SELECT coalesce(sum(g.to_offset - g.from_offset), 0)::bigint FROM gap g WHERE g.part = i.id) AS "gapRecords",
            (SELECT min(p.max_event_time - l.lateness * interval '1 millisecond')
               FROM model_progress p
               JOIN model m ON m.id = p.model_id
               JOIN unnest($1::text[], $2::float8[]) AS l (model, lateness) ON l.model = m.name
              WHERE p.part = i.id) AS watermark
       FROM ingest_partition i JOIN unnest($3::text[], $4::text[]) AS s (source, topic) USING (source, topic)
      ORDER BY i.source, i.topic, i.partition`,
    [
      [...scope.models.keys()],
      [...scope.models.values()],
      scope.topics.map(({ source }) => source),
      scope.topics.map(({ topic }) => topic),
    ],
  );
  return rows;
}

async function readAlerts(client: Client, scope: StatusScope): Promise<AlertStatus[]> {
  const { rows } = await client.query<AlertStatus>(
    `SELECT m.name AS model, mo.name AS monitor, f.name AS feature, a.segment, a.state, a.severity,
            coalesce(a.firing_since, a.pending_since) AS since
       FROM alert a
       JOIN monitor mo ON mo.id = a.monitor_id
       JOIN feature f ON f.id = a.feature_id
       JOIN model m ON m.id = f.model_id
      WHERE a.state <> 'inactive' AND mo.name = ANY($1) AND m.retired_at IS NULL AND f.retired_at IS NULL AND f.tier <> 'ignore'
      ORDER BY a.state, m.name, f.name, a.segment, mo.name`,
    [scope.monitors],
  );
  return rows;
}

async function readOutbox(client: Client): Promise<OutboxStatus[]> {
  const { rows } = await client.query<OutboxStatus>(
    `SELECT channel, count(*) FILTER (WHERE state = 'pending') AS waiting,
            ${WAITING_SINCE} AS oldest,
            count(*) FILTER (WHERE state = 'dead') AS dead,
            (array_agg(last_error ORDER BY id DESC) FILTER (WHERE last_error IS NOT NULL))[1] AS "lastError"
       FROM outbox WHERE state <> 'sent' GROUP BY channel ORDER BY channel`,
  );
  return rows;
}

async function readProblems(client: Client): Promise<ProblemStatus[]> {
  const { rows } = await client.query<ProblemStatus>(
    'SELECT kind, about, since, detail FROM problem ORDER BY since',
  );
  return rows;
}
