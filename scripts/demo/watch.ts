import type { Pool } from '../../src/storage/postgres/pool.ts';
import type { Message } from '../../src/core/alerting/message.ts';
import type { FeatureLine } from './story.ts';

/** What the database says about the run: the demo only looks, driftd does the work. */
export interface Watch {
  counted(): Promise<{ readonly events: number; readonly day: number }>;
  latest(): Promise<{ readonly windowEnd: number; readonly lines: readonly FeatureLine[] } | null>;
  /** Messages in the order in which they were queued. */
  messages(): Promise<readonly StoredMessage[]>;
}

/** A row of the outbox. */
export interface StoredMessage {
  /** It stands in its mail, too. */
  readonly key: string;
  readonly state: string;
  readonly message: Message;
}

export function createWatch(pool: Pool): Watch {
  return {
    async counted() {
      const { rows } = await pool.query<{ events: number; day: number | null }>(
        `SELECT coalesce(sum(counted), 0)::bigint AS events,
           (SELECT max(max_event_time) FROM model_progress) AS day FROM ingest_partition`,
      );
      return { events: rows[0]?.events ?? 0, day: rows[0]?.day ?? 0 };
    },
    async latest() {
      const { rows } = await pool.query<FeatureLine & { windowEnd: number }>(
        `SELECT e.window_end AS "windowEnd", f.name AS feature, s.n, s.psi, s.ks, s.ks_high AS "ksHigh", s.verdict
         FROM (SELECT id, window_end FROM evaluation ORDER BY window_end DESC LIMIT 1) e
         JOIN score s ON s.evaluation_id = e.id JOIN feature f ON f.id = s.feature_id
         WHERE s.segment = 'all' ORDER BY f.id`,
      );
      const first = rows[0];
      return first === undefined ? null : { windowEnd: first.windowEnd, lines: rows };
    },
    async messages() {
      const { rows } = await pool.query<StoredMessage>(
        'SELECT dedup_key AS key, state, message FROM outbox ORDER BY id',
      );
      return rows;
    },
  };
}
