import { keepTiles } from '../../accumulate/keep-tiles.ts';
import type { DriftdConfig } from '../../config/types.ts';
import { toError } from '../../platform/errors.ts';
import type { Log } from '../../platform/log.ts';
import { repeat } from '../../platform/repeat.ts';
import type { CatalogStore } from '../../storage/catalog-store.ts';
import { createTileKeeper } from '../../storage/postgres/tiles/tile-keeper.ts';
import { createTileReader } from '../../storage/postgres/tile-reader.ts';
import type { Pool } from '../../storage/postgres/pool.ts';
import { sourceTopicsOf } from '../catalogue.ts';

/** Tiles are looked after this often; one of all processes on a database does it. */
const EVERY_MS = 60_000;

/** Seals, rolls up and forgets tiles beside everything else. @returns ends it, after the pass that is under way */
export function startKeepingTiles(
  config: Pick<DriftdConfig, 'models' | 'retention' | 'kafka' | 'replay' | 'httpSource'>,
  parts: { readonly pool: Pool; readonly catalog: CatalogStore; readonly log: Log },
  everyMs: number = EVERY_MS,
): () => Promise<void> {
  const { pool, catalog, log } = parts;
  const keeper = createTileKeeper(pool);
  const tiles = createTileReader(pool, () => sourceTopicsOf(config));

  async function pass(): Promise<void> {
    try {
      const models = [];
      for (const { name, allowedLatenessMs } of config.models) {
        const model = await catalog.findModel(name);
        if (model !== null) models.push({ id: model.id, allowedLatenessMs });
      }
      const kept = await keepTiles({ keeper, tiles, catalog, retention: config.retention }, models);
      if (kept === null) return;
      const { failed, ...done } = kept;
      for (const { what, error } of failed)
        log.warn({ what, err: error }, 'tiles could not be looked after');
      if (Object.values(done).some((count) => count > 0))
        log.info(done, 'tiles rolled up and forgotten');
    } catch (thrown) {
      log.warn({ err: toError(thrown) }, 'tiles could not be looked after');
    }
  }
  return repeat(pass, everyMs);
}
