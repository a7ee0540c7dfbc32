import { createHash, timingSafeEqual } from 'node:crypto';

import type { DriftdConfig } from '../../config/types.ts';
import type { ApiDeps } from '../../expose/api/deps.ts';
import { registerApi } from '../../expose/api/register.ts';
import type { RouteGroup } from '../../expose/api/register.ts';
import type { HttpDeps } from '../../expose/http/deps.ts';
import type { Clock } from '../../platform/clock.ts';
import type { Log } from '../../platform/log.ts';
import { createDirectory } from '../../storage/postgres/api/directory.ts';
import { createHistogramSource } from '../../storage/postgres/api/histogram-source.ts';
import { createHistoryReader } from '../../storage/postgres/api/history-reader.ts';
import { createTokenStore } from '../../storage/postgres/api/token-store.ts';
import { createBaselineStore } from '../../storage/postgres/baseline-store.ts';
import { createCatalogStore } from '../../storage/postgres/catalog-store.ts';
import type { Pool } from '../../storage/postgres/pool.ts';
import { assertToken } from './listener-guard.ts';

/** Of one token. */
const REQUESTS_PER_SECOND = 100;

interface ApiParts {
  readonly config: DriftdConfig;
  readonly pool: Pool;
  readonly version: string;
  readonly clock: Clock;
  readonly log: Log;
  readonly groups: readonly RouteGroup[];
}

/**
 * The API over this database, to be added to the HTTP server before it listens.
 * @throws DriftdError LISTEN_UNSAFE (when it is added)
 */
export function apiOf({ config, pool, ...rest }: ApiParts): NonNullable<HttpDeps['extend']> {
  const tokens = createTokenStore(pool);
  const deps: ApiDeps = {
    auth: config.http.auth,
    isConfiguredToken: comparedWith(config.http.adminToken),
    tokens,
    directory: createDirectory(pool),
    history: createHistoryReader(pool),
    histograms: createHistogramSource(pool, {
      catalog: createCatalogStore(pool),
      baselines: createBaselineStore(pool),
    }),
    requestsPerSecond: REQUESTS_PER_SECOND,
    // Looked up each time: a reload may change them.
    configured: { has: (model) => config.models.some(({ name }) => name === model) },
    ...rest,
  };
  return async (app) => {
    await assertToken(config.http, tokens);
    await registerApi(app, deps);
  };
}

/** Compares hashes, so that time tells nothing about the token. */
function comparedWith(token: string | null): (given: string) => boolean {
  if (token === null) return () => false;
  const hash = (text: string): Buffer => createHash('sha256').update(text).digest();
  const wanted = hash(token);
  return (given) => timingSafeEqual(wanted, hash(given));
}
