import { spawn, type ChildProcess, type SpawnOptions } from 'node:child_process';
import { accessSync, chmodSync, constants, existsSync, mkdirSync, readFileSync } from 'node:fs';
import { mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

/**
 * Servers and folders that end with the process that made them.
 *
 * Orderly: every server has a `stop()`. After a crash or SIGKILL of this process: one watchdog process notices that
 * its pipe closed, kills the server's process groups and removes the folders. Should the watchdog die as well, the
 * next run removes folders whose owner is gone.
 */

const TEMP_PREFIX = 'driftd-dev-';
const OWNER_FILE = 'owner.pid';

let watchdog: ChildProcess | undefined;

function tellWatchdog(line: string): void {
  if (watchdog === undefined || watchdog.exitCode !== null || watchdog.signalCode !== null) {
    const script = fileURLToPath(new URL('./watchdog.mjs', import.meta.url));
    watchdog = spawn(process.execPath, [script], {
      detached: true, // not reached by a Ctrl-C in the terminal
      stdio: ['pipe', 'ignore', 'ignore'],
      cwd: path.parse(process.cwd()).root,
    });
    watchdog.unref();
    const pipe = watchdog.stdin;
    if (pipe !== null && 'unref' in pipe && typeof pipe.unref === 'function') pipe.unref();
    pipe?.on('error', () => undefined);
  }
  watchdog.stdin?.write(`${line}\n`);
}

/** A started server process: its own process group, killed when this process dies. */
export interface GuardedProcess {
  readonly child: ChildProcess;
  readonly pid: number;
  /** Settles when the process has ended, for whatever reason. */
  readonly exited: Promise<void>;
  /** True until the process has ended. */
  alive(): boolean;
  /** Sends a signal to the whole process group; no error when it is already gone. */
  signal(name: NodeJS.Signals): void;
  /** Sends `name`, waits up to `graceMs`, then SIGKILL; resolves when the process is gone. */
  stop(name?: NodeJS.Signals, graceMs?: number): Promise<void>;
  /** Lets it live on when this process ends. */
  leave(): void;
}

/**
 * Starts a process that cannot outlive this one.
 *
 * @param orphanSignal what its group gets first when this process dies; SIGKILL follows two seconds later
 * @throws Error when the program cannot be started
 */
export function spawnGuarded(
  command: string,
  args: readonly string[],
  options: SpawnOptions = {},
  orphanSignal: 'SIGKILL' | 'SIGQUIT' = 'SIGKILL',
): Promise<GuardedProcess> {
  const child = spawn(command, args, { ...options, detached: true });
  if (child.pid !== undefined) tellWatchdog(`+group ${String(child.pid)} ${orphanSignal}`);
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('spawn', () => {
      resolve(guard(child));
    });
  });
}

function guard(child: ChildProcess): GuardedProcess {
  const pid = child.pid ?? 0;
  let running = child.exitCode === null && child.signalCode === null;
  const exited = new Promise<void>((resolve) => {
    const done = (): void => {
      running = false;
      tellWatchdog(`-group ${String(pid)}`);
      resolve();
    };
    if (running) child.once('exit', done);
    else done();
  });
  const signal = (name: NodeJS.Signals): void => {
    if (!running) return;
    try {
      process.kill(-pid, name);
    } catch {
      // gone between the check and the call
    }
  };
  return {
    child,
    pid,
    exited,
    alive: () => running,
    signal,
    stop: async (name = 'SIGTERM', graceMs = 10_000) => {
      signal(name);
      const timer = setTimeout(() => {
        signal('SIGKILL');
      }, graceMs);
      await exited;
      clearTimeout(timer);
    },
    leave: () => {
      tellWatchdog(`-group ${String(pid)}`);
      child.unref();
    },
  };
}

/** A temporary folder that goes when it is removed or this process ends. */
export interface TempFolder {
  readonly path: string;
  remove(): void;
  /** Lets it stay when this process ends, for as long as process `pid` lives. */
  leaveTo(pid: number): void;
}

/**
 * Makes a temporary folder that others may enter (a database server must not run as root and needs to).
 * Folders left by processes that are gone are removed first.
 *
 * @param label part of its name, such as `postgres`
 */
export function makeTempFolder(label: string): TempFolder {
  const root = enterableTempRoot();
  removeAbandonedFolders(root);
  const folder = mkdtempSync(path.join(root, `${TEMP_PREFIX}${label}-`));
  tellWatchdog(`+folder ${folder}`);
  chmodSync(folder, 0o755);
  writeFileSync(path.join(folder, OWNER_FILE), String(process.pid));
  return {
    path: folder,
    remove: () => {
      rmSync(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
      tellWatchdog(`-folder ${folder}`);
    },
    leaveTo: (pid) => {
      writeFileSync(path.join(folder, OWNER_FILE), String(pid));
      tellWatchdog(`-folder ${folder}`);
    },
  };
}

/** True when any user may enter this folder, so from every folder above it too. */
export function anyoneMayEnter(folder: string): boolean {
  for (let at = path.resolve(folder); ; at = path.dirname(at)) {
    if ((statSync(at).mode & 0o001) === 0) return false;
    if (at === path.dirname(at)) return true;
  }
}

function enterableTempRoot(): string {
  const own = tmpdir();
  if (process.getuid?.() !== 0 || anyoneMayEnter(own)) return own;
  return '/tmp';
}

function removeAbandonedFolders(root: string): void {
  for (const name of readdirSync(root)) {
    if (!name.startsWith(TEMP_PREFIX)) continue;
    const folder = path.join(root, name);
    try {
      const owner = path.join(folder, OWNER_FILE);
      const pid = existsSync(owner) ? Number(readFileSync(owner, 'utf8')) : 0;
      // A folder without an owner file may be one that is being made just now.
      const old = Date.now() - statSync(folder).mtimeMs > 3_600_000;
      if (pid > 0 ? !processIsAlive(pid) : old) rmSync(folder, { recursive: true, force: true });
    } catch {
      // another user's folder, or removed by someone else at the same moment
    }
  }
}

/** Whether a process with this id exists. */
export function processIsAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}

/** The folder for downloads that survive between runs; `XDG_CACHE_HOME` or `~/.cache`, made when missing. */
export function cacheFolder(): string {
  const base =
    process.env['XDG_CACHE_HOME'] ?? path.join(process.env['HOME'] ?? tmpdir(), '.cache');
  const folder = path.join(base, 'driftd');
  mkdirSync(folder, { recursive: true });
  accessSync(folder, constants.W_OK);
  return folder;
}

/** The path of a program on PATH, or undefined. */
export function findProgram(name: string): string | undefined {
  for (const folder of (process.env['PATH'] ?? '').split(path.delimiter)) {
    const candidate = path.join(folder, name);
    try {
      accessSync(candidate, constants.X_OK);
      if (statSync(candidate).isFile()) return candidate;
    } catch {
      // not in this folder
    }
  }
  return undefined;
}
