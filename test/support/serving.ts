import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { createApp } from '../../src/app/app.ts';
import type { App } from '../../src/app/app.ts';
import { loadConfig } from '../../src/config/load.ts';
import { systemClock } from '../../src/platform/clock.ts';
import { createLog } from '../../src/platform/log.ts';

/** driftd serving its API, in this process, on a port of its own. */
export interface Serving {
  readonly url: string;
  readonly app: App;
}

/** @param text its configuration, without `http` and with `${DATABASE_URL}` as the database */
export async function serve(databaseUrl: string, text: string): Promise<Serving> {
  const folder = await mkdtemp(join(tmpdir(), 'driftd-test-'));
  const file = join(folder, 'driftd.yaml');
  await writeFile(file, `${text}\nhttp: { listen: '127.0.0.1:0' }\n`);
  const config = await loadConfig(file, {
    env: { DATABASE_URL: databaseUrl },
    validateCron: () => null,
  });
  await rm(folder, { recursive: true });
  const log = createLog('silent');
  const app = await createApp({
    config,
    load: () => Promise.resolve(config),
    roles: new Set(['serve']),
    log,
    clock: systemClock,
  });
  await app.start();
  if (app.address === null) throw new Error('it does not listen');
  return { url: `http://127.0.0.1:${app.address.port}/api/v1`, app };
}
