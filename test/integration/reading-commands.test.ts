import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createLog } from '../../src/platform/log.ts';
import { knownMigrations, migrate } from '../../src/storage/postgres/migrate.ts';
import { createPool } from '../../src/storage/postgres/pool.ts';
import type { Pool } from '../../src/storage/postgres/pool.ts';
import { runCli } from '../support/run-cli.ts';
import { freshDatabase } from '../support/servers.ts';
import { temporaryFile } from '../support/temporary-file.ts';

const log = createLog('silent');
const READING = [
  'status',
  'source status',
  'source reset t --all-partitions --to earliest',
  'quarantine list',
  'quarantine show t 0 0',
  'evaluate',
  'alert list',
  'silence list',
  'token list',
  'baseline list m',
  'baseline show m 1',
  'baseline diff m 1',
  'baseline shadow m 1',
  'baseline export m 1',
];

interface Database {
  readonly url: string;
  readonly pool: Pool;
}

async function database(): Promise<Database> {
  const url = await freshDatabase();
  return { url, pool: createPool({ url, max: 2, applicationName: 'test', log }) };
}

async function relations(pool: Pool): Promise<string[]> {
  const { rows } = await pool.query<{ name: string }>(
    `SELECT relname AS name FROM pg_class WHERE relnamespace = 'public'::regnamespace ORDER BY relname`,
  );
  return rows.map(({ name }) => name);
}

async function drive(url: string, words: string) {
  const text = `postgres: { url: ${JSON.stringify(url)} }\nmodels: [{ name: m }]\n`;
  return runCli(...words.split(' '), '--config', await temporaryFile('driftd.yaml', text));
}

describe('a command that reads, on a database without schema,', () => {
  let empty: Database;
  beforeAll(async () => (empty = await database()));
  afterAll(() => empty.pool.end());

  it.each(READING)('driftd %s: says so in a sentence, and makes none', async (words) => {
    const { code, out, err } = await drive(empty.url, words);
    expect(err).toMatch(
      /^driftd: the database at \S+ has no schema yet; driftd run makes it at start, or driftd migrate beforehand\n$/,
    );
    expect({ code, out }).toEqual({ code: 6, out: '' });
    expect(await relations(empty.pool)).toEqual([]);
  });

  it('driftd baseline validate: checks the file alone, says so, and makes none', async () => {
    const rows = Array.from({ length: 2_000 }, (_, i) => `${String(i % 97)},${String(i)}\n`);
    const good = await temporaryFile('good.csv', `x,y\n${rows.join('')}`);
    const { code, out, err } = await drive(empty.url, `baseline validate m ${good}`);
    expect(err).toMatch(/^The database has no schema yet, so the file is checked alone: .*\n$/);
    expect(out).toMatch(/2,?000 rows/);
    expect(code).toBe(0);
    const bad = await temporaryFile('bad.csv', 'x,y\n1,2\n3\n');
    expect(await drive(empty.url, `baseline validate m ${bad}`)).toMatchObject({
      code: 3,
      err: expect.stringContaining('bad.csv') as string,
    });
    expect((await drive(empty.url, `baseline validate other ${good}`)).err).toContain(
      'there is no model other',
    );
    expect(await relations(empty.pool)).toEqual([]);
  });
});

it('driftd doctor says of a new database what there is none of', async () => {
  const { url, pool } = await database();
  try {
    const { out } = await drive(url, 'doctor');
    expect(out).toMatch(/^unknown +work +driftd has done no work on this database yet$/m);
  } finally {
    await pool.end();
  }
});

describe('a command that reads, on a database that an older driftd made,', () => {
  let old: Database;
  beforeAll(async () => {
    old = await database();
    await migrate(old.pool, log, (await knownMigrations()).slice(0, -1));
  });
  afterAll(() => old.pool.end());

  it.each(READING)('driftd %s: says so in a sentence, and changes nothing', async (words) => {
    const before = await relations(old.pool);
    const { code, out, err } = await drive(old.url, words);
    expect(err).toMatch(
      /^driftd: the database at \S+ lacks 1 migration of this driftd, from \d{4}_\w+\.sql; driftd migrate, or a driftd run of this version, brings it up to date\n$/,
    );
    expect({ code, out }).toEqual({ code: 6, out: '' });
    expect(await relations(old.pool)).toEqual(before);
  });
});

it('a database that a newer driftd keeps for itself ends a command that reads with 5', async () => {
  const { url, pool } = await database();
  try {
    await migrate(pool, log);
    await pool.query(
      `INSERT INTO schema_version (version, file, checksum, breaking) VALUES (9999, 'x', '', true)`,
    );
    const { code, err } = await drive(url, 'status');
    expect(err).toMatch(/has schema version 9999, which this driftd \(up to \d+\) must not use/);
    expect(code).toBe(5);
  } finally {
    await pool.end();
  }
});
