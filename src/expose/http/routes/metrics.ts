import type { FastifyInstance } from 'fastify';

import type { HttpDeps } from '../deps.ts';

/** The Prometheus page: text 0.0.4, or OpenMetrics 1.0 for a scraper that asks for it. */
export function registerMetrics(app: FastifyInstance, { metrics }: HttpDeps): void {
  app.get('/metrics', async (request, reply) => {
    const accept = request.headers.accept ?? '';
    const { contentType, body } = await metrics.page(
      accept.includes('application/openmetrics-text'),
    );
    return reply.header('content-type', contentType).send(body);
  });
}
