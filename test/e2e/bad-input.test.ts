import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createTopic } from '../../scripts/demo/publisher.ts';
import { EXIT } from '../../src/platform/errors.ts';
import { createLog } from '../../src/platform/log.ts';
import { createPool } from '../../src/storage/postgres/pool.ts';
import { runDriftd, spawnDriftd } from '../support/driftd.ts';
import type { Ended } from '../support/driftd.ts';
import { freshDatabase, kafkaBrokers, uniqueName } from '../support/servers.ts';

/** A port that nobody listens on: reserved, and never given out. */
const NOBODY = '127.0.0.1:1';
let folder: string;
let database: string;
let topic: string;

beforeAll(async () => {
  folder = mkdtempSync(path.join(tmpdir(), 'driftd-bad-input-'));
  database = await freshDatabase();
  topic = uniqueName('bad-input');
  await createTopic({ brokers: kafkaBrokers(), name: topic, partitions: 1 });
});

afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

interface Parts {
  broker?: string;
  topic?: string;
  database?: string;
  listen?: string;
  more?: string;
}

/** Writes a configuration that is right but for what is given. @returns its path */
function config(parts: Parts = {}): string {
  const file = path.join(folder, `${uniqueName('config')}.yaml`);
  writeFileSync(
    file,
    [
      'kafka:',
      `  brokers: ['${parts.broker ?? kafkaBrokers()[0]}']`,
      `  group: ${uniqueName('group')}`,
      `  topics: [{ name: ${parts.topic ?? topic} }]`,
      `postgres: { url: '${parts.database ?? database}' }`,
      `http: { listen: '${parts.listen ?? '127.0.0.1:0'}' }`,
      'models: [{ name: m }]',
      "monitors: [{ name: m, model: m, schedule: '0 * * * *', windows: [24h] }]",
      parts.more ?? '',
    ].join('\n'),
  );
  return file;
}

/** What a person is told: something, on standard error, without a stack. */
function told({ stderr }: Ended): string {
  expect(stderr).not.toMatch(/^\s+at /m);
  expect(stderr.trim()).not.toBe('');
  return stderr;
}

async function run(file: string): Promise<Ended> {
  return runDriftd(['run', '--config', file]);
}

describe('driftd run says in a sentence what is wrong, and ends with its code', () => {
  it('a configuration that is not there', async () => {
    const ended = await run(path.join(folder, 'missing.yaml'));
    expect(told(ended)).toMatch(/missing\.yaml cannot be read: there is no such file; .*--config/);
    expect(ended.code).toBe(EXIT.invalidInput);
  });

  it('an unknown key, by file, line and column', async () => {
    const file = config({ more: 'moniters: []' });
    const ended = await run(file);
    expect(told(ended)).toContain(`${file}:9:1 moniters: unknown key, did you mean "monitors"?`);
    expect(ended.code).toBe(EXIT.invalidInput);
  });

  it('a missing baseline', async () => {
    const empty = mkdtempSync(path.join(folder, 'baselines-'));
    const ended = await run(config({ more: `baselines: { directory: '${empty}' }` }));
    expect(told(ended)).toContain(empty);
    expect(told(ended)).toMatch(/m\b.*baseline|baseline.*\bm\b/);
    expect(ended.code).toBe(EXIT.invalidInput);
  });

  it('a baseline that is not one, by its line', async () => {
    const bad = mkdtempSync(path.join(folder, 'baselines-'));
    writeFileSync(path.join(bad, 'm.csv'), 'a,b\n1,2\n3,"4\n');
    const ended = await run(config({ more: `baselines: { directory: '${bad}' }` }));
    expect(told(ended)).toMatch(/m\.csv.*(line|:)\s?\d/);
    expect(ended.code).toBe(EXIT.invalidInput);
  });

  it('a database that does not answer', async () => {
    const ended = await run(config({ database: `postgres://driftd:geheim@${NOBODY}/driftd` }));
    expect(told(ended)).toMatch(/database at 127\.0\.0\.1:1\/driftd cannot be used.*postgres\.url/);
    expect(ended.stdout + ended.stderr).not.toContain('geheim');
    expect(ended.code).toBe(EXIT.unreachable);
  });

  it.each([
    [
      'a database user who may not make tables',
      'REVOKE CREATE ON SCHEMA public FROM',
      /GRANT CREATE ON SCHEMA/,
    ],
    [
      'a database that takes no writes',
      'ALTER ROLE %s SET default_transaction_read_only = on; --',
      /primary/,
    ],
  ])('%s', async (_, change, wayOut) => {
    const url = await freshDatabase();
    const name = uniqueName('poor').replaceAll('-', '_');
    const pool = createPool({ url, max: 1, applicationName: 'test', log: createLog('silent') });
    await pool.query(`CREATE ROLE ${name} LOGIN PASSWORD 'geheim'`);
    await pool.query(change.includes('%s') ? change.replace('%s', name) : `${change} ${name}`);
    const poor = new URL(url);
    poor.username = name;
    poor.password = 'geheim';
    const ended = await run(config({ database: poor.href }));
    expect(told(ended)).toMatch(/cannot be brought to this driftd's schema/);
    expect(told(ended)).toMatch(wayOut);
    expect(ended.stdout + ended.stderr).not.toContain('geheim');
    expect(ended.code).toBe(EXIT.unreachable);
    await pool.query(`DROP ROLE ${name}`);
    await pool.end();
  });

  it('a broker that does not answer', async () => {
    const ended = await run(config({ broker: NOBODY }));
    expect(told(ended)).toMatch(/127\.0\.0\.1:1.*kafka\.brokers/);
    expect(ended.code).toBe(EXIT.unreachable);
  });

  it('a topic that the broker does not have', async () => {
    const ended = await run(config({ topic: 'nowhere-to-be-found' }));
    expect(told(ended)).toContain('nowhere-to-be-found');
    expect(ended.code).toBe(EXIT.unreachable);
  });

  it('a port in use', async () => {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    try {
      const ended = await run(config({ listen: `127.0.0.1:${port}` }));
      expect(told(ended)).toMatch(
        new RegExp(`127\\.0\\.0\\.1:${port}.*another process has this port`),
      );
      expect(ended.code).toBe(EXIT.unreachable);
    } finally {
      server.close();
    }
  });

  it('a database that a newer driftd has migrated', async () => {
    const url = await freshDatabase();
    expect((await runDriftd(['migrate', '--config', config({ database: url })])).code).toBe(0);
    const pool = createPool({ url, max: 1, applicationName: 'test', log: createLog('silent') });
    await pool.query("INSERT INTO schema_version VALUES (9999, '9999_future.sql', 'x', true)");
    await pool.end();
    const ended = await run(config({ database: url }));
    expect(told(ended)).toMatch(/newer/);
    expect(ended.code).toBe(EXIT.schemaTooNew);
  });
});

describe('driftd run, asked to stop', () => {
  it('ends in order, and with 0, by either signal', async () => {
    for (const signal of ['SIGTERM', 'SIGINT'] as const) {
      const running = spawnDriftd(['run', '--config', config()]);
      await running.line('driftd is up');
      running.kill(signal);
      const { code, ms } = await running.ended;
      expect(code, signal).toBe(0);
      // The promise is 10 s; a machine that is busy with other tests is given its share.
      expect(ms, signal).toBeLessThan(15_000);
    }
  });

  it('migrates once when eight replicas start at a time', async () => {
    const url = await freshDatabase();
    const file = config({ database: url });
    const ended = await Promise.all(
      Array.from({ length: 8 }, () => runDriftd(['migrate', '--config', file], {}, 110_000)),
    );
    expect(ended.map(({ code }) => code)).toEqual(Array(8).fill(0));
    const pool = createPool({ url, max: 1, applicationName: 'test', log: createLog('silent') });
    const { rows } = await pool.query<{ n: number; versions: number }>(
      'SELECT count(*)::int AS n, count(DISTINCT version)::int AS versions FROM schema_version',
    );
    await pool.end();
    expect(rows[0]?.n).toBeGreaterThan(0);
    expect(rows[0]?.n).toBe(rows[0]?.versions);
  });
});
