import { fastify } from 'fastify';

import { systemClock } from '../../platform/clock.ts';
import { createLog } from '../../platform/log.ts';
import type { ApiDeps } from './deps.ts';
import { registerApi } from './register.ts';
import type { RouteGroup } from './register.ts';

/** The OpenAPI document, of an application that nobody can ask. */
export async function apiDocument(version: string, groups: readonly RouteGroup[]): Promise<object> {
  const unused = (port: string): never => {
    throw new Error(`the document asked ${port}`);
  };
  const port = <T extends object>(name: string): T =>
    new Proxy({}, { get: () => () => unused(name) }) as T;
  const deps: ApiDeps = {
    auth: 'token',
    isConfiguredToken: () => unused('isConfiguredToken'),
    tokens: port('tokens'),
    directory: port('directory'),
    history: port('history'),
    histograms: port('histograms'),
    configured: new Set(),
    requestsPerSecond: Infinity,
    version,
    clock: systemClock,
    log: createLog('silent'),
    groups,
  };
  const app = fastify();
  try {
    await registerApi(app, deps);
    await app.ready();
    return app.swagger();
  } finally {
    await app.close();
  }
}
