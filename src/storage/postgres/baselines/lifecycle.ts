import type { BaselineAction, BaselineRow, Change } from '../../baseline-store.ts';
import { audit } from '../api/audit.ts';
import { inTransaction } from '../pool.ts';
import type { Client, Pool } from '../pool.ts';
import { refreshFeatures } from './live-features.ts';
import { BASELINE_COLUMNS } from './rows.ts';

/** Characters of a name in the audit. */
const MAX_ACTOR = 256;

/**
 * The model's row is the lock under which versions are numbered and states change. NO KEY: rows that refer to the model
 * can be written meanwhile, so that counting and evaluating go on.
 */
export async function lockModel(client: Client, modelId: number): Promise<void> {
  await client.query('SELECT id FROM model WHERE id = $1 FOR NO KEY UPDATE', [modelId]);
}

/** A line of the model's record and one of the audit. */
export async function note(
  client: Client,
  modelId: number,
  version: number,
  action: BaselineAction,
  { actor, reason, requestId = null }: Change,
): Promise<void> {
  await client.query(
    'INSERT INTO baseline_event (model_id, version, action, actor, reason) VALUES ($1, $2, $3, $4, $5)',
    [modelId, version, action, actor, reason],
  );
  const { rows } = await client.query<{ name: string }>('SELECT name FROM model WHERE id = $1', [
    modelId,
  ]);
  const by = { name: actor.slice(0, MAX_ACTOR) || 'unknown', requestId };
  await audit(client, by, `baseline.${action}`, rows[0]?.name ?? '', { version, reason });
}

export function activate(
  pool: Pool,
  modelId: number,
  version: number,
  change: Change,
): Promise<BaselineRow> {
  return inTransaction(pool, async (client) => {
    await lockModel(client, modelId);
    return makeActive(client, modelId, version, 'activated', change);
  });
}

/** Activating the active version changes nothing and leaves no line in the record. */
async function makeActive(
  client: Client,
  modelId: number,
  version: number,
  action: 'activated' | 'rolled-back',
  change: Change,
): Promise<BaselineRow> {
  const { rows: before } = await client.query<BaselineRow>(
    `SELECT ${BASELINE_COLUMNS} FROM baseline WHERE model_id = $1 AND version = $2`,
    [modelId, version],
  );
  if (before[0] === undefined) throw new Error(`the model has no baseline of version ${version}`);
  if (before[0].state === 'active' && before[0].activateAt === null) return before[0];
  await client.query(
    `UPDATE baseline SET state = 'retired', retired_at = now() WHERE model_id = $1 AND state = 'active' AND version <> $2`,
    [modelId, version],
  );
  const { rows } = await client.query<BaselineRow>(
    `UPDATE baseline SET state = 'active', activated_at = coalesce(CASE WHEN state = 'active' THEN activated_at END, now()),
       retired_at = NULL, activate_at = NULL
     WHERE model_id = $1 AND version = $2 RETURNING ${BASELINE_COLUMNS}`,
    [modelId, version],
  );
  await refreshFeatures(client, modelId);
  if (before[0].state !== 'active') await note(client, modelId, version, action, change);
  return rows[0] as BaselineRow;
}

/**
 * Takes a candidate back for good: it was never active, and is counted no longer.
 * @returns `not-candidate`: it is, or was, active; null: no such version
 */
export function discard(
  pool: Pool,
  modelId: number,
  version: number,
  change: Change,
): Promise<BaselineRow | 'not-candidate' | null> {
  return inTransaction(pool, async (client) => {
    await lockModel(client, modelId);
    const { rows: found } = await client.query<BaselineRow>(
      `SELECT ${BASELINE_COLUMNS} FROM baseline WHERE model_id = $1 AND version = $2`,
      [modelId, version],
    );
    const [row] = found;
    if (row === undefined) return null;
    if (row.state !== 'candidate') return 'not-candidate';
    const { rows } = await client.query<BaselineRow>(
      `UPDATE baseline SET state = 'retired', retired_at = now(), activate_at = NULL
       WHERE model_id = $1 AND version = $2 RETURNING ${BASELINE_COLUMNS}`,
      [modelId, version],
    );
    await note(client, modelId, version, 'discarded', change);
    return rows[0] as BaselineRow;
  });
}

/**
 * Back to the version that was active before. A further one goes further back: a version that was left by a rollback is
 * not returned to.
 */
export function rollback(pool: Pool, modelId: number, change: Change): Promise<BaselineRow | null> {
  return inTransaction(pool, async (client) => {
    await lockModel(client, modelId);
    const previous = await rollbackTarget(client, modelId);
    return previous === null ? null : makeActive(client, modelId, previous, 'rolled-back', change);
  });
}

/** The version that a rollback would make active; null: there is none. */
export async function rollbackTarget(
  client: Client | Pool,
  modelId: number,
): Promise<number | null> {
  const { rows } = await client.query<{ version: number; action: BaselineAction }>(
    `SELECT version, action FROM baseline_event
     WHERE model_id = $1 AND action IN ('activated', 'rolled-back') ORDER BY id`,
    [modelId],
  );
  const stack: number[] = [];
  for (const { version, action } of rows) {
    if (action === 'rolled-back') stack.pop();
    else stack.push(version);
  }
  const current = stack.at(-1);
  return stack.findLast((version) => version !== current) ?? null;
}

export function schedule(
  pool: Pool,
  modelId: number,
  version: number,
  at: number | null,
  change: Change,
): Promise<BaselineRow | null> {
  return inTransaction(pool, async (client) => {
    await lockModel(client, modelId);
    const { rows } = await client.query<BaselineRow>(
      `UPDATE baseline SET activate_at = $3 WHERE model_id = $1 AND version = $2 RETURNING ${BASELINE_COLUMNS}`,
      [modelId, version, at === null ? null : new Date(at).toISOString()],
    );
    const row = rows[0];
    if (row === undefined) return null;
    await note(client, modelId, version, at === null ? 'unscheduled' : 'scheduled', change);
    return row;
  });
}

export function activateDue(pool: Pool): Promise<BaselineRow[]> {
  return inTransaction(pool, async (client) => {
    const { rows } = await client.query<{ modelId: number; version: number }>(
      `SELECT model_id AS "modelId", version FROM baseline WHERE activate_at <= now() ORDER BY model_id, activate_at, version`,
    );
    const activated: BaselineRow[] = [];
    for (const { modelId } of rows) await lockModel(client, modelId);
    for (const { modelId, version } of rows) {
      // Another process may have been first: then nothing is due any more.
      const { rowCount } = await client.query(
        'SELECT 1 FROM baseline WHERE model_id = $1 AND version = $2 AND activate_at <= now()',
        [modelId, version],
      );
      if (rowCount === 0) continue;
      const change = { actor: 'driftd', reason: 'as scheduled' };
      activated.push(await makeActive(client, modelId, version, 'activated', change));
    }
    return activated;
  });
}
