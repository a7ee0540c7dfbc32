import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { createPartitionCounter } from '../../src/accumulate/counting.ts';
import { createModelRegistry } from '../../src/accumulate/model-registry.ts';
import { sleep } from '../../src/platform/clock.ts';
import { createLog } from '../../src/platform/log.ts';
import { createCatalogStore } from '../../src/storage/postgres/catalog-store.ts';
import { createIngestStore } from '../../src/storage/postgres/ingest-store.ts';
import { migrate } from '../../src/storage/postgres/migrate.ts';
import { createPool } from '../../src/storage/postgres/pool.ts';
import type { Pool } from '../../src/storage/postgres/pool.ts';
import { createTileKeeper } from '../../src/storage/postgres/tiles/tile-keeper.ts';
import { runCli, runCliOn } from '../support/run-cli.ts';
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
  const kafka = "kafka: { brokers: ['127.0.0.1:1'], topics: [{ name: bad }] }";
  writeFileSync(config, `${kafka}\npostgres: { url: '${url}' }\nmodels: [{ name: m }]\n`);
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
    const value = Buffer.from(`{"model": "secret", "n": ${offset}`);
    const headers = new Map(
      Object.entries({
        'Content-Type': Buffer.from('text/\u001Bplain; charset=utf-8'),
        ce_type: Buffer.from('com.example'),
        ce_subject: Buffer.from('secret'),
      }),
    );
    claim.recordRejected({ offset, value, headers }, rejection, 1);
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

  it('is told whole: wrapped on a terminal, else a record a line', async () => {
    const detail = `no model named "x" is configured; ${'say which it is in the event, '.repeat(4)}the end`;
    await pool.query('UPDATE quarantine SET detail = $1 WHERE record_offset = 999', [detail]);
    const list = ['quarantine', 'list', '--config', config, '--limit', '1'];
    const { out } = await runCli(...list);
    expect(out.split('\n')).toHaveLength(3);
    expect(out).toContain(`unknown-model  ${detail}\n`);

    const lines = (await runCliOn(100, ...list)).out.trimEnd().split('\n');
    expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(100);
    const begin = lines[0]?.indexOf('what is wrong') ?? -1;
    const told = lines.slice(1).map((line) => line.slice(begin));
    expect(told.length).toBeGreaterThan(2);
    expect(told.join(' ')).toBe(detail);
    // Less than a word of room: whoever shows it wraps it.
    expect((await runCliOn(begin + 5, ...list)).out).toBe(out);
  });

  it('has the keys of the API as JSON', async () => {
    const args = ['--config', config, '--format', 'json'];
    const { out } = await runCli('quarantine', 'list', '--limit', '1', ...args);
    expect((JSON.parse(out) as object[]).map((entry) => Object.keys(entry).toSorted())).toEqual([
      [
        'detail',
        'headers',
        'offset',
        'partition',
        'payload',
        'reason',
        'recordedAt',
        'source',
        'topic',
      ],
    ]);
  });

  it('shows one record without its values', async () => {
    const { out, code } = await runCli('quarantine', 'show', 'bad', '0', '12', '--config', config);
    expect(code).toBe(0);
    expect(out).toContain('payload    {"model": "xxxxxx", "n": 00');
    expect(out).toContain('header     content-type: text/\uFFFDplain; charset=utf-8\n');
    expect(out).toContain('header     ce-type: com.example\n');
    expect(out).not.toContain('secret');
    const missing = await runCli('quarantine', 'show', 'bad', '0', '77777', '--config', config);
    expect(missing.code).toBe(3);
    expect(missing.err).toContain('there is no record bad/0/77777');
  });

  it('says which source it is when topics of two have one name', async () => {
    await pool.query(
      `WITH other AS (INSERT INTO ingest_partition (source, topic, partition, next_offset, start_offset)
         VALUES ('replay', 'bad', 0, 13, 0) RETURNING id)
       INSERT INTO quarantine (part, record_offset, reason, detail) SELECT id, 12, 'invalid-json', 'of the file' FROM other`,
    );
    const show = (...more: string[]) =>
      runCli('quarantine', 'show', 'bad', '0', '12', '--config', config, ...more);
    const both = await show();
    expect(both.code).toBe(3);
    expect(both.err).toMatch(/of (kafka and one of replay|replay and one of kafka); .*--source/);
    expect((await show('--source', 'replay')).out).toContain('detail     of the file');
    expect((await show('--source', 'kafka')).out).toContain('detail     it ends too early');
    const list = ['quarantine', 'list', '--config', config, '--format', 'json', '--source'];
    expect(JSON.parse((await runCli(...list, 'replay')).out)).toMatchObject([
      { source: 'replay', offset: 12, headers: null },
    ]);
    await pool.query("DELETE FROM ingest_partition WHERE source = 'replay'");
  });

  it('is seen in the status of the sources', async () => {
    const { out } = await runCli('source', 'status', '--config', config);
    expect(out).toMatch(
      /^source .* counted +quarantined +rows not kept +too late +duplicate +filtered +lost +watermark +read by$/m,
    );
    expect(out).toMatch(/kafka +bad\/0 +ok +0 +2500 +0 +2500 +1500 +0 +0 +0 +0 +-/);
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

/** Days are those of UTC: what is to fall on one day is not begun at its end. */
async function awayFromMidnight(): Promise<void> {
  const left = DAY_MS - (Date.now() % DAY_MS);
  if (left < 30_000) await sleep(left + 1_000);
}

describe('a flood of bad records', () => {
  it('keeps so many rows of a source and day, over all of its partitions', async () => {
    await awayFromMidnight();
    await pool.query('TRUNCATE quarantine, quarantine_day');
    await pool.query("UPDATE ingest_partition SET source = 'before'");
    const { rows } = await pool.query<{ dropped: number }>(
      `WITH parts AS (
         INSERT INTO ingest_partition (source, topic, partition, next_offset, start_offset)
         SELECT 'flood', 'bad', p, 0, 0 FROM generate_series(0, 1) AS p RETURNING id)
       INSERT INTO quarantine_day (part, day, kept_rows, kept_bytes)
       SELECT id, (now() AT TIME ZONE 'UTC')::date, 4000, 33000000 FROM parts RETURNING 0 AS dropped`,
    );
    expect(rows.length).toBe(2);
    const keep = async (partition: number, payload: number) => {
      const store = createIngestStore(pool);
      const claim = await store.claim({ source: 'flood', topic: 'bad', partition }, 'test');
      if (claim === null) throw new Error('the partition is not there');
      const quarantine = Array.from({ length: 1_000 }, (_, i) => ({
        offset: claim.nextOffset + i,
        reason: 'invalid-json' as const,
        detail: 'x',
        payload: new Uint8Array(payload),
        headers: null,
      }));
      const { outcome } = await store.commit({
        part: claim.part,
        epoch: claim.epoch,
        previousOffset: claim.nextOffset,
        nextOffset: claim.nextOffset + 1_000,
        outcomes: { counted: 0, quarantined: 1_000, tooLate: 0, duplicate: 0, filtered: 0 },
        anchorOffset: null,
        anchorHash: null,
        tiles: [],
        quarantine,
        progress: [],
      });
      expect(outcome).toBe('committed');
      const kept = await pool.query<{ kept: number; dropped: number }>(
        `SELECT (SELECT count(*) FROM quarantine WHERE part = p.id) AS kept, quarantine_dropped AS dropped
         FROM ingest_partition p WHERE id = $1`,
        [claim.part],
      );
      return kept.rows[0];
    };

    // 64 MiB are 67,108,864 bytes, of which 66,000,000 are taken: 1,108 records of 999 and 1 bytes more.
    expect(await keep(0, 999)).toEqual({ kept: 1_000, dropped: 0 });
    expect(await keep(1, 999)).toEqual({ kept: 108, dropped: 892 });
    // Rows: 9,108 of 10,000 are there.
    await pool.query('UPDATE quarantine_day SET kept_bytes = 0');
    expect(await keep(0, 0)).toEqual({ kept: 1_892, dropped: 108 });
    // Another day has room again, and the old one is no longer kept.
    await pool.query('UPDATE quarantine_day SET day = day - 1');
    expect(await keep(0, 0)).toEqual({ kept: 2_892, dropped: 108 });
    expect((await pool.query('SELECT FROM quarantine_day')).rowCount).toBe(2);
  });

  it('is let go of in batches, however many rows there are', async () => {
    await pool.query('TRUNCATE quarantine');
    await pool.query('UPDATE ingest_partition SET quarantine_dropped = 0');
    await pool.query(
      `INSERT INTO quarantine (part, record_offset, reason, detail, recorded_at)
       SELECT p.id, n, 'invalid-json', 'x', now() - n * interval '1 second'
       FROM ingest_partition p, generate_series(1, 12000) AS n`,
    );
    const keeper = createTileKeeper(pool);
    expect(await keeper.trimQuarantine(10_000, 30 * DAY_MS)).toBe(3 * 2_000);
    const { rows } = await pool.query<{
      rows: number;
      newest: number;
      oldest: number;
      dropped: number;
    }>(
      `SELECT count(*) AS rows, min(q.record_offset) AS newest, max(q.record_offset) AS oldest,
         min(p.quarantine_dropped) AS dropped
       FROM quarantine q JOIN ingest_partition p ON p.id = q.part GROUP BY q.part`,
    );
    const whole = { rows: 10_000, newest: 1, oldest: 10_000, dropped: 2_000 };
    expect(rows).toEqual([whole, whole, whole]);
  });
});
