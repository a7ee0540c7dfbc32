import { createHash } from 'node:crypto';
import { featureFromData, featureToData } from '../../../core/baseline/document/feature.ts';
import type { BaselineFeature } from '../../../core/baseline/types.ts';
import { encodeBinning } from '../../../core/histogram/coding/binning-text.ts';
import type { FeatureSaid } from '../../baseline-store.ts';
import type { Client, Pool } from '../pool.ts';

export const BASELINE_COLUMNS = `id, model_id AS "modelId", version, state, fingerprint, row_count AS rows, provenance,
  range_from AS "from", range_to AS "to", created_at AS "createdAt", activated_at AS "activatedAt",
  retired_at AS "retiredAt", activate_at AS "activateAt", warnings`;

interface FeatureRow {
  readonly segment: string;
  readonly featureId: number;
  readonly rank: number;
  readonly checksum: string | null;
  readonly document: unknown;
}

/**
 * A baseline's features by segment.
 * @throws Error when what is stored is not what was stored once
 */
export async function loadFeatures(
  pool: Pool,
  baselineId: number,
): Promise<Map<string, BaselineFeature[]>> {
  const { rows } = await pool.query<FeatureRow>(
    `SELECT segment, feature_id AS "featureId", rank, checksum, document FROM baseline_feature
     WHERE baseline_id = $1 ORDER BY segment, feature_id, rank`,
    [baselineId],
  );
  const segments = new Map<string, BaselineFeature[]>();
  for (const { segment, rank, checksum, document } of rows) {
    const feature = featureFromData(document, `stored baseline ${baselineId}`);
    if (checksum !== null && checksum !== checksumOf(textOf(feature))) {
      throw new Error(
        `the stored baseline ${baselineId} is damaged: ${feature.name} in ${segment} is not what was stored`,
      );
    }
    const features = segments.get(segment) ?? [];
    segments.set(segment, features);
    const own = features.at(-1);
    if (rank === 0 || own === undefined) features.push(feature);
    else features[features.length - 1] = { ...own, also: [...(own.also ?? []), feature] };
  }
  return segments;
}

/**
 * Stores one feature of a baseline on all its binnings. A live feature stays as it is; one that the model does not know
 * yet is not watched before a version with it is active.
 */
export async function addFeature(
  client: Client,
  of: { readonly id: number; readonly modelId: number },
  segment: string,
  feature: BaselineFeature,
  { tier, unit }: FeatureSaid,
): Promise<void> {
  await client.query(
    `INSERT INTO feature (model_id, name, kind, role, tier, unit, retired_at)
     VALUES ($1, $2, $3, $4, coalesce($5, 'standard'), $6,
       CASE WHEN EXISTS (SELECT 1 FROM baseline WHERE model_id = $1 AND state = 'active') THEN now() END)
     ON CONFLICT (model_id, name) DO NOTHING`,
    [of.modelId, feature.name, feature.kind, feature.role, tier ?? null, unit ?? null],
  );
  const featureRow = await client.query<{ id: number }>(
    'SELECT id FROM feature WHERE model_id = $1 AND name = $2',
    [of.modelId, feature.name],
  );
  const featureId = featureRow.rows[0]?.id as number;
  const { also, ...own } = feature;
  for (const [rank, counted] of [own, ...(also ?? [])].entries()) {
    const { binning } = counted.histogram;
    await client.query(
      'INSERT INTO binning (feature_id, fingerprint, definition) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING',
      [featureId, binning.id, encodeBinning(binning)],
    );
    const text = textOf(counted);
    await client.query(
      `INSERT INTO baseline_feature (baseline_id, segment, feature_id, rank, binning_id, document, checksum, tier, unit)
       VALUES ($1, $2, $3, $4, (SELECT id FROM binning WHERE feature_id = $3 AND fingerprint = $5), $6, $7, $8, $9)`,
      [
        of.id,
        segment,
        featureId,
        rank,
        binning.id,
        text,
        checksumOf(text),
        tier ?? null,
        unit ?? null,
      ],
    );
  }
}

/** The one text of a feature: what is read back and written again gives the same. */
function textOf(feature: BaselineFeature): string {
  return JSON.stringify(featureToData(feature, 'full'));
}

function checksumOf(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
