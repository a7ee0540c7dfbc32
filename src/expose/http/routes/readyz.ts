import type { FastifyInstance, FastifyReply } from 'fastify';

import { toError } from '../../../platform/errors.ts';
import { sleep } from '../../../platform/clock.ts';
import type { HttpDeps } from '../deps.ts';
import type { Check } from '../health.ts';

/** Longer than this is an answer, too: not ready. */
export const READINESS_TIMEOUT_MS = 4_000;

/** Can the process do its part now? 200 or 503, each with every check and its reason. `/health` is the same. */
export function registerReadyz(app: FastifyInstance, deps: HttpDeps): void {
  const answer = async (_request: unknown, reply: FastifyReply) => {
    const checks = await look(deps);
    const ready = checks.every((check) => check.ok);
    void reply.code(ready ? 200 : 503);
    return { status: ready ? 'ready' : 'not-ready', checks };
  };
  app.get('/readyz', answer);
  app.get('/health', answer);
}

async function look({ health, log }: HttpDeps): Promise<readonly Check[]> {
  const cancel = new AbortController();
  const late = sleep(READINESS_TIMEOUT_MS, cancel.signal).then((): readonly Check[] => [
    { name: 'health', ok: false, reason: `no answer within ${READINESS_TIMEOUT_MS / 1_000} s` },
  ]);
  const looked = health.readiness().catch((thrown: unknown): readonly Check[] => {
    log.warn({ err: toError(thrown) }, 'readiness could not be determined');
    return [
      { name: 'health', ok: false, reason: 'could not be determined, the log has the reason' },
    ];
  });
  const checks = await Promise.race([looked, late]);
  cancel.abort();
  return checks;
}
