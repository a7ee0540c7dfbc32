import type { DriftdConfig } from '../../config/types.ts';
import type { BaselineDesk } from '../../expose/api/baselines/desk.ts';
import type { Clock } from '../../platform/clock.ts';
import type { Log } from '../../platform/log.ts';
import { createBaselineStore } from '../../storage/postgres/baseline-store.ts';
import { createCatalogStore } from '../../storage/postgres/catalog-store.ts';
import { createEvaluationStore } from '../../storage/postgres/evaluation-store.ts';
import { openSchema } from '../../storage/postgres/schema/open-schema.ts';
import type { Access } from '../../storage/postgres/schema/open-schema.ts';
import { assertReachable, createPool } from '../../storage/postgres/pool.ts';
import type { Pool } from '../../storage/postgres/pool.ts';
import { readSchemaFacts } from '../../storage/postgres/status/server-facts.ts';
import { createTickStore } from '../../storage/postgres/tick-store.ts';
import { createTileReader } from '../../storage/postgres/tile-reader.ts';
import { replayTopic } from './replay/replay.ts';
import { readBaselineFile } from './reading/read-file.ts';
import { createBaselineDesk } from './service.ts';
import type { BaselineDeskDeps } from './service.ts';
import { sourceTopicsOf } from '../catalogue.ts';

export type { Access };
export type * from '../../expose/api/baselines/desk.ts';

interface DirectAccess {
  readonly log: Log;
  readonly clock: Clock;
  readonly access: Access;
  readonly withoutSchema?: () => void;
}

/**
 * Does one thing about baselines straight in the database, files read here.
 * @param access 'read': the work writes nothing, and neither does this
 * @param withoutSchema given: the work only checks a file, which a database without schema does not keep it from; told of that
 * @throws DriftdError DATABASE_UNREACHABLE | SCHEMA_TOO_NEW; to read also SCHEMA_MISSING | SCHEMA_TOO_OLD, and what the desk throws
 */
export async function withBaselineDesk<T>(
  config: DriftdConfig,
  { log, clock, access, withoutSchema }: DirectAccess,
  work: (desk: BaselineDesk) => Promise<T>,
): Promise<T> {
  const { url } = config.postgres;
  const pool = createPool({ url, max: 2, applicationName: 'driftd baseline', log });
  try {
    await assertReachable(pool, url);
    const bare = withoutSchema !== undefined && (await readSchemaFacts(pool)).version === 0;
    if (bare) withoutSchema();
    else await openSchema(pool, { url, access, log });
    const desk = createBaselineDesk({
      ...(bare ? nothingStored(pool) : storesOf(config, pool)),
      evaluations: createEvaluationStore(pool),
      ticks: createTickStore(pool),
      config,
      clock,
      read: readBaselineFile,
      replay: replayTopic(config, log),
    });
    return await work(desk);
  } finally {
    await pool.end();
  }
}

type Stores = Pick<BaselineDeskDeps, 'baselines' | 'catalog' | 'tiles'>;

function storesOf(config: DriftdConfig, pool: Pool): Stores {
  return {
    baselines: createBaselineStore(pool),
    catalog: createCatalogStore(pool),
    tiles: createTileReader(pool, () => sourceTopicsOf(config)),
  };
}

/** What checking a file asks, answered as by a database in which nothing is stored. */
function nothingStored(pool: Pool): Stores {
  const none = () => Promise.resolve(null);
  return {
    baselines: { ...createBaselineStore(pool), active: none, findSource: none },
    catalog: {
      ...createCatalogStore(pool),
      findModel: none,
      historyBinnings: () => Promise.resolve(new Map()),
      unknownNames: () => Promise.resolve({ names: [], events: 0, newest: null }),
    },
    tiles: {
      ...createTileReader(pool),
      watermark: () =>
        Promise.resolve({ time: null, maxEventTime: null, minEventTime: null, events: 0 }),
    },
  };
}
