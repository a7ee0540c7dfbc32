import type { FastifyInstance } from 'fastify';

import type { HttpDeps } from '../deps.ts';

/** A loop that is further behind than this is stuck: the orchestrator may restart the process. */
export const MAX_LAG_MS = 5_000;

/** Is the process itself alive? Looks at nothing outside it: a dead database is no reason for a restart. */
export function registerLivez(app: FastifyInstance, { eventLoop }: HttpDeps): void {
  app.get('/livez', async (_request, reply) => {
    const lagMs = Math.round(eventLoop.lagMs());
    const alive = lagMs < MAX_LAG_MS;
    void reply.code(alive ? 200 : 503);
    return { status: alive ? 'alive' : 'stalled', event_loop_lag_ms: lagMs };
  });
}
