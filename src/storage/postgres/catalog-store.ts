import { ALL_SEGMENT } from '../../core/domain/feature.ts';
import type { Feature } from '../../core/domain/feature.ts';
import { decodeBinning } from '../../core/histogram/coding/binning-text.ts';
import { OTHER_VALUES } from '../../core/histogram/segment-name.ts';
import type { Binning } from '../../core/histogram/types.ts';
import type {
  BinningSet,
  CatalogStore,
  CountingPlan,
  FeatureDeclaration,
  ModelRow,
} from '../catalog-store.ts';
import { lockModel, rollbackTarget } from './baselines/lifecycle.ts';
import { refreshFeatures } from './baselines/live-features.ts';
import { inTransaction } from './pool.ts';
import type { Pool } from './pool.ts';
import { readUnknownNames } from './quality/unknown-names.ts';

/** How far back counts are kept comparable with versions to come, and with the version before the active one. */
const HISTORY = '31 days';
/** In place of the feature of a binning that is counted no longer. */
const NO_FEATURE = -1;
/** Features a tile row packs. */
const SET_SIZE = 32;

/** One of these locks, a model each, for whoever makes a segment; the number only has to be ours. */
const SEGMENT_LOCKS = 0x7365676d;

const FEATURE_COLUMNS = 'id, name, kind, role, tier, unit';

/** Dictionaries of models, features, segments and binnings. */
export function createCatalogStore(pool: Pool): CatalogStore {
  const binnings = new Map<number, Binning>();

  async function loadBinnings(ids: readonly number[]): Promise<void> {
    const missing = ids.filter((id) => !binnings.has(id));
    if (missing.length === 0) return;
    const { rows } = await pool.query<{ id: number; definition: string }>(
      'SELECT id, definition FROM binning WHERE id = ANY($1)',
      [missing],
    );
    for (const { id, definition } of rows) binnings.set(id, decodeBinning(definition));
  }

  async function setsOf(where: string, parameter: unknown): Promise<BinningSet[]> {
    const { rows } = await pool.query<{ id: number; binning_ids: number[]; feature_ids: number[] }>(
      `SELECT s.id, s.binning_ids,
         ARRAY(SELECT b.feature_id FROM unnest(s.binning_ids) WITH ORDINALITY AS u (id, at)
               JOIN binning b ON b.id = u.id ORDER BY u.at) AS feature_ids
       FROM binning_set s WHERE ${where} ORDER BY s.id`,
      [parameter],
    );
    await loadBinnings(rows.flatMap((row) => row.binning_ids));
    return rows.map((row) => ({
      id: row.id,
      entries: row.binning_ids.map((binningId, i) => ({
        featureId: row.feature_ids[i] as number,
        binning: binnings.get(binningId) as Binning,
      })),
    }));
  }

  async function featuresWhere(where: string, parameters: readonly unknown[]): Promise<Feature[]> {
    const { rows } = await pool.query<Feature>(
      `SELECT ${FEATURE_COLUMNS} FROM feature WHERE model_id = $1 AND ${where} ORDER BY id`,
      [...parameters],
    );
    return rows;
  }

  /**
   * Binnings that events are counted under: the active baseline's, those that candidates bring along, and for a while
   * those of the version that a rollback would bring back, so that it finds its history whole.
   */
  async function countedBinnings(modelId: number): Promise<number[]> {
    const { rows } = await pool.query<{ binning_id: number }>(
      `SELECT DISTINCT f.binning_id FROM baseline_feature f JOIN baseline b ON b.id = f.baseline_id
       WHERE b.model_id = $1 AND f.segment = 'all'
         AND (b.state IN ('active', 'candidate') OR (b.version = $2 AND b.retired_at > now() - $3::interval))
       ORDER BY 1`,
      [modelId, await rollbackTarget(pool, modelId), HISTORY],
    );
    return rows.map((row) => row.binning_id);
  }

  /** Packs binnings that no set of the model holds yet, and answers the sets that hold the wanted ones. */
  async function ensureSets(modelId: number, wanted: readonly number[]): Promise<BinningSet[]> {
    const { rows } = await pool.query<{ id: number; binning_ids: number[] }>(
      'SELECT id, binning_ids FROM binning_set WHERE model_id = $1 ORDER BY id',
      [modelId],
    );
    const held = new Set(rows.flatMap((row) => row.binning_ids));
    const fresh = wanted.filter((id) => !held.has(id));
    for (let i = 0; i < fresh.length; i += SET_SIZE) {
      await pool.query(
        'INSERT INTO binning_set (model_id, binning_ids) VALUES ($1, $2) ON CONFLICT DO NOTHING',
        [modelId, fresh.slice(i, i + SET_SIZE)],
      );
    }
    const sets = await setsOf('s.model_id = $1', modelId);
    const counted = new Set(wanted.map((id) => binnings.get(id)));
    return sets
      .filter(({ entries }) => entries.some(({ binning }) => counted.has(binning)))
      .map(({ id, entries }) => ({
        id,
        // What is wanted no longer keeps its place in the blob, empty.
        entries: entries.map((entry) =>
          counted.has(entry.binning) ? entry : { ...entry, featureId: NO_FEATURE },
        ),
      }));
  }

  return {
    async ensureModel(name) {
      await pool.query('INSERT INTO model (name) VALUES ($1) ON CONFLICT DO NOTHING', [name]);
      return (await findModel(pool, name)) as ModelRow;
    },
    findModel: (name) => findModel(pool, name),
    declareFeatures: (modelId, declared) => declareFeatures(pool, modelId, declared),
    features: (modelId) => featuresWhere('retired_at IS NULL', [modelId]),
    allFeatures: (modelId) => featuresWhere('true', [modelId]),
    async ensureSegment(modelId, name) {
      await pool.query(
        'INSERT INTO segment (model_id, name) VALUES ($1, $2) ON CONFLICT DO NOTHING',
        [modelId, name],
      );
      const { rows } = await pool.query<{ id: number }>(
        'SELECT id FROM segment WHERE model_id = $1 AND name = $2',
        [modelId, name],
      );
      return rows[0]?.id as number;
    },
    ensureValueSegment: (modelId, name, limit) => ensureValueSegment(pool, modelId, name, limit),
    async segments(modelId) {
      const { rows } = await pool.query<{ id: number; name: string }>(
        'SELECT id, name FROM segment WHERE model_id = $1 ORDER BY id',
        [modelId],
      );
      return new Map(rows.map((row) => [row.name, row.id]));
    },
    unknownNames: (modelId) => readUnknownNames(pool, modelId),
    async countingPlan(modelId): Promise<CountingPlan | null> {
      const wanted = await countedBinnings(modelId);
      if (wanted.length === 0) return null;
      const { rows } = await pool.query<ModelRow>('SELECT id, name FROM model WHERE id = $1', [
        modelId,
      ]);
      return {
        model: rows[0] as ModelRow,
        features: await featuresWhere(
          '(retired_at IS NULL OR id IN (SELECT feature_id FROM binning WHERE id = ANY($2)))',
          [modelId, wanted],
        ),
        sets: await ensureSets(modelId, wanted),
        ignored: await ignoredNames(pool, modelId),
      };
    },
    async historyBinnings(modelId) {
      const { rows } = await pool.query<{ id: number; name: string }>(
        `WITH recent AS (
           SELECT binning_set_id, max(start) AS last FROM tile
           WHERE model_id = $1
             AND start >= (SELECT max(max_event_time) FROM model_progress WHERE model_id = $1) - $3::interval
           GROUP BY binning_set_id)
         SELECT b.id, f.name FROM recent r JOIN binning_set s ON s.id = r.binning_set_id
         CROSS JOIN LATERAL unnest(s.binning_ids) AS u (id)
         JOIN binning b ON b.id = u.id JOIN feature f ON f.id = b.feature_id
         JOIN baseline_feature bf ON bf.binning_id = b.id AND bf.segment = 'all'
         JOIN baseline v ON v.id = bf.baseline_id AND v.activated_at IS NOT NULL
         GROUP BY b.id, f.name
         ORDER BY bool_or(v.version = $2) DESC, max(r.last) DESC, max(v.version) DESC`,
        [modelId, (await rollbackTarget(pool, modelId)) ?? 0, HISTORY],
      );
      await loadBinnings(rows.map(({ id }) => id));
      const byFeature = Map.groupBy(rows, ({ name }) => name);
      return new Map(
        [...byFeature].map(([name, of]) => [name, of.map(({ id }) => binnings.get(id) as Binning)]),
      );
    },
    async binningSets(ids) {
      const sets = await setsOf('s.id = ANY($1)', ids);
      return new Map(sets.map((set) => [set.id, set]));
    },
  };
}

async function ensureValueSegment(
  pool: Pool,
  modelId: number,
  name: string,
  limit: number,
): Promise<number | null> {
  return inTransaction(pool, async (client) => {
    await client.query('SELECT pg_advisory_xact_lock($1, $2)', [SEGMENT_LOCKS, modelId]);
    await client.query(
      `INSERT INTO segment (model_id, name) SELECT $1, $2
       WHERE (SELECT count(*) FROM segment
              WHERE model_id = $1 AND name <> $4 AND right(name, length($5)) <> $5) < $3
       ON CONFLICT DO NOTHING`,
      [modelId, name, limit, ALL_SEGMENT, OTHER_VALUES],
    );
    const { rows } = await client.query<{ id: number }>(
      'SELECT id FROM segment WHERE model_id = $1 AND name = $2',
      [modelId, name],
    );
    return rows[0]?.id ?? null;
  });
}

async function findModel(pool: Pool, name: string): Promise<ModelRow | null> {
  const { rows } = await pool.query<ModelRow>('SELECT id, name FROM model WHERE name = $1', [name]);
  return rows[0] ?? null;
}

async function ignoredNames(pool: Pool, modelId: number): Promise<string[]> {
  const { rows } = await pool.query<{ name: string }>(
    `SELECT name FROM feature_declaration WHERE model_id = $1 AND tier = 'ignore' ORDER BY name`,
    [modelId],
  );
  return rows.map(({ name }) => name);
}

/** Every process with the configuration says it at its start: only a difference is written. */
function declareFeatures(
  pool: Pool,
  modelId: number,
  declared: readonly FeatureDeclaration[],
): Promise<void> {
  const columns = [
    declared.map(({ name }) => name),
    declared.map(({ role }) => role),
    declared.map(({ tier }) => tier),
    declared.map(({ unit }) => unit),
  ];
  return inTransaction(pool, async (client) => {
    await lockModel(client, modelId);
    await client.query(
      'DELETE FROM feature_declaration WHERE model_id = $1 AND name <> ALL($2::text[])',
      [modelId, columns[0]],
    );
    await client.query(
      `INSERT INTO feature_declaration AS before (model_id, name, role, tier, unit)
       SELECT $1, d.* FROM unnest($2::text[], $3::text[], $4::text[], $5::text[]) AS d
       ON CONFLICT (model_id, name) DO UPDATE SET role = excluded.role, tier = excluded.tier, unit = excluded.unit
         WHERE (before.role, before.tier, before.unit) IS DISTINCT FROM (excluded.role, excluded.tier, excluded.unit)`,
      [modelId, ...columns],
    );
    await refreshFeatures(client, modelId);
  });
}
