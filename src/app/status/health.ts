import type { Check, HealthSource } from '../../expose/http/health.ts';
import type { Pipeline } from '../../ingest/pipeline.ts';
import { toError } from '../../platform/errors.ts';
import type { Pool } from '../../storage/postgres/pool.ts';
import { readSchemaFacts } from '../../storage/postgres/status/server-facts.ts';
import type { CheckpointFailures } from './checkpoint-failures.ts';
import { schemaFinding } from './server-findings.ts';

/** What readiness is made of in this process. */
export interface HealthParts {
  readonly pool: Pool;
  readonly pipelines: readonly Pipeline[];
  readonly checkpoints: CheckpointFailures;
  /** How long the scheduler has not ended a pass well, ms; 0 without the role. */
  readonly schedulerSilentMs: () => number;
  /** A scheduler that is silent for longer is stuck; ms. */
  readonly schedulerStuckMs: number;
  /** Has the start come to its end? */
  started: boolean;
  draining: boolean;
}

const CHECK_MS = 2_000;
/** A source that has not answered for so long is away; it is asked every 5 s. */
export const SOURCE_AWAY_MS = 10_000;
/** Checkpoints that fail for so long are no collision any more. */
const CHECKPOINTS_FAIL_MS = 5_000;
/** Passes take far less, and every evaluation within one counts. */
export const SCHEDULER_STUCK_MS = 120_000;

export function createHealth(parts: HealthParts): HealthSource {
  const check = (name: string, reason: string | null): Check => ({
    name,
    ok: reason === null,
    reason,
  });
  return {
    async readiness() {
      const { pipelines } = parts;
      const database = await databaseFault(parts.pool);
      const away = pipelines.find(({ silentMs }) => silentMs > SOURCE_AWAY_MS);
      // Without its source a process has no partitions either: that is told once.
      const unassigned = pipelines.some(
        ({ assigned, silentMs }) => assigned === null && silentMs <= SOURCE_AWAY_MS,
      );
      const failing = parts.checkpoints.sinceMs();
      const stuck = parts.schedulerSilentMs();
      return [
        check('database', database.fault),
        check('schema', database.schema),
        check(
          'source',
          away === undefined ? null : `${away.name} has not answered for ${seconds(away.silentMs)}`,
        ),
        // Brokers that are away are the whole reason.
        check(
          'assignment',
          unassigned && away === undefined ? 'no partitions are assigned to this process' : null,
        ),
        // One that waits for its partitions has said so.
        check('start', parts.started || unassigned ? null : 'the start has not finished'),
        check(
          'checkpoints',
          failing > CHECKPOINTS_FAIL_MS
            ? `the database has taken no checkpoint for ${seconds(failing)}, the log has the reason`
            : null,
        ),
        check(
          'scheduler',
          stuck > parts.schedulerStuckMs
            ? `no pass over the monitors has ended well for ${seconds(stuck)}, the log has the reason`
            : null,
        ),
        check('draining', parts.draining ? 'the process is stopping' : null),
      ];
    },
  };
}

function seconds(ms: number): string {
  return `${String(Math.round(ms / 1_000))} s`;
}

interface DatabaseAnswer {
  readonly fault: string | null;
  /** What is wrong with the schema; null also when it could not be asked. */
  readonly schema: string | null;
}

async function databaseFault(pool: Pool): Promise<DatabaseAnswer> {
  let timer: NodeJS.Timeout | undefined;
  const slow = new Promise<DatabaseAnswer>((resolve) => {
    timer = setTimeout(() => {
      resolve({ fault: `the database has not answered for ${CHECK_MS} ms`, schema: null });
    }, CHECK_MS);
  });
  const asked = readSchemaFacts(pool).then(
    (facts): DatabaseAnswer => {
      const { state, says, wayOut } = schemaFinding(facts);
      return { fault: null, schema: state === 'fault' ? `${says}: ${wayOut ?? ''}` : null };
    },
    (thrown: unknown): DatabaseAnswer => ({
      fault: `the database does not answer: ${toError(thrown).message}`,
      schema: null,
    }),
  );
  try {
    return await Promise.race([asked, slow]);
  } finally {
    clearTimeout(timer);
  }
}
