import type { DriftdConfig } from '../../config/types.ts';
import { checkAgainstStream } from '../../core/baseline/checks/against-stream.ts';
import { createBaselineStore } from '../../storage/postgres/baseline-store.ts';
import { createCatalogStore } from '../../storage/postgres/catalog-store.ts';
import type { Pool } from '../../storage/postgres/pool.ts';
import { createTileReader } from '../../storage/postgres/tile-reader.ts';
import { streamFeatures } from '../baselines/stream.ts';
import { sourceTopicsOf } from '../catalogue.ts';
import { warning } from './finding.ts';
import type { Finding } from './finding.ts';

const MAX_TOLD = 10;
const WAY_OUT =
  'models[].features with tier: ignore leaves a feature out; else correct the producer';

/**
 * Features of active baselines that no event of the last day has brought. Whoever uploads a version is told the same; of a first
 * version nobody could know.
 */
export async function streamFindings(config: DriftdConfig, pool: Pool): Promise<Finding[]> {
  const catalog = createCatalogStore(pool);
  const baselines = createBaselineStore(pool);
  const tiles = createTileReader(pool, () => sourceTopicsOf(config));
  const findings: Finding[] = [];
  for (const { name: model, attributes } of config.models) {
    const row = await catalog.findModel(model);
    const active = row === null ? null : await baselines.active(row.id);
    if (row === null || active === null) continue;
    const stream = await streamFeatures({ catalog, tiles }, row.id);
    // The other findings come and go, and alerts tell of them.
    const lacking = checkAgainstStream(active.baseline, stream, attributes).filter(
      ({ check }) => check === 'stream-lacks',
    );
    for (const { text } of lacking.slice(0, MAX_TOLD))
      findings.push(warning(`model ${model}`, text, WAY_OUT));
    if (lacking.length > MAX_TOLD) {
      const more = `${lacking.length - MAX_TOLD} more features are in none of them`;
      findings.push(warning(`model ${model}`, more, WAY_OUT));
    }
  }
  return findings;
}
