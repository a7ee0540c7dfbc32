import { hostname } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Pool } from '../../src/storage/postgres/pool.ts';
import type { KafkaServer } from '../servers/kafka.ts';
import type { PostgresServer } from '../servers/postgres.ts';
import type { Worker } from './worker.ts';

/** Everything that can be hurt. */
export interface Victims {
  readonly workers: readonly Worker[];
  readonly postgres: PostgresServer;
  readonly kafka: KafkaServer;
  /** Past the proxies. */
  readonly pool: Pool;
  readonly sessionMs: number;
}

/** Numbers of its own in [0, 1) for one strike, drawn before the storm begins. */
export type Dice = readonly [number, number];

/** The first three are of one worker. */
type Place = 'worker' | 'network' | 'broker network' | 'postgres' | 'kafka';

interface Fault {
  /** How often it is chosen, beside the others. */
  readonly weight: number;
  /** How often it is there at least, in a storm that is long enough. */
  readonly least?: number;
  /** What only one fault at a time may hurt. */
  readonly hurts: readonly Place[];
  /** Hurts, and mends again. @returns what was broken of driftd's promises; null: nothing */
  strike(victims: Victims, worker: Worker, dice: Dice): Promise<string | null>;
}

/** Does the database know partitions as claimed by this worker? */
async function hasClaims(pool: Pool, worker: Worker): Promise<boolean> {
  const { rowCount } = await pool.query(
    'SELECT FROM ingest_partition WHERE starts_with(owner, $1)',
    [`${hostname()}:${worker.pid}:`],
  );
  return rowCount !== 0;
}

/**
 * The worker stands still with a checkpoint on its way to the database, until others have claimed all that it had. Then both
 * go on, and the checkpoint must be refused.
 */
async function stopAtCheckpoint(
  pool: Pool,
  sessionMs: number,
  worker: Worker,
): Promise<string | null> {
  const held = await worker.proxy.holdCheckpoint(COMMIT_MS);
  if (held === null) return null;
  worker.signal('SIGSTOP');
  const { fenced } = worker.told;
  let othersClaimed = false;
  try {
    // Shorter than the database and the worker wait for each other.
    const limit = performance.now() + 2 * sessionMs;
    while (!othersClaimed && performance.now() < limit) {
      await sleep(100);
      othersClaimed = !(await hasClaims(pool, worker));
    }
  } catch {
    // The database was hurt meanwhile: then the checkpoint's connection is gone as well.
  } finally {
    held.release();
    worker.signal('SIGCONT');
  }
  if (!othersClaimed) return null;
  const limit = performance.now() + ANSWER_MS;
  while (worker.told.fenced === fenced && !held.lost) {
    if (performance.now() > limit)
      return `${worker.name} made a checkpoint under a claim that others had taken over`;
    await sleep(50);
  }
  return null;
}

/** An asked-for end takes at most this long. */
const END_MS = 10_000;
/** Longer than the program waits for an answer of its database, every now and then. */
const DARK_MS = [500, 3_000, 6_000, 18_000];

/** A worker that has something to read makes a checkpoint within this time, unless it is hurt otherwise. */
const COMMIT_MS = 10_000;
/** By then the database has answered, or given up. */
const ANSWER_MS = 20_000;

export const FAULTS: Readonly<Record<string, Fault>> = {
  'kill -9': {
    weight: 5,
    hurts: ['worker'],
    async strike(_, worker, [one]) {
      worker.signal('SIGKILL');
      await worker.gone();
      await sleep(one * 1_000);
      await worker.start();
      return null;
    },
  },
  'SIGSTOP beyond the session': {
    weight: 2,
    hurts: ['worker'],
    async strike({ sessionMs }, worker, [one]) {
      worker.signal('SIGSTOP');
      await sleep(sessionMs * (1.3 + one));
      worker.signal('SIGCONT');
      return null;
    },
  },
  // Wherever else it stands still, it may wake with nothing in hand.
  'SIGSTOP at a checkpoint': {
    weight: 3,
    least: 3,
    hurts: ['worker', 'network'],
    strike: ({ pool, sessionMs }, worker) => stopAtCheckpoint(pool, sessionMs, worker),
  },
  SIGTERM: {
    weight: 5,
    hurts: ['worker'],
    async strike(_, worker) {
      const started = performance.now();
      worker.signal('SIGTERM');
      const { code } = await worker.gone();
      const seconds = (performance.now() - started) / 1_000;
      await worker.start();
      if (code !== 0) return `${worker.name} ended with ${String(code)}:\n${worker.tail()}`;
      // The second beyond is the machine's, which runs everything else as well.
      return seconds > END_MS / 1_000 + 1 ? `${worker.name} took ${seconds} s to end` : null;
    },
  },
  'Postgres immediate stop': {
    weight: 1,
    hurts: ['postgres'],
    async strike({ postgres }, _, [one]) {
      process.kill(postgres.pid, 'SIGQUIT');
      await postgres.halt();
      await sleep(one * 3_000);
      await postgres.restart();
      return null;
    },
  },
  'backend kill': {
    weight: 6,
    hurts: ['network'],
    async strike({ pool }, _, [one]) {
      await pool.query(
        `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
         WHERE datname = current_database() AND pid <> pg_backend_pid() AND application_name LIKE 'driftd%'
           AND abs(hashint4(pid)) % 2 = $1`,
        [one < 0.5 ? 0 : 1],
      );
      return null;
    },
  },
  'TCP reset': {
    weight: 6,
    hurts: ['network'],
    strike(_, { proxy }) {
      proxy.reset();
      return Promise.resolve(null);
    },
  },
  'TCP reset at COMMIT': {
    weight: 14,
    least: 3,
    hurts: ['network'],
    async strike(_, { proxy }, [one]) {
      const met = proxy.resetAtCommit(one < 0.5 ? 'question' : 'answer');
      await Promise.race([met, sleep(COMMIT_MS)]);
      return null;
    },
  },
  'half-open': {
    weight: 3,
    hurts: ['network'],
    async strike(_, { proxy }, [one]) {
      proxy.halfOpen();
      await sleep(2_000 + one * 16_000);
      proxy.heal();
      return null;
    },
  },
  'black hole': {
    weight: 3,
    hurts: ['network'],
    async strike(_, { proxy }, [one]) {
      proxy.blackHole();
      await sleep(DARK_MS[Math.floor(one * DARK_MS.length)]);
      proxy.heal();
      return null;
    },
  },
  'broker TCP reset': {
    weight: 3,
    hurts: ['broker network'],
    strike(_, { brokerProxy }) {
      brokerProxy.reset();
      return Promise.resolve(null);
    },
  },
  'broker half-open': {
    weight: 1.5,
    hurts: ['broker network'],
    async strike(_, { brokerProxy }, [one]) {
      brokerProxy.halfOpen();
      await sleep(2_000 + one * 16_000);
      brokerProxy.heal();
      return null;
    },
  },
  'broker black hole': {
    weight: 1.5,
    hurts: ['broker network'],
    async strike(_, { brokerProxy }, [one]) {
      brokerProxy.blackHole();
      await sleep(DARK_MS[Math.floor(one * DARK_MS.length)]);
      brokerProxy.heal();
      return null;
    },
  },
  'broker kill -9': {
    weight: 0.8,
    hurts: ['kafka'],
    async strike({ kafka }, _, [one]) {
      await kafka.kill9();
      await sleep(one * 3_000);
      await kafka.restart();
      return null;
    },
  },
};
