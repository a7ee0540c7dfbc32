import type { Check, HealthSource } from '../expose/http/health.ts';
import { toError } from '../platform/errors.ts';
import type { Pipeline } from '../ingest/pipeline.ts';
import type { Pool } from '../storage/postgres/pool.ts';

/** What readiness is made of in this process. */
export interface HealthParts {
  readonly pool: Pool;
  readonly pipelines: readonly Pipeline[];
  /** Has the start come to its end? */
  started: boolean;
  draining: boolean;
}

const CHECK_MS = 2_000;

export function createHealth(parts: HealthParts): HealthSource {
  const check = (name: string, reason: string | null): Check => ({
    name,
    ok: reason === null,
    reason,
  });
  return {
    async readiness() {
      const unassigned = parts.pipelines.some((pipeline) => pipeline.assigned === null);
      return [
        check('database', await databaseFault(parts.pool)),
        check(
          'schema',
          parts.started ? null : 'the start has not finished: migrations and baselines come first',
        ),
        check('assignment', unassigned ? 'no partitions are assigned to this process yet' : null),
        check('draining', parts.draining ? 'the process is stopping' : null),
      ];
    },
  };
}

async function databaseFault(pool: Pool): Promise<string | null> {
  let timer: NodeJS.Timeout | undefined;
  const slow = new Promise<string>((resolve) => {
    timer = setTimeout(() => {
      resolve(`the database has not answered for ${CHECK_MS} ms`);
    }, CHECK_MS);
  });
  const asked = pool.query('SELECT 1').then(
    () => null,
    (thrown: unknown) => `the database does not answer: ${toError(thrown).message}`,
  );
  try {
    return await Promise.race([asked, slow]);
  } finally {
    clearTimeout(timer);
  }
}
