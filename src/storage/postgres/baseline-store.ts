import type { Baseline, BaselineFeature } from '../../core/baseline/types.ts';
import { ALL_SEGMENT } from '../../core/domain/feature.ts';
import { DriftdError } from '../../platform/errors.ts';
import type {
  AddedBaseline,
  BaselineEvent,
  BaselineOrigin,
  BaselineRow,
  BaselineStore,
  FeatureSaid,
  StoredBaseline,
} from '../baseline-store.ts';
import { activate, activateDue, discard, note, rollback, schedule } from './baselines/lifecycle.ts';
import { refreshFeatures } from './baselines/live-features.ts';
import { BASELINE_COLUMNS, addFeature, loadFeatures } from './baselines/rows.ts';
import { inTransaction } from './pool.ts';
import type { Client, Pool } from './pool.ts';

/** Baselines that are kept in memory: one a model, and those of models beyond this are read again. */
const MAX_LOADED = 32;

/** Of one model: events are counted under the binnings of each. */
const MAX_CANDIDATES = 10;

const BY_DRIFTD: BaselineOrigin = {
  actor: 'driftd',
  reason: '',
  sourceFingerprint: null,
  warnings: [],
};

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

  async function read(where: string, parameters: readonly unknown[]): Promise<BaselineRow | null> {
    const { rows } = await pool.query<BaselineRow>(
      `SELECT ${BASELINE_COLUMNS} FROM baseline WHERE ${where}`,
      [...parameters],
    );
    return rows[0] ?? null;
  }

  async function whole(row: BaselineRow | null): Promise<StoredBaseline | null> {
    if (row === null) return null;
    const { rows } = await pool.query<{ name: string }>('SELECT name FROM model WHERE id = $1', [
      row.modelId,
    ]);
    const segments = new Map(await featuresOf(row.id));
    const features = segments.get(ALL_SEGMENT) ?? [];
    segments.delete(ALL_SEGMENT);
    const { rows: count, from, to, fingerprint, provenance } = row;
    const model = rows[0]?.name ?? '';
    return {
      row,
      baseline: { model, rows: count, from, to, fingerprint, provenance, features, segments },
    };
  }

  return {
    add: (baseline, said, origin = BY_DRIFTD) =>
      inTransaction(pool, (client) => add(client, baseline, said, origin)),
    activate: (modelId, version, change = BY_DRIFTD) => activate(pool, modelId, version, change),
    rollback: (modelId, change) => rollback(pool, modelId, change),
    schedule: (modelId, version, at, change) => schedule(pool, modelId, version, at, change),
    discard: (modelId, version, change) => discard(pool, modelId, version, change),
    activateDue: () => activateDue(pool),
    active: async (modelId) => whole(await read(`model_id = $1 AND state = 'active'`, [modelId])),
    find: async (modelId, version) =>
      whole(await read('model_id = $1 AND version = $2', [modelId, version])),
    findSource: (modelId, fingerprint) =>
      read('model_id = $1 AND source_fingerprint = $2', [modelId, fingerprint]),
    async list(modelId) {
      const { rows } = await pool.query<BaselineRow>(
        `SELECT ${BASELINE_COLUMNS} FROM baseline WHERE model_id = $1 ORDER BY version`,
        [modelId],
      );
      return rows;
    },
    async events(modelId) {
      const { rows } = await pool.query<BaselineEvent>(
        `SELECT version, action, actor, reason, happened_at AS "happenedAt" FROM baseline_event
         WHERE model_id = $1 ORDER BY id`,
        [modelId],
      );
      return rows;
    },
  };
}

async function add(
  client: Client,
  baseline: Baseline,
  said: ReadonlyMap<string, FeatureSaid>,
  origin: BaselineOrigin,
): Promise<AddedBaseline> {
  await client.query('INSERT INTO model (name) VALUES ($1) ON CONFLICT DO NOTHING', [
    baseline.model,
  ]);
  const model = await client.query<{ id: number }>(
    'SELECT id FROM model WHERE name = $1 FOR NO KEY UPDATE',
    [baseline.model],
  );
  const modelId = model.rows[0]?.id as number;
  const known = await client.query<BaselineRow>(
    `SELECT ${BASELINE_COLUMNS} FROM baseline
     WHERE model_id = $1 AND (fingerprint = $2 OR source_fingerprint = $3) ORDER BY version LIMIT 1`,
    [modelId, baseline.fingerprint, origin.sourceFingerprint],
  );
  if (known.rows[0] !== undefined) return { ...known.rows[0], added: false };
  const open = await client.query(
    `SELECT 1 FROM baseline WHERE model_id = $1 AND state = 'candidate'`,
    [modelId],
  );
  if ((open.rowCount ?? 0) >= MAX_CANDIDATES) throw tooMany(baseline.model);
  const iso = (time: number | null): string | null =>
    time === null ? null : new Date(time).toISOString();
  const { rows } = await client.query<BaselineRow>(
    `INSERT INTO baseline (model_id, version, state, fingerprint, row_count, range_from, range_to, provenance,
       source_fingerprint, warnings)
     VALUES ($1, 1 + coalesce((SELECT max(version) FROM baseline WHERE model_id = $1), 0), 'candidate',
       $2, $3, $4, $5, $6, $7, $8)
     RETURNING ${BASELINE_COLUMNS}`,
    [
      modelId,
      baseline.fingerprint,
      baseline.rows,
      iso(baseline.from),
      iso(baseline.to),
      baseline.provenance,
      origin.sourceFingerprint,
      JSON.stringify(origin.warnings),
    ],
  );
  const row = rows[0] as BaselineRow;
  for (const [segment, features] of [
    [ALL_SEGMENT, baseline.features],
    ...baseline.segments,
  ] as const) {
    for (const feature of features) {
      await addFeature(client, row, segment, feature, said.get(feature.name) ?? {});
    }
  }
  await refreshFeatures(client, modelId);
  await note(client, modelId, row.version, 'added', origin);
  return { ...row, added: true };
}

function tooMany(model: string): DriftdError {
  return new DriftdError(
    'BASELINE_INVALID',
    `the model ${model} has ${MAX_CANDIDATES} candidates, and events are counted for each: activate one, or discard some ("driftd baseline discard")`,
  );
}
