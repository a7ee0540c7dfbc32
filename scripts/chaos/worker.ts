import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { spawnGuarded } from '../servers/lifecycle.ts';
import type { GuardedProcess } from '../servers/lifecycle.ts';
import { startProxy } from './proxy.ts';
import type { Proxy } from './proxy.ts';

const MAIN = new URL('../../src/main.ts', import.meta.url).pathname;

/** Exit code of a start that found no database or broker. */
const UNREACHABLE = 6;

/** What the log of a worker has told, over all of its processes. */
export interface Told {
  fenced: number;
  unknown: number;
  retry: number;
  /** Records that were counted and forgotten again when a claim ended, so that somebody counts them anew. */
  redelivered: number;
  claims: number;
  /** Claims that have ended in an orderly way: each tells what it had not committed. */
  released: number;
  /** Transactions that Postgres has ended since two waited for each other. */
  deadlocks: number;
}

export const nothingTold = (): Told => ({
  fenced: 0,
  unknown: 0,
  retry: 0,
  redelivered: 0,
  claims: 0,
  released: 0,
  deadlocks: 0,
});

/** A `driftd run` that reaches the database and the broker through proxies of its own, and is started again and again. */
export interface Worker {
  readonly name: string;
  /** To the database, and to the broker. */
  readonly proxy: Proxy;
  readonly brokerProxy: Proxy;
  readonly told: Told;
  /** Of the process that runs now. */
  readonly pid: number;
  /** Resolves when it is up, or has ended. */
  start(): Promise<void>;
  signal(name: NodeJS.Signals): void;
  /** Resolves when the process is gone, and all that it has logged is read. */
  gone(): Promise<{ readonly code: number | null }>;
  alive(): boolean;
  /** The last lines that were logged. */
  tail(): string;
  end(): Promise<void>;
}

export async function createWorker(options: {
  readonly name: string;
  readonly config: string;
  readonly databaseUrl: string;
  readonly brokerProxy: Proxy;
}): Promise<Worker> {
  const database = new URL(options.databaseUrl);
  const databasePort = Number(database.port);
  const proxy = await startProxy(database.hostname, () => databasePort);
  database.port = String(proxy.port);
  const told = nothingTold();
  let read: Promise<unknown> = Promise.resolve();
  const lines: string[] = [];
  let running: GuardedProcess | null = null;
  let up = false;
  const process_ = (): GuardedProcess => {
    if (running === null) throw new Error(`${options.name} was never started`);
    return running;
  };

  function listen(line: string): void {
    lines.push(line);
    if (line.includes('"driftd is up"')) up = true;
    if (lines.length > 30) lines.shift();
    if (line.includes('40P01')) told.deadlocks += 1;
    if (line.includes('a checkpoint was not made')) {
      const { outcome } = JSON.parse(line) as { outcome: 'fenced' | 'unknown' | 'retry' };
      told[outcome] += 1;
    } else if (line.includes('"partition claimed"')) told.claims += 1;
    else if (line.includes('"partition released"')) {
      told.released += 1;
      told.redelivered += (JSON.parse(line) as { uncommitted: number }).uncommitted;
    }
  }

  return {
    name: options.name,
    proxy,
    brokerProxy: options.brokerProxy,
    told,
    get pid() {
      return process_().pid;
    },
    async start() {
      for (let attempt = 0; ; attempt += 1) {
        up = false;
        const began = await spawnGuarded(
          process.execPath,
          [MAIN, 'run', '--config', options.config],
          {
            env: { ...process.env, DATABASE_URL: database.href },
            stdio: ['ignore', 'pipe', 'pipe'],
          },
        );
        running = began;
        const streams = [began.child.stdout, began.child.stderr].filter((one) => one !== null);
        read = Promise.all(
          streams.map((stream) =>
            once(createInterface({ input: stream }).on('line', listen), 'close'),
          ),
        );
        while (!up && began.alive()) await sleep(20);
        // What it needs to start was away: whoever looks after processes starts it again.
        if (up || began.child.exitCode !== UNREACHABLE || attempt === 60) return;
        await sleep(500);
      }
    },
    signal: (name) => {
      process_().signal(name);
    },
    async gone() {
      const { exited, child } = process_();
      await exited;
      await read;
      return { code: child.exitCode };
    },
    alive: () => running?.alive() ?? false,
    tail: () => lines.slice(-8).join('\n'),
    async end() {
      if (running !== null) {
        running.signal('SIGCONT');
        await running.stop('SIGTERM', 12_000);
      }
      await proxy.close();
      await options.brokerProxy.close();
    },
  };
}
