import type { FastifyInstance } from 'fastify';

import type { HttpDeps } from '../deps.ts';

export function registerVersion(app: FastifyInstance, { build }: HttpDeps): void {
  app.get('/version', async () => ({ name: build.name, version: build.version, node: build.node }));
}
