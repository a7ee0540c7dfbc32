import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createLog } from '../../src/platform/log.ts';
import { migrate } from '../../src/storage/postgres/migrate.ts';
import { createPool } from '../../src/storage/postgres/pool.ts';
import type { Pool } from '../../src/storage/postgres/pool.ts';
import { runCli } from '../support/run-cli.ts';
import { freshDatabase } from '../support/servers.ts';

const log = createLog('silent');
let pool: Pool;
let folder = '';
let config = '';
const HOUR_MS = 3_600_000;
/** A tick is due at the beginning of this hour. */
const HOUR = Math.floor(Date.now() / HOUR_MS) * HOUR_MS;

beforeAll(async () => {
  const url = await freshDatabase();
  pool = createPool({ url, max: 2, applicationName: 'test', log });
  await migrate(pool, log);
  folder = await mkdtemp(join(tmpdir(), 'driftd-status-'));
  config = join(folder, 'driftd.yaml');
  await writeFile(
    config,
    `postgres: { url: ${JSON.stringify(url)} }
models:
  - { name: flights, allowed_lateness: 2h, features: { tmep: { tier: critical } } }
  - { name: trains }
monitors:
  - { name: wall, model: flights, schedule: '*/5 * * * *', windows: [1h] }
  - { name: event, model: flights, schedule: '0 0 * * *', clock: event, windows: [24h] }
  - { name: never, model: trains, schedule: '0 * * * *', windows: [1h] }
`,
  );
  // No event ever came.
  await pool.query(
    `WITH m AS (INSERT INTO model (name) VALUES ('flights'), ('trains') RETURNING id, name),
       f AS (INSERT INTO feature (model_id, name, kind, role, tier)
         SELECT id, 'temp', 'numeric', 'input', 'standard' FROM m WHERE name = 'flights'),
       b AS (INSERT INTO baseline (model_id, version, state, fingerprint, row_count, provenance)
         SELECT id, 1, 'active', repeat('a', 64), 5, 'rows' FROM m WHERE name = 'flights')
     INSERT INTO monitor (name, model_id, scheduled_from)
     SELECT v.name, m.id, v.since FROM m JOIN (VALUES
       ('wall', 'flights', $1::timestamptz - interval '1 minute'),
       ('event', 'flights', timestamptz '2013-02-01T10:00Z'),
       ('never', 'trains', NULL)) AS v (name, model, since) ON v.model = m.name`,
    [new Date(HOUR).toISOString()],
  );
});
afterAll(async () => {
  await pool.end();
  await rm(folder, { recursive: true });
});

it('driftd status says which tick waits for events, and until when', async () => {
  const end = new Date(HOUR).toISOString();
  const until = new Date(HOUR + 2 * HOUR_MS).toISOString();
  const { out, err } = await runCli('status', '--config', config);
  expect(err).toBe('');
  expect(out).toContain(`\nwall waits for events past ${end}, until ${until} at most\n`);
  expect(out).toContain('\nevent waits for events past 2013-02-02T00:00:00.000Z\n');
  expect(out).not.toMatch(/^never waits/m);

  const { out: json } = await runCli('status', '--config', config, '--format', 'json');
  expect(JSON.parse(json)).toMatchObject({
    monitors: [
      { monitor: 'event', waiting: { windowEnd: '2013-02-02T00:00:00.000Z', until: null } },
      { monitor: 'never', waiting: null },
      { monitor: 'wall', waiting: { windowEnd: end, until } },
    ],
  });
});

it('driftd status names declared features that the active baseline does not have', async () => {
  const note =
    'the configuration declares features that the active baseline does not have: tmep (did you mean temp?); what it says of them has no effect';
  const { out, err } = await runCli('status', '--config', config);
  expect(err).toBe('');
  expect(out).toContain(`\nflights: ${note}\n`);
  const { out: json } = await runCli('status', '--config', config, '--format', 'json');
  expect(JSON.parse(json)).toMatchObject({
    models: [
      { model: 'flights', notes: [note] },
      { model: 'trains', notes: [] },
    ],
  });
});
