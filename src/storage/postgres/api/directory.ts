import type { Directory, FeatureEntry, ModelEntry } from '../../api/directory.ts';
import type { Actor } from '../../api/token-store.ts';
import { inTransaction } from '../pool.ts';
import type { Pool } from '../pool.ts';
import { readUnknownNames } from '../quality/unknown-names.ts';
import { audit } from './audit.ts';

const UNIQUE_VIOLATION = '23505';

const MODELS = `SELECT m.id, m.name, m.created_at AS "createdAt", m.retired_at AS "retiredAt",
    (SELECT version FROM baseline b WHERE b.model_id = m.id AND b.state = 'active') AS "activeBaseline",
    (SELECT count(*) FROM feature f WHERE f.model_id = m.id AND f.retired_at IS NULL) AS features,
    coalesce((SELECT sum(events) FROM model_progress p WHERE p.model_id = m.id), 0)::bigint AS events,
    (SELECT max(max_event_time) FROM model_progress p WHERE p.model_id = m.id) AS "lastEventTime"
  FROM model m`;

/** Models and features in Postgres. */
export function createDirectory(pool: Pool): Directory {
  async function model(name: string): Promise<ModelEntry | null> {
    const { rows } = await pool.query<ModelEntry>(`${MODELS} WHERE m.name = $1`, [name]);
    return rows[0] ?? null;
  }
  return {
    model,
    async models({ limit, after }, retired) {
      const { rows } = await pool.query<ModelEntry>(
        `${MODELS} WHERE ($2::bigint IS NULL OR m.id > $2)
           AND ($3::boolean IS NULL OR (m.retired_at IS NOT NULL) = $3) ORDER BY m.id LIMIT $1`,
        [limit, after, retired],
      );
      return rows;
    },
    create: (name, by) =>
      inTransaction(pool, async (client) => {
        const { rowCount } = await client.query(
          'INSERT INTO model (name) VALUES ($1) ON CONFLICT (name) DO NOTHING',
          [name],
        );
        if (rowCount !== 1) return null;
        await audit(client, by, 'model.create', name);
        const { rows } = await client.query<ModelEntry>(`${MODELS} WHERE m.name = $1`, [name]);
        return rows[0] as ModelEntry;
      }),
    rename: (name, to, by) => rename(pool, name, to, by),
    retire: (name, retired, by) =>
      inTransaction(pool, async (client) => {
        const { rows } = await client.query<{ changed: boolean }>(
          `WITH before AS (SELECT id, retired_at FROM model WHERE name = $1 FOR NO KEY UPDATE)
           UPDATE model m SET retired_at = CASE WHEN $2 THEN coalesce(m.retired_at, now()) END
           FROM before b WHERE m.id = b.id RETURNING (b.retired_at IS NOT NULL) <> $2 AS changed`,
          [name, retired],
        );
        if (rows[0] === undefined) return false;
        if (rows[0].changed)
          await audit(client, by, retired ? 'model.retire' : 'model.return', name);
        return true;
      }),
    remove: (name, by) => remove(pool, name, by),
    async unknownFeatures(modelId) {
      const { names } = await readUnknownNames(pool, modelId);
      return names.filter(({ known }) => !known);
    },
    async features(modelId, { limit, after }) {
      const { rows } = await pool.query<FeatureEntry>(
        `SELECT id, name, kind, role, tier, unit, retired_at AS "retiredAt" FROM feature
         WHERE model_id = $1 AND ($3::bigint IS NULL OR id > $3) ORDER BY id LIMIT $2`,
        [modelId, limit, after],
      );
      return rows;
    },
  };
}

async function rename(
  pool: Pool,
  name: string,
  to: string,
  by: Actor,
): Promise<'done' | 'taken' | 'missing'> {
  try {
    return await inTransaction(pool, async (client) => {
      const { rowCount } = await client.query('UPDATE model SET name = $2 WHERE name = $1', [
        name,
        to,
      ]);
      if (rowCount !== 1) return 'missing';
      // Tokens name the models they are for: what a token may do stays the same.
      await client.query(
        'UPDATE api_token SET models = array_replace(models, $1, $2) WHERE $1 = ANY(models)',
        [name, to],
      );
      await audit(client, by, 'model.rename', name, { to });
      return 'done';
    });
  } catch (thrown) {
    if (thrown instanceof Error && 'code' in thrown && thrown.code === UNIQUE_VIOLATION)
      return 'taken';
    throw thrown;
  }
}

function remove(pool: Pool, name: string, by: Actor): Promise<'done' | 'missing' | 'counting'> {
  return inTransaction(pool, async (client) => {
    const { rows } = await client.query<{ id: number }>(
      'SELECT id FROM model WHERE name = $1 FOR UPDATE',
      [name],
    );
    const [found] = rows;
    if (found === undefined) return 'missing';
    const { rows: counted } = await client.query<{ events: number; recent: boolean | null }>(
      `SELECT coalesce(sum(events), 0)::bigint AS events, bool_or(last_event_at > now() - interval '60 seconds') AS recent
       FROM model_progress WHERE model_id = $1`,
      [found.id],
    );
    if (counted[0]?.recent === true) return 'counting';
    // Tiles name their model without a foreign key, being partitioned.
    await client.query('DELETE FROM tile WHERE model_id = $1', [found.id]);
    // Evaluations refer to baselines without a cascade: a baseline that was judged by is never lost by itself.
    await client.query('DELETE FROM monitor WHERE model_id = $1', [found.id]);
    await client.query('DELETE FROM model WHERE id = $1', [found.id]);
    // Another model that gets the name later is not this one.
    await client.query(
      'UPDATE api_token SET models = array_remove(models, $1) WHERE $1 = ANY(models)',
      [name],
    );
    await audit(client, by, 'model.delete', name, { events: counted[0]?.events ?? 0 });
    return 'done';
  });
}
