import { featureFromData, featureToData } from '../../core/baseline/document/feature.ts';
import type { Baseline, BaselineFeature } from '../../core/baseline/types.ts';
import { ALL_SEGMENT } from '../../core/domain/feature.ts';
import type { FeatureTier } from '../../core/domain/feature.ts';
import { encodeBinning } from '../../core/histogram/coding/binning-text.ts';
import type { BaselineRow, BaselineStore } from '../baseline-store.ts';
import { inTransaction } from './pool.ts';
import type { Client, Pool } from './pool.ts';

const COLUMNS = `id, model_id AS "modelId", version, state, fingerprint, row_count AS rows, provenance,
  created_at AS "createdAt", activated_at AS "activatedAt"`;

/** Baselines that are kept in memory: one a model, and those of models beyond this are read again. */
const MAX_LOADED = 32;

/** Baselines and their features. A stored baseline never changes but for its state. */
export function createBaselineStore(pool: Pool): BaselineStore {
  /** Of the active baselines, by id. What is stored of a baseline never changes. */
  const loaded = new Map<number, ReadonlyMap<string, readonly BaselineFeature[]>>();

  async function featuresOf(id: number): Promise<ReadonlyMap<string, readonly BaselineFeature[]>> {
    const known = loaded.get(id);
    if (known !== undefined) return known;
    const features = await loadFeatures(pool, id);
    if (loaded.size >= MAX_LOADED) loaded.delete(loaded.keys().next().value ?? -1);
    loaded.set(id, features);
    return features;
  }

  return {
    add: (baseline, tiers) => inTransaction(pool, (client) => add(client, baseline, tiers)),
    activate: (modelId, version) =>
      inTransaction(pool, (client) => activate(client, modelId, version)),
    async active(modelId) {
      const { rows } = await pool.query<
        BaselineRow & { from: number | null; to: number | null; model: string }
      >(
        `SELECT ${COLUMNS}, range_from AS "from", range_to AS "to",
           (SELECT name FROM model WHERE model.id = model_id) AS model
         FROM baseline WHERE model_id = $1 AND state = 'active'`,
        [modelId],
      );
      const found = rows[0];
      if (found === undefined) return null;
      const { model, from, to, ...row } = found;
      const segments = new Map(await featuresOf(row.id));
      const all = segments.get(ALL_SEGMENT) ?? [];
      segments.delete(ALL_SEGMENT);
      const { rows: count, fingerprint, provenance } = row;
      return {
        row,
        baseline: {
          model,
          rows: count,
          from,
          to,
          fingerprint,
          provenance,
          features: all,
          segments,
        },
      };
    },
    async list(modelId) {
      const { rows } = await pool.query<BaselineRow>(
        `SELECT ${COLUMNS} FROM baseline WHERE model_id = $1 ORDER BY version`,
        [modelId],
      );
      return rows;
    },
  };
}

async function loadFeatures(
  pool: Pool,
  baselineId: number,
): Promise<Map<string, BaselineFeature[]>> {
  const { rows } = await pool.query<{ segment: string; document: unknown }>(
    'SELECT segment, document FROM baseline_feature WHERE baseline_id = $1 ORDER BY segment, feature_id',
    [baselineId],
  );
  const segments = new Map<string, BaselineFeature[]>();
  for (const { segment, document } of rows) {
    const features = segments.get(segment) ?? [];
    features.push(featureFromData(document, `stored baseline ${baselineId}`));
    segments.set(segment, features);
  }
  return segments;
}

async function add(
  client: Client,
  baseline: Baseline,
  tiers: ReadonlyMap<string, FeatureTier>,
): Promise<BaselineRow> {
  // The model's row is the lock under which versions are numbered.
  await client.query('INSERT INTO model (name) VALUES ($1) ON CONFLICT DO NOTHING', [
    baseline.model,
  ]);
  const model = await client.query<{ id: number }>(
    'SELECT id FROM model WHERE name = $1 FOR UPDATE',
    [baseline.model],
  );
  const modelId = model.rows[0]?.id as number;
  const known = await client.query<BaselineRow>(
    `SELECT ${COLUMNS} FROM baseline WHERE model_id = $1 AND fingerprint = $2`,
    [modelId, baseline.fingerprint],
  );
  if (known.rows[0] !== undefined) return known.rows[0];
  const iso = (time: number | null): string | null =>
    time === null ? null : new Date(time).toISOString();
  const { rows } = await client.query<BaselineRow>(
    `INSERT INTO baseline (model_id, version, state, fingerprint, row_count, range_from, range_to, provenance)
     VALUES ($1, 1 + coalesce((SELECT max(version) FROM baseline WHERE model_id = $1), 0), 'candidate', $2, $3, $4, $5, $6)
     RETURNING ${COLUMNS}`,
    [
      modelId,
      baseline.fingerprint,
      baseline.rows,
      iso(baseline.from),
      iso(baseline.to),
      baseline.provenance,
    ],
  );
  const row = rows[0] as BaselineRow;
  for (const feature of baseline.features) {
    await addFeature(client, row, ALL_SEGMENT, feature, tiers.get(feature.name) ?? 'standard');
  }
  for (const [segment, features] of baseline.segments) {
    for (const feature of features) {
      await addFeature(client, row, segment, feature, tiers.get(feature.name) ?? 'standard');
    }
  }
  return row;
}

async function addFeature(
  client: Client,
  row: BaselineRow,
  segment: string,
  feature: BaselineFeature,
  tier: FeatureTier,
): Promise<void> {
  const featureRow = await client.query<{ id: number }>(
    `INSERT INTO feature (model_id, name, kind, role, tier) VALUES ($1, $2, $3, $4, $5)
     ON CONFLICT (model_id, name) DO UPDATE SET kind = excluded.kind, role = excluded.role, tier = excluded.tier, retired_at = NULL
     RETURNING id`,
    [row.modelId, feature.name, feature.kind, feature.role, tier],
  );
  const featureId = featureRow.rows[0]?.id as number;
  const { binning } = feature.histogram;
  await client.query(
    'INSERT INTO binning (feature_id, fingerprint, definition) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING',
    [featureId, binning.id, encodeBinning(binning)],
  );
  await client.query(
    `INSERT INTO baseline_feature (baseline_id, segment, feature_id, binning_id, document)
     VALUES ($1, $2, $3, (SELECT id FROM binning WHERE feature_id = $3 AND fingerprint = $4), $5)`,
    [row.id, segment, featureId, binning.id, JSON.stringify(featureToData(feature, 'full'))],
  );
}

async function activate(client: Client, modelId: number, version: number): Promise<BaselineRow> {
  await client.query('SELECT id FROM model WHERE id = $1 FOR UPDATE', [modelId]);
  await client.query(
    `UPDATE baseline SET state = 'retired', retired_at = now() WHERE model_id = $1 AND state = 'active' AND version <> $2`,
    [modelId, version],
  );
  const { rows } = await client.query<BaselineRow>(
    `UPDATE baseline SET state = 'active', activated_at = coalesce(CASE WHEN state = 'active' THEN activated_at END, now()), retired_at = NULL
     WHERE model_id = $1 AND version = $2 RETURNING ${COLUMNS}`,
    [modelId, version],
  );
  const row = rows[0];
  if (row === undefined) throw new Error(`the model has no baseline of version ${version}`);
  return row;
}
