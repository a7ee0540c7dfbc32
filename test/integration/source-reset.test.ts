import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createLog } from '../../src/platform/log.ts';
import { createIngestStore } from '../../src/storage/postgres/ingest-store.ts';
import { migrate } from '../../src/storage/postgres/migrate.ts';
import { createPool, inTransaction } from '../../src/storage/postgres/pool.ts';
import type { Pool } from '../../src/storage/postgres/pool.ts';
import { createTileKeeper } from '../../src/storage/postgres/tiles/tile-keeper.ts';
import { runCli } from '../support/run-cli.ts';
import { freshDatabase } from '../support/servers.ts';

const log = createLog('silent');
const [SOURCE, TOPIC] = ['replay', 'history'];
const NOTHING = { counted: 0, quarantined: 0, tooLate: 0, duplicate: 0, filtered: 0 };

let folder: string;
let config: string;
let pool: Pool;

beforeAll(async () => {
  const url = await freshDatabase();
  folder = mkdtempSync(path.join(tmpdir(), 'driftd-reset-'));
  config = path.join(folder, 'driftd.yaml');
  writeFileSync(
    config,
    `replay: { path: '${path.join(folder, 'events.ndjson')}', name: ${TOPIC}, format: ndjson }
postgres: { url: '${url}' }
http: { listen: '127.0.0.1:0' }
models: [{ name: m, features: { x: { kind: numeric } } }]
`,
  );
  pool = createPool({ url, max: 3, applicationName: 'test', log });
  await migrate(pool, log);
});

afterAll(async () => {
  await pool.end();
  rmSync(folder, { recursive: true, force: true });
});

/** Two partitions that are read to 50, one of them halted; a bad record at 40, ids of events. */
beforeEach(async () => {
  await pool.query('TRUNCATE ingest_partition CASCADE');
  const store = createIngestStore(pool);
  const starts = new Map([0, 1].map((partition) => [partition, 10]));
  await store.startTopic(SOURCE, TOPIC, starts);
  for (const partition of [0, 1]) await commit(partition, 10, 50);
  await pool.query(
    `UPDATE ingest_partition SET state = 'halted', reason = 'made anew' WHERE partition = 0`,
  );
});

async function commit(partition: number, previousOffset: number, nextOffset: number) {
  const store = createIngestStore(pool);
  const key = { source: SOURCE, topic: TOPIC, partition };
  const claim = await store.claim(key, 'owner');
  const result = await store.commit({
    part: claim?.part ?? -1,
    epoch: claim?.epoch ?? -1,
    previousOffset,
    nextOffset,
    outcomes: { ...NOTHING, counted: nextOffset - previousOffset - 1, quarantined: 1 },
    anchorOffset: nextOffset - 1,
    anchorHash: new Uint8Array(16),
    tiles: [],
    quarantine: [
      {
        offset: nextOffset - 10,
        reason: 'invalid-json',
        detail: 'bad',
        payload: null,
        headers: null,
      },
    ],
    seen: { writes: [{ generation: 1, hashes: new Uint8Array(8) }], keepFrom: 0 },
    progress: [],
  });
  expect(result).toEqual({ outcome: 'committed' });
}

async function positions(): Promise<unknown[]> {
  const { rows } = await pool.query(
    `SELECT partition, next_offset AS next, state, reason, anchor_offset AS anchor,
       covered_before + next_offset - start_offset - counted - quarantined AS unaccounted
     FROM ingest_partition ORDER BY partition`,
  );
  return rows;
}

const reset = (...more: string[]) =>
  runCli('source', 'reset', TOPIC, '--source', SOURCE, ...more, '--config', config);

/** Does somebody wait for what this connection holds? */
async function waitsFor(pid: number): Promise<boolean> {
  const { rowCount } = await pool.query(
    'SELECT FROM pg_stat_activity WHERE $1 = ANY (pg_blocking_pids(pid))',
    [pid],
  );
  return rowCount !== 0;
}

describe('driftd source reset', () => {
  it('only tells what it would do until it is told to', async () => {
    const before = await positions();

    const { code, out, err } = await reset('--partition', '0', '--to', '0');

    expect(code).toBe(2);
    expect(out).toMatch(/history\/0 +halted +50 +0 +50 offsets are read again/);
    expect(out).toMatch(/more than 8 days older than the watermark of their model are too late/);
    expect(err).toMatch(/nothing was changed.*--yes/);
    expect(await positions()).toEqual(before);
  });

  it.each([[[]], [['--yes']]])('tells programs of each partition alike: %j', async (more) => {
    const { out } = await reset('--all-partitions', '--to', '20', '--format', 'json', ...more);
    expect(JSON.parse(out)).toEqual([
      { partition: 0, nextOffset: 50, state: 'halted', reason: 'made anew', to: 20 },
      { partition: 1, nextOffset: 50, state: 'ok', reason: null, to: 20 },
    ]);
  });

  it('sets the position, wakes what is halted, fences the reader, and writes it down', async () => {
    const key = { source: SOURCE, topic: TOPIC, partition: 0 };
    const epochOf = async (): Promise<number> =>
      (await createIngestStore(pool).claim(key, 'owner'))?.epoch ?? -1;
    const reader = await epochOf();

    const { code } = await reset('--partition', '0', '--to', '0', '--yes');

    expect(code).toBe(0);
    expect(await positions()).toEqual([
      { partition: 0, next: 0, state: 'ok', reason: null, anchor: null, unaccounted: 0 },
      { partition: 1, next: 50, state: 'ok', reason: null, anchor: 49, unaccounted: 0 },
    ]);
    expect(await epochOf()).toBe(reader + 2);
    // What earlier tests have done stays in the audit.
    const { rows } = await pool.query(
      'SELECT actor, action, target, detail FROM audit ORDER BY id DESC LIMIT 1',
    );
    expect(rows).toEqual([
      {
        actor: expect.stringMatching(/^command line/) as string,
        action: 'source.reset',
        target: 'replay history/0',
        detail: { from: 50, to: 0, state: 'halted', reason: 'made anew' },
      },
    ]);
  });

  it('lets the same offsets be read again, and every outcome still adds up', async () => {
    await reset('--all-partitions', '--to', '10', '--yes');
    for (const partition of [0, 1]) await commit(partition, 10, 50);

    expect(await positions()).toMatchObject([{ unaccounted: 0 }, { unaccounted: 0 }]);
    const { rows } = await pool.query('SELECT record_offset FROM quarantine');
    expect(rows).toEqual([{ record_offset: 40 }, { record_offset: 40 }]);
  });

  it('passes over what is not to be read', async () => {
    await reset('--partition', '1', '--to', '80', '--yes');
    await commit(1, 80, 100);

    expect(await positions()).toMatchObject([{ next: 50 }, { next: 100, unaccounted: 0 }]);
  });

  it.each([
    [['--to', '0'], /either --partition NUMBER... or --all-partitions/, 2],
    [['--partition', '0', '--all-partitions', '--to', '0'], /either --partition/, 2],
    [['--partition', '7', '--to', '0'], /no partition 7 has been read, only 0, 1$/m, 3],
    [
      ['--partition', '0', '--to', 'earliest'],
      /--to earliest is for Kafka; of replay say an offset: history\/0 is at 50, 0 is the first row/,
      3,
    ],
    [['--partition', '0', '--to', 'x'], /no whole number/, 2],
    [['--all-partitions'], /required option '--to/, 2],
  ])('refuses %j', async (words, message, exitCode) => {
    const before = await positions();
    const { code, err } = await reset(...words, '--yes');
    expect(err).toMatch(message);
    expect(code).toBe(exitCode);
    expect(await positions()).toEqual(before);
  });

  it('refuses a topic that was never read', async () => {
    const words = ['--source', SOURCE, '--all-partitions', '--to', '0', '--yes'];
    const { code, err } = await runCli('source', 'reset', 'other', ...words, '--config', config);
    expect(err).toMatch(
      /nothing of replay other has been read yet; what has been: history\/0,1 of --source replay$/m,
    );
    expect(code).toBe(3);
  });

  it('names what there is when the source is not said, and when it is none', async () => {
    const words = ['source', 'reset', TOPIC, '--all-partitions', '--to', '0', '--config', config];
    expect(await runCli(...words)).toMatchObject({
      code: 3,
      err: 'driftd: nothing of kafka history has been read yet; what has been: history/0,1 of --source replay\n',
    });
    const none = await runCli(...words, '--source', 'htp');
    expect(none.err).toContain('Allowed choices are kafka, http, replay.');
    expect(none.code).toBe(2);
    await pool.query('TRUNCATE ingest_partition CASCADE');
    expect((await runCli(...words)).err).toContain('and nothing of any source');
  });

  it('says which offsets there are of events over HTTP', async () => {
    await createIngestStore(pool).startTopic('http', 'posted', new Map([[0, 7]]));
    const words = ['source', 'reset', 'posted', '--source', 'http', '--all-partitions'];
    const { code, err } = await runCli(...words, '--to', 'latest', '--config', config);
    expect(err).toMatch(/of http say an offset: posted\/0 is at 7, events are deleted once they/);
    expect(code).toBe(3);
  });

  describe('of posted events', () => {
    const words = ['source', 'reset', 'posted', '--source', 'http', '--partition', '0'];
    const to = (offset: number) =>
      runCli(...words, '--to', String(offset), '--yes', '--config', config);
    const at = async (): Promise<unknown> => {
      const { rows } = await pool.query<{ next: number }>(
        `SELECT next_offset AS next FROM ingest_partition WHERE source = 'http'`,
      );
      return rows[0]?.next;
    };

    beforeEach(async () => {
      await createIngestStore(pool).startTopic('http', 'posted', new Map([[0, 100]]));
      await pool.query('UPDATE inbox SET next_position = 130');
    });

    it('goes forward, to the end at most', async () => {
      expect((await to(120)).out).toMatch(/posted\/0 +ok +100 +120 +20 offsets are never counted/);
      expect(await at()).toBe(120);
      const { code, err } = await to(131);
      expect(err).toMatch(/posted\/0 is at 120 and cannot be read from 131: the events end at 130/);
      expect(code).toBe(3);
      expect((await to(130)).code).toBe(0);
      expect(await at()).toBe(130);
    });

    it('does not go back, since what was counted is deleted', async () => {
      const { code, out, err } = await to(99);
      expect({ code, out }).toEqual({ code: 3, out: '' });
      expect(err).toMatch(/is at 100 and cannot be read from 99: it only goes forward.*deleted;/);
      expect(await at()).toBe(100);
    });

    it('finds its way out of a position beyond the end', async () => {
      await pool.query(
        `UPDATE ingest_partition SET next_offset = 500, state = 'halted' WHERE source = 'http'`,
      );
      expect((await to(129)).code).toBe(3);
      expect((await to(130)).code).toBe(0);
      expect(await at()).toBe(130);
    });

    it('does not go back when the position moves on meanwhile', async () => {
      let asked: ReturnType<typeof to> | undefined;
      await inTransaction(pool, async (client) => {
        // The reader's checkpoint: the command has looked before it is visible, and waits for it.
        const { rows } = await client.query<{ pid: number }>(
          `UPDATE ingest_partition SET next_offset = 125 WHERE source = 'http' RETURNING pg_backend_pid() AS pid`,
        );
        asked = to(110);
        await expect.poll(() => waitsFor(rows[0]?.pid ?? 0)).toBe(true);
      });
      expect(await asked).toMatchObject({ code: 3, err: expect.stringContaining('is at 125') });
      expect(await at()).toBe(125);
    });
  });

  it('has an example of each source in its help', async () => {
    const { out } = await runCli('source', 'reset', '--help');
    for (const source of ['http', 'replay'])
      expect(out).toMatch(
        new RegExp(`driftd source reset \\S+ --source ${source} --partition 0 --to \\d`),
      );
    expect(out).toContain('driftd source reset predictions --partition 3 --to earliest');
  });
});

it('who trims the quarantine takes the partition first, as who sets its position does', async () => {
  let trimming: Promise<number> | undefined;
  // What a reset does, in its order.
  await inTransaction(pool, async (client) => {
    const { rows } = await client.query<{ pid: number }>(
      `SELECT pg_backend_pid() AS pid FROM ingest_partition WHERE partition = 0 FOR UPDATE`,
    );
    trimming = createTileKeeper(pool).trimQuarantine(0, 1e9);
    trimming.catch(() => undefined);
    await expect.poll(() => waitsFor(rows[0]?.pid ?? 0)).toBe(true);
    await client.query(
      'DELETE FROM quarantine WHERE part = (SELECT id FROM ingest_partition WHERE partition = 0)',
    );
  });
  expect(await trimming).toBe(1);
});
