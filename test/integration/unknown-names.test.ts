import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';

import { createLog } from '../../src/platform/log.ts';
import type { UnknownNameWrite } from '../../src/storage/ingest-store.ts';
import { createCatalogStore } from '../../src/storage/postgres/catalog-store.ts';
import { createIngestStore } from '../../src/storage/postgres/ingest-store.ts';
import { migrate } from '../../src/storage/postgres/migrate.ts';
import { createPool } from '../../src/storage/postgres/pool.ts';
import type { Pool } from '../../src/storage/postgres/pool.ts';
import { runCliIn } from '../support/run-cli.ts';
import { serve } from '../support/served.ts';
import type { Served } from '../support/served.ts';
import { freshDatabase } from '../support/servers.ts';

const log = createLog('silent');
const START = Date.UTC(2026, 0, 1);
const MINUTE = 60_000;

describe('names of features that nobody counts, behind checkpoints', () => {
  let pool: Pool;
  let modelId: number;
  beforeEach(async () => {
    pool = createPool({ url: await freshDatabase(), max: 6, applicationName: 'test', log });
    await migrate(pool, log);
    ({ id: modelId } = await createCatalogStore(pool).ensureModel('m'));
  });
  afterEach(() => pool.end());

  const seen = (name: string, firstSeen: number, lastSeen = firstSeen): UnknownNameWrite => ({
    modelId,
    name,
    firstSeen: START + firstSeen,
    lastSeen: START + lastSeen,
  });

  /** Checkpoints of one partition, each with these names. */
  async function partition(number: number) {
    const store = createIngestStore(pool);
    const key = { source: 's', topic: 't', partition: number };
    await store.ensurePartition(key, 0);
    const claim = await store.claim(key, `owner ${number}`);
    let offset = 0;
    return (names: readonly UnknownNameWrite[]) => {
      offset += 10;
      return store.commit({
        part: claim?.part ?? -1,
        epoch: claim?.epoch ?? -1,
        previousOffset: offset - 10,
        nextOffset: offset,
        outcomes: { counted: 10, quarantined: 0, tooLate: 0, duplicate: 0, filtered: 0 },
        anchorOffset: null,
        anchorHash: null,
        tiles: [],
        quarantine: [],
        progress: [{ modelId, events: offset, minEventTime: START, maxEventTime: START + offset }],
        unknownNames: names,
      });
    };
  }

  const kept = () => createCatalogStore(pool).unknownNames(modelId);

  it('are kept with the first and the last time, from whichever partition', async () => {
    const [first, second] = [await partition(0), await partition(1)];
    await first([seen('a', 5), seen('b', 7)]);
    await second([seen('a', 2, 3), seen('c', 9)]);
    await first([seen('a', 4, 8)]);
    expect(await kept()).toEqual({
      names: [
        { name: 'c', firstSeen: START + 9, lastSeen: START + 9, known: false },
        { name: 'a', firstSeen: START + 2, lastSeen: START + 8, known: false },
        { name: 'b', firstSeen: START + 7, lastSeen: START + 7, known: false },
      ],
      events: 30,
      newest: START + 20,
    });
  });

  it('are at most 100 of a model, those seen last, while two partitions write at once', async () => {
    const writers = [await partition(0), await partition(1)];
    const rounds = Array.from({ length: 30 }, (_, round) => round);
    const outcomes = await Promise.all(
      writers.map(async (write, number) => {
        const found = [];
        for (const round of rounds) {
          const names = Array.from({ length: 60 }, (_, i) =>
            seen(`${round}/${number}/${i}`, round),
          );
          const shared = Array.from({ length: 20 }, (_, i) => seen(`s${i}`, round + number));
          found.push(await write([...names, ...shared].sort((a, b) => (a.name < b.name ? -1 : 1))));
        }
        return found;
      }),
    );
    expect(outcomes.flat()).toEqual(Array.from({ length: 60 }, () => ({ outcome: 'committed' })));
    const { names } = await kept();
    expect(names).toHaveLength(100);
    // Those that come with every checkpoint stay, whatever rubbish comes beside them.
    expect(names.slice(0, 20).map(({ name }) => name)).toEqual(
      Array.from({ length: 20 }, (_, i) => `s${i}`).sort(),
    );
    expect(names[0]).toMatchObject({ firstSeen: START, lastSeen: START + 30 });
    const { rows } = await pool.query('SELECT count(*) AS n FROM unknown_feature');
    expect(rows).toEqual([{ n: 100 }]);
  });

  it('fail no checkpoint, whatever is in them', async () => {
    const write = await partition(0);
    const { namesError, ...result } = (await write([seen('a\0b', 1)])) as { namesError?: Error };
    expect(result).toEqual({ outcome: 'committed' });
    expect(namesError?.message).toContain('invalid byte sequence');
    await pool.query('DROP TABLE unknown_feature');
    expect(await write([seen('a', 1)])).toMatchObject({ outcome: 'committed' });
    expect(await write([])).toEqual({ outcome: 'committed' });
    const { rows } = await pool.query('SELECT next_offset AS next, counted FROM ingest_partition');
    expect(rows).toEqual([{ next: 30, counted: 30 }]);
  });

  it('of a model that is gone meanwhile are not kept', async () => {
    const write = await partition(0);
    await pool.query('DELETE FROM model_progress');
    expect(await write([{ ...seen('a', 1), modelId: 999 }])).toEqual({ outcome: 'committed' });
    expect((await kept()).names).toEqual([]);
  });
});

describe('a baseline beside a stream that sends more', () => {
  const NAME = 'wind \u202Egust\u001B[2J';
  let served: Served;
  let pool: Pool;
  let database: string;
  let folder: string;
  let sent = 0;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'driftd-names-'));
    database = await freshDatabase();
    served = await serve(
      database,
      `http: { listen: '127.0.0.1:0' }
http_source: {}
ingest: { checkpoint_interval: 50ms }
models: [{ name: m, features: { request: { tier: ignore } } }]
monitors: [{ name: daily, model: m, schedule: '0 0 * * *', windows: [24h] }]
`,
      'serve',
      'ingest',
    );
    pool = createPool({ url: database, max: 2, applicationName: 'test', log });
    await writeFile(
      join(folder, 'driftd.yaml'),
      "postgres: { url: '${DATABASE_URL}' }\nmodels: [{ name: m, features: { request: { tier: ignore } } }]\n",
    );
  });
  afterAll(async () => {
    await served.stop();
    await pool.end();
    await rm(folder, { recursive: true });
  });

  /** Events are sent and counted. */
  async function send(values: (i: number) => object, events = 300): Promise<void> {
    const list = Array.from({ length: events }, (_, i) => ({
      model: 'm',
      ts: START + (sent + i) * MINUTE,
      features: values(i),
    }));
    sent += events;
    const { status, text } = await served.ask('/events', { method: 'POST', body: list });
    expect(status, text).toBe(202);
    await expect
      .poll(
        async () => {
          const { rows } = await pool.query<{ n: number }>(
            'SELECT coalesce(sum(events), 0)::bigint AS n FROM model_progress',
          );
          return rows[0]?.n;
        },
        { timeout: 20_000 },
      )
      .toBe(sent);
  }

  const csv = (columns: readonly string[]): string =>
    [
      columns.join(','),
      ...Array.from({ length: 600 }, (_, i) =>
        columns.map((_c, at) => (i * (at + 7)) % 101).join(','),
      ),
    ].join('\n');

  async function baseline(verb: 'validate' | 'upload', ...columns: string[]): Promise<string[]> {
    const file = join(folder, `${columns.join('-')}.csv`);
    await writeFile(file, csv(columns));
    const config = join(folder, 'driftd.yaml');
    const env = { DATABASE_URL: database };
    const { code, out, err } = await runCliIn(env, 'baseline', verb, 'm', file, '--config', config);
    expect(code, err).toBe(0);
    return out.split('\n').filter((line) => line.startsWith('Warning: '));
  }

  const listed = async (): Promise<string[]> => {
    const answer = await served.ask('/models/m/unknown-features');
    return answer.json<{ items: { name: string }[] }>().items.map(({ name }) => name);
  };

  it('is told which, before the first version and after it', async () => {
    const usual = (i: number) => ({ x: i % 101, y: i % 97, request: `r${i}` });
    await send((i) => ({ ...usual(i), gust: 1, [NAME]: 2 }));
    expect((await listed()).toSorted()).toEqual(['gust', 'wind \u202Egust\uFFFD[2J', 'x', 'y']);
    const lacks = (name: string, seen: string): string =>
      `Warning: the stream sends ${name} (${seen}), the baseline lacks it: it is not watched; add it, or ignore it`;
    const seen = (at: number): string =>
      `last seen ${new Date(START + at * MINUTE).toISOString().replace('.000', '')}`;
    const last = await pool.query<{ at: number }>(
      "SELECT last_seen AS at FROM unknown_feature WHERE name = 'gust'",
    );
    const minute = ((last.rows[0]?.at ?? 0) - START) / MINUTE;
    expect(await baseline('validate', 'x', 'z')).toEqual([
      lacks('gust', seen(minute)),
      lacks('"wind \uFFFDgust\uFFFD[2J"', seen(minute)),
      lacks('y', seen(minute)),
      'Warning: z is in none of the events that were looked at so far: ignore it, or have it sent',
    ]);

    await baseline('upload', 'x', 'y');
    await served.ask('/models/m/baselines/1/activate', {
      method: 'POST',
      body: { reason: 'first' },
    });
    await send((i) => ({ ...usual(i), ...(i % 2 === 0 ? { gust: 1 } : {}) }), 1_500);
    expect(await listed()).toContain('gust');
    const [warning, ...others] = await baseline('validate', 'x', 'y', 'w');
    expect([warning, others]).toEqual([
      'Warning: w is new: it is counted from now on, and has no data before',
      [
        expect.stringMatching(
          /^Warning: the stream sends gust \(last seen 2026-01-0[12]T\d\d:\d\d:\d\dZ\)/,
        ),
      ],
    ]);

    expect((await baseline('upload', 'x', 'y', 'gust')).join()).not.toContain('stream sends');
    await served.ask('/models/m/baselines/2/activate', {
      method: 'POST',
      body: { reason: 'it knows gust' },
    });
    expect(await listed()).not.toContain('gust');
  });

  it('asks for a model that there is', async () => {
    expect((await served.ask('/models/none/unknown-features')).status).toBe(404);
  });
});
