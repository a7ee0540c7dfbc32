import type { MonitorRow, TickClaim, TickStore } from '../tick-store.ts';
import type { Pool } from './pool.ts';

const iso = (time: number): string => new Date(time).toISOString();

/** Ticks with lease and epoch; every lease on the database's clock. */
export function createTickStore(pool: Pool): TickStore {
  return {
    async ensureMonitor(name, modelId) {
      const { rows } = await pool.query<MonitorRow>(
        `INSERT INTO monitor (name, model_id) VALUES ($1, $2)
         ON CONFLICT (name) DO UPDATE SET model_id = excluded.model_id
         RETURNING id, name, model_id AS "modelId", scheduled_from AS "scheduledFrom"`,
        [name, modelId],
      );
      return rows[0] as MonitorRow;
    },
    async findMonitor(name) {
      const { rows } = await pool.query<MonitorRow>(
        `SELECT id, name, model_id AS "modelId", scheduled_from AS "scheduledFrom" FROM monitor WHERE name = $1`,
        [name],
      );
      return rows[0] ?? null;
    },
    async setScheduledFrom(monitorId, at) {
      await pool.query(
        'UPDATE monitor SET scheduled_from = $2 WHERE id = $1 AND scheduled_from IS NULL',
        [monitorId, iso(at)],
      );
    },
    async lastSettled(monitorId) {
      const { rows } = await pool.query<{ due: number | null }>(
        "SELECT max(due) AS due FROM monitor_tick WHERE monitor_id = $1 AND state IN ('done', 'missed')",
        [monitorId],
      );
      return rows[0]?.due ?? null;
    },
    async claim(monitorId, due, owner, leaseMs) {
      const { rows } = await pool.query<TickClaim>(
        `INSERT INTO monitor_tick (monitor_id, due, state, owner, lease_until)
         VALUES ($1, $2, 'running', $3, now() + $4 * interval '1 millisecond')
         ON CONFLICT (monitor_id, due) DO UPDATE SET epoch = monitor_tick.epoch + 1, owner = excluded.owner,
           lease_until = excluded.lease_until, attempts = monitor_tick.attempts + 1
         WHERE monitor_tick.state = 'running' AND monitor_tick.lease_until < now()
         RETURNING monitor_id AS "monitorId", due, epoch`,
        [monitorId, iso(due), owner, leaseMs],
      );
      return rows[0] ?? null;
    },
    async extend(claim, leaseMs) {
      const { rowCount } = await pool.query(
        `UPDATE monitor_tick SET lease_until = now() + $4 * interval '1 millisecond'
         WHERE monitor_id = $1 AND due = $2 AND epoch = $3 AND state = 'running'`,
        [claim.monitorId, iso(claim.due), claim.epoch, leaseMs],
      );
      return rowCount === 1;
    },
    async release(claim) {
      await pool.query(
        `UPDATE monitor_tick SET lease_until = now()
         WHERE monitor_id = $1 AND due = $2 AND epoch = $3 AND state = 'running'`,
        [claim.monitorId, iso(claim.due), claim.epoch],
      );
    },
    async markMissed(monitorId, due) {
      if (due.length === 0) return;
      await pool.query(
        `INSERT INTO monitor_tick (monitor_id, due, state, finished_at)
         SELECT $1, due, 'missed', now() FROM unnest($2::timestamptz[]) AS d (due) ON CONFLICT DO NOTHING`,
        [monitorId, due.map(iso)],
      );
    },
    async settled(monitorId, due) {
      const { rows } = await pool.query<{ settled: boolean }>(
        `SELECT EXISTS (SELECT FROM monitor_tick WHERE monitor_id = $1 AND due = $2 AND state IN ('done', 'missed')) AS settled`,
        [monitorId, iso(due)],
      );
      return rows[0]?.settled === true;
    },
    async now() {
      const { rows } = await pool.query<{ now: number }>('SELECT now() AS now');
      return rows[0]?.now as number;
    },
  };
}
