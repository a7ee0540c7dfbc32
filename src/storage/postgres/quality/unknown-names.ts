import { MAX_UNKNOWN_NAMES } from '../../../core/quality/unknown-names.ts';
import type { UnknownNames } from '../../../core/quality/unknown-names.ts';
import { toError } from '../../../platform/errors.ts';
import type { UnknownNameWrite } from '../../ingest-store.ts';
import type { Client, Pool } from '../pool.ts';

const iso = (time: number): string => new Date(time).toISOString();

/**
 * Keeps names of features that nobody counts, the last seen of a model. Behind the transaction of a checkpoint, so that they
 * can not fail it: what is lost here comes again with the next events.
 * @param names by model and name, in the same order from everybody: two writers never wait for each other in a circle
 * @returns why it was not done; null: it was
 */
export async function keepUnknownNames(
  client: Client,
  names: readonly UnknownNameWrite[],
): Promise<Error | null> {
  if (names.length === 0) return null;
  try {
    await client.query(
      `INSERT INTO unknown_feature AS known (model_id, name, first_seen, last_seen)
       SELECT model_id, name, first_seen, last_seen
       FROM unnest($1::int[], $2::text[], $3::timestamptz[], $4::timestamptz[]) WITH ORDINALITY
         AS n (model_id, name, first_seen, last_seen, at)
       WHERE EXISTS (SELECT FROM model WHERE id = n.model_id) ORDER BY at
       ON CONFLICT (model_id, name) DO UPDATE SET first_seen = least(known.first_seen, excluded.first_seen),
         last_seen = greatest(known.last_seen, excluded.last_seen)
         WHERE excluded.first_seen < known.first_seen OR excluded.last_seen > known.last_seen`,
      [
        names.map(({ modelId }) => modelId),
        names.map(({ name }) => name),
        names.map(({ firstSeen }) => iso(firstSeen)),
        names.map(({ lastSeen }) => iso(lastSeen)),
      ],
    );
    // Whoever has one of them in hand keeps it: nobody waits here, and the next look takes it.
    await client.query(
      `DELETE FROM unknown_feature WHERE (model_id, name) IN (
         SELECT model_id, name FROM unknown_feature WHERE (model_id, name) IN (
           SELECT model_id, name FROM (
             SELECT model_id, name, row_number() OVER
               (PARTITION BY model_id ORDER BY last_seen DESC, first_seen, name COLLATE "C") AS rank
             FROM unknown_feature WHERE model_id = ANY($1)) AS ranked
           WHERE rank > $2)
         FOR UPDATE SKIP LOCKED)`,
      [[...new Set(names.map(({ modelId }) => modelId))], MAX_UNKNOWN_NAMES],
    );
    return null;
  } catch (thrown) {
    return toError(thrown);
  }
}

/** See `CatalogStore.unknownNames`. */
export async function readUnknownNames(pool: Pool, modelId: number): Promise<UnknownNames> {
  const { rows: counted } = await pool.query<{ events: number; newest: number | null }>(
    `SELECT coalesce(sum(events), 0)::bigint AS events, max(max_event_time) AS newest
     FROM model_progress WHERE model_id = $1`,
    [modelId],
  );
  const { rows: names } = await pool.query<UnknownNames['names'][number]>(
    `SELECT name, first_seen AS "firstSeen", last_seen AS "lastSeen",
       EXISTS (SELECT FROM feature f WHERE f.model_id = u.model_id AND f.retired_at IS NULL
               AND (f.name = u.name OR (f.role = u.name AND f.role <> 'input')))
       OR EXISTS (SELECT FROM feature_declaration d
                  WHERE d.model_id = u.model_id AND d.name = u.name AND d.tier = 'ignore') AS known
     FROM unknown_feature u WHERE model_id = $1
     ORDER BY last_seen DESC, name COLLATE "C" LIMIT $2`,
    [modelId, MAX_UNKNOWN_NAMES],
  );
  return { names, events: counted[0]?.events ?? 0, newest: counted[0]?.newest ?? null };
}
