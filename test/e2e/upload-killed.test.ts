import { mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';

import { createLog } from '../../src/platform/log.ts';
import { createPool } from '../../src/storage/postgres/pool.ts';
import type { Pool } from '../../src/storage/postgres/pool.ts';
import { spawnDriftd } from '../support/driftd.ts';
import type { Running } from '../support/driftd.ts';
import { freshDatabase } from '../support/servers.ts';

const WAIT = { timeout: 60_000, interval: 50 };
/** Of a file of this many bytes all but the last percent are sent. */
const BYTES = 4_000_000;

let folder: string;
let uploads: string;
let pool: Pool;
let driftd: Running | null = null;

beforeAll(async () => {
  folder = mkdtempSync(path.join(tmpdir(), 'driftd-killed-'));
  uploads = mkdtempSync(path.join(folder, 'tmp-'));
  const database = await freshDatabase();
  pool = createPool({ url: database, max: 1, applicationName: 'test', log: createLog('silent') });
  writeFileSync(
    path.join(folder, 'driftd.yaml'),
    `postgres: { url: '${database}' }
http: { listen: '127.0.0.1:0' }
models: [{ name: m }]
monitors: [{ name: daily, model: m, schedule: '0 6 * * *', windows: [24h] }]
`,
  );
});
afterAll(async () => {
  driftd?.kill('SIGKILL');
  await driftd?.ended;
  await pool.end();
  rmSync(folder, { recursive: true });
});

/** @returns its port */
async function start(): Promise<number> {
  const config = path.join(folder, 'driftd.yaml');
  driftd = spawnDriftd(['run', '--config', config], { TMPDIR: uploads });
  const up = JSON.parse(await driftd.line('"address"')) as { address: { port: number } };
  return up.address.port;
}

/** Bytes of each upload that lies there. */
const lying = (): number[] =>
  readdirSync(uploads, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.csv'))
    .map((name) => statSync(path.join(uploads, name)).size);

it('a daemon killed when 99 % of one upload and a part of another are there has no baseline and no file of them after the next start', async () => {
  const port = await start();
  const sending = request({
    port,
    method: 'POST',
    path: '/api/v1/models/m/baselines',
    headers: { 'content-type': 'text/csv', 'content-length': BYTES },
  });
  const broken = new Promise((resolve) => sending.on('error', resolve));
  const text = `x\n${'1.5\n'.repeat(BYTES / 4)}`;
  sending.write(text.slice(0, 0.99 * BYTES));
  await expect.poll(lying, WAIT).toEqual([0.99 * BYTES]);

  const part = await fetch(`http://127.0.0.1:${port}/api/v1/models/m/uploads/${'a'.repeat(64)}`, {
    method: 'PATCH',
    headers: { 'content-type': 'application/offset+octet-stream', 'upload-offset': '0' },
    body: 'x',
  });
  expect(part.status).toBe(204);
  expect(readdirSync(uploads)).toHaveLength(2);

  driftd?.kill('SIGKILL');
  await driftd?.ended;
  await broken;
  expect(lying()).toEqual([0.99 * BYTES]);

  await start();
  await expect.poll(() => readdirSync(uploads), WAIT).toEqual([]);
  const { rows } = await pool.query('SELECT version FROM baseline');
  expect(rows).toEqual([]);
});
