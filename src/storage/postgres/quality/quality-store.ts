import type { CountedSoFar } from '../../../core/quality/faults.ts';
import type { QualityProblem } from '../../../core/quality/problems.ts';
import type { QualityStore } from '../../evaluation-store.ts';
import type { Client, Pool } from '../pool.ts';

const iso = (time: number | null): string | null =>
  time === null ? null : new Date(time).toISOString();

/** Checks of the data in Postgres; what an evaluation saw is in its summary. */
export function createQualityStore(pool: Pool): QualityStore {
  return {
    async volumes(monitorId, ends) {
      const { rows } = await pool.query<{ end: number; events: Record<string, number> | null }>(
        `SELECT DISTINCT ON (window_end) window_end AS "end", summary -> 'events' AS events FROM evaluation
         WHERE monitor_id = $1 AND window_end = ANY($2::timestamptz[]) ORDER BY window_end, revision DESC`,
        [monitorId, ends.map(iso)],
      );
      const volumes = new Map<string, Map<number, number>>();
      for (const { end, events } of rows) {
        for (const [window, count] of Object.entries(events ?? {})) {
          volumes.set(window, (volumes.get(window) ?? new Map<number, number>()).set(end, count));
        }
      }
      return volumes;
    },
    async counted(modelId) {
      const { rows } = await pool.query<CountedSoFar>(
        `SELECT coalesce(sum(events), 0)::bigint AS events, coalesce(sum(unknown_events), 0)::bigint AS unknown
         FROM model_progress WHERE model_id = $1`,
        [modelId],
      );
      return rows[0] ?? { events: 0, unknown: 0 };
    },
    async countedBefore(monitorId, before) {
      const { rows } = await pool.query<{ counted: CountedSoFar | null }>(
        `SELECT summary -> 'counted' AS counted FROM evaluation
         WHERE monitor_id = $1 AND window_end < $2 ORDER BY window_end DESC, revision DESC LIMIT 1`,
        [monitorId, iso(before)],
      );
      return rows[0]?.counted ?? null;
    },
    async problems(monitorId) {
      const { rows } = await pool.query<QualityProblem>(
        `SELECT check_name AS "check", about, streak, open_since AS since, told
         FROM quality_problem WHERE monitor_id = $1 ORDER BY 1, 2`,
        [monitorId],
      );
      return rows;
    },
  };
}

/** Replaces what is remembered of a monitor's checks; part of the transaction of the evaluation. */
export async function writeProblems(
  client: Client,
  monitorId: number,
  problems: readonly QualityProblem[],
): Promise<void> {
  await client.query('DELETE FROM quality_problem WHERE monitor_id = $1', [monitorId]);
  if (problems.length === 0) return;
  await client.query(
    `INSERT INTO quality_problem (monitor_id, check_name, about, streak, open_since, told)
     SELECT $1, * FROM unnest($2::text[], $3::text[], $4::integer[], $5::timestamptz[], $6::boolean[])`,
    [
      monitorId,
      problems.map(({ check }) => check),
      problems.map(({ about }) => about),
      problems.map(({ streak }) => streak),
      problems.map(({ since }) => iso(since)),
      problems.map(({ told }) => told),
    ],
  );
}
