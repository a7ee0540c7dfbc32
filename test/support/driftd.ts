import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const MAIN = fileURLToPath(new URL('../../src/main.ts', import.meta.url));

export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
  /** From the last signal that was sent, or the start, to the end. */
  readonly ms: number;
}

export interface Running {
  readonly pid: number;
  /** Resolves with the whole line of standard output that contains the text; rejects when the program ends before. */
  line(text: string): Promise<string>;
  kill(signal: NodeJS.Signals): void;
  readonly ended: Promise<Ended>;
}

/** Starts the command line from its sources in a process of its own. */
export function spawnDriftd(
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Running {
  const child = spawn(process.execPath, [MAIN, ...args], {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let stdout = '';
  let stderr = '';
  let since = performance.now();
  let look = (): void => undefined;
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
    look();
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  const ended = new Promise<Ended>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code) => {
      resolve({ code, stdout, stderr, ms: performance.now() - since });
      look();
    });
  });
  return {
    pid: child.pid ?? 0,
    ended,
    line: (text) =>
      new Promise((resolve, reject) => {
        look = () => {
          // What stands behind the last line break is not all there yet.
          const lines = stdout.split('\n').slice(0, -1);
          const found = lines.find((line) => line.includes(text));
          if (found !== undefined) resolve(found);
          else if (child.exitCode !== null || child.signalCode !== null)
            reject(new Error(`driftd ended without "${text}":\n${stdout}\n${stderr}`));
        };
        look();
      }),
    kill(signal) {
      since = performance.now();
      child.kill(signal);
    },
  };
}

/** Runs the command line to its end; killed after `limitMs`. */
export async function runDriftd(
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
  limitMs = 60_000,
): Promise<Ended> {
  const running = spawnDriftd(args, env);
  const timer = setTimeout(() => {
    running.kill('SIGKILL');
  }, limitMs);
  try {
    return await running.ended;
  } finally {
    clearTimeout(timer);
  }
}
