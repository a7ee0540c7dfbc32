import { spawn } from 'node:child_process';
import process from 'node:process';
import { fileURLToPath } from 'node:url';

import { createLog } from '../../src/platform/log.ts';
import { migrate } from '../../src/storage/postgres/migrate.ts';
import { createPool } from '../../src/storage/postgres/pool.ts';
import { createRandom } from '../../test/support/baselines.ts';
import { startHttpSink } from '../../test/support/http-sink.ts';
import { startMailbox } from '../servers/mailbox.ts';
import { createDatabase } from '../servers/postgres.ts';
import { keyOf, RECIPIENTS, STEPS } from './delivery-steps.ts';

export interface DeliveryOptions {
  /** A Postgres server that databases may be made on. */
  readonly server: string;
  readonly transitions: number;
  /** Kills at each step. */
  readonly killsPerStep: number;
  readonly seed: number;
  say(line: string): void;
}

export interface DeliveryReport {
  /** Messages that must arrive: one a transition and recipient. */
  readonly messages: number;
  readonly arrived: number;
  readonly lost: readonly string[];
  /** Keys that nobody queued. */
  readonly unknown: readonly string[];
  readonly duplicates: number;
  /** Processes that were killed, by step. */
  readonly kills: Readonly<Record<string, number>>;
}

const WORKER = fileURLToPath(new URL('delivery-worker.ts', import.meta.url));
const log = createLog('silent');

/**
 * Makes alert transitions and delivers them by SMTP and HTTP, with processes that are killed at every step, one after
 * another; the last one may end. Counts what a real mail server and a real HTTP server got.
 */
export async function raceDelivery(options: DeliveryOptions): Promise<DeliveryReport> {
  const { transitions, killsPerStep, seed, say } = options;
  const url = await createDatabase(options.server);
  await prepare(url);
  const [mailbox, sink] = [await startMailbox(), await startHttpSink()];
  const random = createRandom(seed);
  const kills: Record<string, number> = {};
  try {
    const run = (step: string, times: number): Promise<NodeJS.Signals | null> =>
      runWorker([url, String(transitions), String(mailbox.port), sink.url, step, String(times)]);
    for (let round = 0; round < killsPerStep; round += 1) {
      for (const step of STEPS) {
        // Every process gets about as far: the last still finds something to do.
        const share = (2 * transitions) / (killsPerStep * STEPS.length);
        const signal = await run(step, 1 + Math.floor(random() * share * 0.8));
        if (signal === 'SIGKILL') kills[step] = (kills[step] ?? 0) + 1;
      }
      say(
        `${mailbox.messages.length + sink.requests.length} messages arrived after ${(round + 1) * STEPS.length} processes`,
      );
    }
    await run('', 1);
    const keys = [
      ...mailbox.messages.map(
        ({ raw }) => /^X-Driftd-Dedup-Key: (\S+)/im.exec(raw.toString())?.[1] ?? '',
      ),
      ...sink.requests.map(({ headers }) => String(headers['idempotency-key'])),
    ];
    return { ...compare(keys, transitions), kills };
  } finally {
    await mailbox.stop();
    await sink.stop();
  }
}

function compare(keys: readonly string[], transitions: number): Omit<DeliveryReport, 'kills'> {
  const wanted = new Set<string>();
  for (let i = 1; i <= transitions; i += 1)
    for (const { channel } of RECIPIENTS) wanted.add(keyOf(i, channel));
  const found = new Set(keys);
  return {
    messages: wanted.size,
    arrived: keys.length,
    lost: [...wanted].filter((key) => !found.has(key)),
    unknown: [...found].filter((key) => !wanted.has(key)),
    duplicates: keys.length - found.size,
  };
}

async function prepare(url: string): Promise<void> {
  const pool = createPool({ url, max: 1, applicationName: 'soak', log });
  try {
    await migrate(pool, log);
    await pool.query(
      `WITH m AS (INSERT INTO model (name) VALUES ('flights-late') RETURNING id),
         f AS (INSERT INTO feature (model_id, name, kind, role, tier)
               SELECT id, 'temp', 'numeric', 'input', 'standard' FROM m RETURNING id),
         o AS (INSERT INTO monitor (name, model_id) SELECT 'flights-daily', id FROM m RETURNING id)
       INSERT INTO alert (monitor_id, feature_id, segment, state) SELECT o.id, f.id, 'all', 'inactive' FROM o, f`,
    );
  } finally {
    await pool.end();
  }
}

/** @returns the signal that ended it */
function runWorker(argv: readonly string[]): Promise<NodeJS.Signals | null> {
  return new Promise((resolve, reject) => {
    const worker = spawn(process.execPath, [WORKER, ...argv], {
      stdio: ['ignore', 'ignore', 'inherit'],
    });
    worker.on('error', reject);
    worker.on('exit', (code, signal) => {
      if (code === 0 || signal === 'SIGKILL') resolve(signal);
      else reject(new Error(`a process ended with ${String(code ?? signal)}`));
    });
  });
}
