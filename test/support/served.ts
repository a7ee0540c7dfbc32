import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { createApp } from '../../src/app/app.ts';
import { validateCron } from '../../src/app/validate-cron.ts';
import { loadConfig } from '../../src/config/load.ts';
import type { Role } from '../../src/config/roles.ts';
import { systemClock } from '../../src/platform/clock.ts';
import { createLog } from '../../src/platform/log.ts';

/** A driftd in this process, over a database of the caller's. */
export interface Served {
  readonly url: string;
  /** One request to the API; JSON goes in as a value. */
  ask(path: string, options?: Asked): Promise<Answer>;
  /** Puts another configuration in place of the file's, for a reload. */
  rewrite(config: string): Promise<void>;
  /** Where the file lies: what it names relatively is here. */
  readonly folder: string;
  stop(): Promise<void>;
}

export interface Asked {
  readonly method?: string;
  readonly token?: string;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  /** The body as JSON. */
  json<T>(): T;
}

/**
 * @param config what the file says besides the database, e.g. `http: { listen: "127.0.0.1:0", auth: token }`
 * @param roles what it does; it only serves by default
 */
export async function serve(
  database: string,
  config: string,
  ...roles: readonly Role[]
): Promise<Served> {
  const folder = await mkdtemp(join(tmpdir(), 'driftd-served-'));
  const file = join(folder, 'driftd.yaml');
  const rewrite = (text: string): Promise<void> =>
    writeFile(file, `postgres: { url: ${JSON.stringify(database)} }\n${text}\n`);
  await rewrite(config);
  const load = () => loadConfig(file, { env: {}, validateCron });
  const app = await createApp({
    config: await load(),
    load,
    roles: new Set(roles.length === 0 ? ['serve'] : roles),
    log: createLog('silent'),
    clock: systemClock,
  });
  const stop = async (): Promise<void> => {
    await app.stop(5_000);
    await rm(folder, { recursive: true });
  };
  try {
    await app.start();
  } catch (thrown) {
    await stop();
    throw thrown;
  }
  if (app.address === null) throw new Error('nothing listens');
  const url = `http://${app.address.host}:${app.address.port}`;
  return {
    url,
    folder,
    rewrite,
    stop,
    async ask(path, { method = 'GET', token, body, headers = {} } = {}) {
      const response = await fetch(`${url}/api/v1${path}`, {
        method,
        headers: {
          ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
          ...(body === undefined ? {} : { 'content-type': 'application/json' }),
          ...headers,
        },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      });
      const text = await response.text();
      return {
        status: response.status,
        headers: response.headers,
        text,
        json: <T>() => JSON.parse(text) as T,
      };
    },
  };
}
