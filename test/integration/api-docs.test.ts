import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';

import { afterAll, beforeAll, expect, it } from 'vitest';

import { createTokenStore } from '../../src/storage/postgres/api/token-store.ts';
import { serve } from '../support/served.ts';
import type { Served } from '../support/served.ts';
import { createJudged } from '../support/judged.ts';
import type { Judged } from '../support/judged.ts';

const run = promisify(execFile);

let world: Judged;
let served: Served;
let token = '';
beforeAll(async () => {
  world = await createJudged();
  await world.pool.query(`UPDATE model SET name = 'flights-late'`);
  const made = await createTokenStore(world.pool).create(
    { name: 'docs', scopes: ['admin'], models: null, lifetimeMs: null },
    { name: 'test', requestId: null },
  );
  token = made?.token ?? '';
  served = await serve(world.url, 'http: { listen: "127.0.0.1:0", auth: token }');
});
afterAll(async () => {
  await served.stop();
  await world.pool.end();
});

it('the examples of docs/api.md do what they say', async () => {
  const page = await readFile(new URL('../../docs/api.md', import.meta.url), 'utf8');
  const examples = [...page.matchAll(/^```sh\n(.*?)^```$/gms)].map(([, example]) => example);
  expect(examples).toHaveLength(2);
  const { stdout } = await run('bash', ['-euo', 'pipefail', '-c', examples.join('\n')], {
    env: { PATH: process.env['PATH'] ?? '', DRIFTD_URL: served.url, DRIFTD_TOKEN: token },
  });
  expect(stdout).toContain('"name":"flights-late"');
  expect(stdout).toContain('"monitor":"daily"');
  expect(stdout).toContain('"bins":[');
  expect(stdout).toMatch(/304$/m);
  expect(stdout).toMatch(/"name":"trial".*\}$/s);
  expect(stdout).toContain('"provenance":"january.csv.gz"');
});
