import type { Feature, FeatureTier } from '../../core/domain/feature.ts';
import { decodeBinning } from '../../core/histogram/coding/binning-text.ts';
import type { Binning } from '../../core/histogram/types.ts';
import type { BinningSet, CatalogStore, CountingPlan, ModelRow } from '../catalog-store.ts';
import type { Pool } from './pool.ts';

/** Features a tile row packs. */
const SET_SIZE = 32;

const FEATURE_COLUMNS = 'id, name, kind, role, tier';

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

  async function features(modelId: number): Promise<Feature[]> {
    const { rows } = await pool.query<Feature>(
      `SELECT ${FEATURE_COLUMNS} FROM feature WHERE model_id = $1 AND retired_at IS NULL ORDER BY id`,
      [modelId],
    );
    return rows;
  }

  /** Binnings that events are counted under: the active baseline's, and those that candidates bring along. */
  async function countedBinnings(modelId: number): Promise<number[]> {
    const { rows } = await pool.query<{ binning_id: number }>(
      `SELECT DISTINCT f.binning_id FROM baseline_feature f JOIN baseline b ON b.id = f.baseline_id
       WHERE b.model_id = $1 AND b.state IN ('active', 'candidate') AND f.segment = 'all' ORDER BY 1`,
      [modelId],
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
    const ids = new Map<Binning, number>([...binnings].map(([id, binning]) => [binning, id]));
    return sets.filter((set) =>
      set.entries.some(({ binning }) => wanted.includes(ids.get(binning) as number)),
    );
  }

  return {
    async ensureModel(name) {
      await pool.query('INSERT INTO model (name) VALUES ($1) ON CONFLICT DO NOTHING', [name]);
      return (await findModel(pool, name)) as ModelRow;
    },
    findModel: (name) => findModel(pool, name),
    declareTiers: (modelId, tiers) => declareTiers(pool, modelId, tiers),
    features,
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
    async segments(modelId) {
      const { rows } = await pool.query<{ id: number; name: string }>(
        'SELECT id, name FROM segment WHERE model_id = $1 ORDER BY id',
        [modelId],
      );
      return new Map(rows.map((row) => [row.name, row.id]));
    },
    async countingPlan(modelId): Promise<CountingPlan | null> {
      const wanted = await countedBinnings(modelId);
      if (wanted.length === 0) return null;
      const { rows } = await pool.query<ModelRow>('SELECT id, name FROM model WHERE id = $1', [
        modelId,
      ]);
      return {
        model: rows[0] as ModelRow,
        features: await features(modelId),
        sets: await ensureSets(modelId, wanted),
      };
    },
    async binningSets(ids) {
      const sets = await setsOf('s.id = ANY($1)', ids);
      return new Map(sets.map((set) => [set.id, set]));
    },
  };
}

async function findModel(pool: Pool, name: string): Promise<ModelRow | null> {
  const { rows } = await pool.query<ModelRow>('SELECT id, name FROM model WHERE name = $1', [name]);
  return rows[0] ?? null;
}

async function declareTiers(
  pool: Pool,
  modelId: number,
  tiers: ReadonlyMap<string, FeatureTier>,
): Promise<void> {
  await pool.query(
    `UPDATE feature f SET tier = coalesce(d.tier, 'standard')
       FROM feature o LEFT JOIN unnest($2::text[], $3::text[]) AS d (name, tier) USING (name)
      WHERE f.id = o.id AND o.model_id = $1 AND f.tier <> coalesce(d.tier, 'standard')`,
    [modelId, [...tiers.keys()], [...tiers.values()]],
  );
}
