import type { FastifyInstance } from 'fastify';

import type { HttpMetrics } from './deps.ts';

const METHODS = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']);

/** One observation a request, by the route's pattern; what matches no route is one series, not one a URL. */
export function registerRequestMetrics(app: FastifyInstance, metrics: HttpMetrics): void {
  app.addHook('onResponse', async (request, reply) => {
    const method = METHODS.has(request.method) ? request.method : 'other';
    const route = request.is404 ? 'unmatched' : (request.routeOptions.url ?? 'unmatched');
    metrics.observeRequest(method, route, reply.statusCode, reply.elapsedTime / 1_000);
  });
}
