import { createInterface } from 'node:readline';
import { DriftdError } from '../../src/platform/errors.ts';
import { spawnGuarded } from '../servers/lifecycle.ts';

/** A real `driftd run` in a process of its own. */
export interface Daemon {
  readonly url: string;
  readonly pid: number;
  /** @throws when the process has ended by itself */
  assertRunning(): void;
  /** SIGTERM; resolves when it has ended. */
  stop(): Promise<void>;
}

export interface DaemonOptions {
  readonly root: string;
  readonly config: string;
  readonly env: Readonly<Record<string, string>>;
}

const START_MS = 60_000;
/** Lines kept for the message when it ends by itself. */
const KEPT_LINES = 20;

/** Starts driftd and waits until it listens. */
export async function startDriftd({ root, config, env }: DaemonOptions): Promise<Daemon> {
  const main = new URL('../../src/main.ts', import.meta.url).pathname;
  const guarded = await spawnGuarded(process.execPath, [main, 'run', '--config', config], {
    cwd: root,
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const tail: string[] = [];
  const keep = (line: string): void => {
    tail.push(line);
    if (tail.length > KEPT_LINES) tail.shift();
  };
  const { stdout, stderr } = guarded.child;
  if (stdout === null || stderr === null) throw new Error('driftd was started without pipes');
  createInterface({ input: stderr }).on('line', keep);
  const url = await new Promise<string>((resolve, reject) => {
    const timer = setTimeout(() => {
      reject(new Error(`driftd was not up after ${START_MS / 1000} s:\n${tail.join('\n')}`));
    }, START_MS);
    createInterface({ input: stdout }).on('line', (line) => {
      keep(line);
      const address = listening(line);
      if (address === null) return;
      clearTimeout(timer);
      resolve(address);
    });
    void guarded.exited.then(() => {
      clearTimeout(timer);
      reject(
        new DriftdError('INPUT_INVALID', `driftd ended while it started:\n${tail.join('\n')}`),
      );
    });
  });
  return {
    url,
    pid: guarded.pid,
    assertRunning() {
      if (!guarded.alive()) throw new Error(`driftd has ended by itself:\n${tail.join('\n')}`);
    },
    async stop() {
      await guarded.stop('SIGTERM', 12_000);
    },
  };
}

/** The address in the log line that says that driftd is up; null for any other line. */
function listening(line: string): string | null {
  try {
    const entry = JSON.parse(line) as { msg?: string; address?: { host: string; port: number } };
    if (entry.msg !== 'driftd is up' || entry.address === undefined) return null;
    return `http://${entry.address.host}:${entry.address.port}`;
  } catch {
    return null;
  }
}
