import type { Client } from '../pool.ts';

/**
 * Brings the model's features in line with its active version and the declarations: kind as the version has it, role,
 * tier and unit as declared, else as the version has them. Features that the version lacks retire, and come back with a version
 * that has them. While nothing is active yet, candidates' features take their declarations only.
 */
export async function refreshFeatures(client: Client, modelId: number): Promise<void> {
  await client.query(
    `UPDATE feature f SET kind = w.kind, role = w.role, tier = w.tier, unit = w.unit, retired_at = NULL
     FROM (SELECT bf.feature_id, bf.document->>'kind' AS kind, coalesce(d.role, bf.document->>'role') AS role,
                  coalesce(d.tier, bf.tier, 'standard') AS tier, coalesce(d.unit, bf.unit) AS unit
             FROM baseline b JOIN baseline_feature bf ON bf.baseline_id = b.id AND bf.segment = 'all' AND bf.rank = 0
             JOIN feature n ON n.id = bf.feature_id
             LEFT JOIN feature_declaration d ON d.model_id = b.model_id AND d.name = n.name
            WHERE b.model_id = $1 AND b.state = 'active') w
     WHERE f.id = w.feature_id
       AND (f.kind, f.role, f.tier, f.unit, f.retired_at)
           IS DISTINCT FROM (w.kind, w.role, w.tier, w.unit, NULL::timestamptz)`,
    [modelId],
  );
  await client.query(
    `UPDATE feature f SET retired_at = now()
     WHERE f.model_id = $1 AND f.retired_at IS NULL
       AND EXISTS (SELECT 1 FROM baseline WHERE model_id = $1 AND state = 'active')
       AND NOT EXISTS (SELECT 1 FROM baseline b JOIN baseline_feature bf ON bf.baseline_id = b.id AND bf.segment = 'all'
                        WHERE b.model_id = $1 AND b.state = 'active' AND bf.feature_id = f.id)`,
    [modelId],
  );
  await client.query(
    `UPDATE feature f SET role = coalesce(d.role, f.role), tier = coalesce(d.tier, f.tier),
       unit = coalesce(d.unit, f.unit)
     FROM feature_declaration d
     WHERE f.model_id = $1 AND d.model_id = $1 AND d.name = f.name
       AND NOT EXISTS (SELECT 1 FROM baseline WHERE model_id = $1 AND state = 'active')`,
    [modelId],
  );
}
