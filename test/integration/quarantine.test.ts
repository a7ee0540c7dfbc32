import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { createPartitionCounter } from '../../src/accumulate/counting.ts';
import { createModelRegistry } from '../../src/accumulate/model-registry.ts';
import { createLog } from '../../src/platform/log.ts';
import { createCatalogStore } from '../../src/storage/postgres/catalog-store.ts';
import { createIngestStore } from '../../src/storage/postgres/ingest-store.ts';
import { migrate } from '../../src/storage/postgres/migrate.ts';
import { createPool } from '../../src/storage/postgres/pool.ts';
import type { Pool } from '../../src/storage/postgres/pool.ts';
import { createTileKeeper } from '../../src/storage/postgres/tiles/tile-keeper.ts';
import { runCli } from '../support/run-cli.ts';
import { freshDatabase } from '../support/servers.ts';

const log = createLog('silent');
const RECORDS = 2_500;
const DAY_MS = 86_400_000;

let folder: string;
let config: string;
let pool: Pool;

/** One checkpoint of records of which none can be counted. */
beforeAll(async () => {
  const url = await freshDatabase();
  folder = mkdtempSync(path.join(tmpdir(), 'driftd-quarantine-'));
  config = path.join(folder, 'driftd.yaml');
  writeFileSync(config, `postgres: { url: '${url}' }\nmodels: [{ name: m }]\n`);
  pool = createPool({ url, max: 4, applicationName: 'test', log });
  await migrate(pool, log);
  const catalog = createCatalogStore(pool);
  const registry = createModelRegistry({ catalog, models: () => [], log });
  const counter = createPartitionCounter({
    store: createIngestStore(pool),
    catalog,
    registry,
    owner: 'test',
    futureToleranceMs: 0,
  });
  const claim = await counter.claim(
    { source: 'kafka', topic: 'bad', partition: 0 },
    {
      startOffsets: () => Promise.resolve(new Map([[0, 0]])),
      range: () => Promise.resolve({ start: 0, end: RECORDS }),
    },
  );
  for (let offset = 0; offset < RECORDS; offset += 1) {
    const rejection =
      offset % 2 === 0
        ? { reason: 'invalid-json' as const, detail: 'it ends too early' }
        : { reason: 'unknown-model' as const, detail: 'no model named "x\u001B[31m" is declared' };
    claim.recordRejected(offset, rejection, Buffer.from(`{"model": "secret", "n": ${offset}`), 1);
  }
  expect((await claim.checkpoint(RECORDS, null)).outcome).toBe('committed');
});
afterAll(async () => {
  await pool.end();
  rmSync(folder, { recursive: true, force: true });
});

async function tally(): Promise<{ quarantined: number; dropped: number; rows: number }> {
  const { rows } = await pool.query<{ quarantined: number; dropped: number; rows: number }>(
    'SELECT quarantined, quarantine_dropped AS dropped, (SELECT count(*) FROM quarantine) AS rows FROM ingest_partition',
  );
  return rows[0] as { quarantined: number; dropped: number; rows: number };
}

describe('quarantine', () => {
  it('counts every record and keeps rows of so many', async () => {
    expect(await tally()).toEqual({ quarantined: RECORDS, dropped: 1_500, rows: 1_000 });
  });

  it('is listed with place and reason, and filtered', async () => {
    const { out, code } = await runCli('quarantine', 'list', '--config', config, '--limit', '3');
    expect(code).toBe(0);
    expect(out.split('\n')[1]).toMatch(/^bad\/0\/999 +\d{4}-.*unknown-model +no model named/);
    expect(out).not.toContain('\u001B');
    const args = ['--reason', 'invalid-json', '--format', 'json', '--limit', '2000'];
    const json = await runCli('quarantine', 'list', '--config', config, ...args);
    const entries = JSON.parse(json.out) as { reason: string; offset: number }[];
    expect(entries.length).toBe(500);
    expect(new Set(entries.map(({ reason }) => reason))).toEqual(new Set(['invalid-json']));
    const none = await runCli('quarantine', 'list', '--config', config, '--topic', 'other');
    expect(none.out).toBe('Nothing is in quarantine.\n');
    const wrong = await runCli('quarantine', 'list', '--config', config, '--from', 'yesterday');
    expect(wrong.code).toBe(2);
  });

  it('shows one record without its values', async () => {
    const { out, code } = await runCli('quarantine', 'show', 'bad', '0', '12', '--config', config);
    expect(code).toBe(0);
    expect(out).toContain('payload    {"model": "xxxxxx", "n": 00');
    const missing = await runCli('quarantine', 'show', 'bad', '0', '77777', '--config', config);
    expect(missing.code).toBe(3);
    expect(missing.err).toContain('there is no record bad/0/77777');
  });

  it('is seen in the status of the sources', async () => {
    const { out } = await runCli('source', 'status', '--config', config);
    expect(out).toMatch(/kafka +bad\/0 +ok +2500 +0 +2500 +0 +0/);
    const { out: json } = await runCli('source', 'status', '--config', config, '--format', 'json');
    expect(JSON.parse(json)).toMatchObject([{ topic: 'bad', quarantined: RECORDS }]);
  });

  it('lets go of the oldest rows, which stay counted', async () => {
    const keeper = createTileKeeper(pool);
    expect(await keeper.trimQuarantine(600, 30 * DAY_MS)).toBe(400);
    expect(await tally()).toEqual({ quarantined: RECORDS, dropped: 1_900, rows: 600 });
    expect(await keeper.trimQuarantine(600, 30 * DAY_MS)).toBe(0);
    await pool.query(
      "UPDATE quarantine SET recorded_at = now() - interval '31 days' WHERE record_offset < 500",
    );
    expect(await keeper.trimQuarantine(600, 30 * DAY_MS)).toBe(100);
    expect(await tally()).toEqual({ quarantined: RECORDS, dropped: 2_000, rows: 500 });
  });
});
