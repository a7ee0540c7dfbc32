import { appendFileSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';

import { createPartitionCounter } from '../../src/accumulate/counting.ts';
import { createModelRegistry } from '../../src/accumulate/model-registry.ts';
import type { ReplayConfig } from '../../src/config/types.ts';
import { createEventDecoder } from '../../src/ingest/decode/event-decoder.ts';
import { noIngestMetrics } from '../../src/ingest/ingest-metrics.ts';
import { QueueBudget } from '../../src/ingest/intake.ts';
import { createPipeline } from '../../src/ingest/pipeline.ts';
import type { Pipeline } from '../../src/ingest/pipeline.ts';
import { createReplaySource } from '../../src/ingest/replay/replay-source.ts';
import { systemClock } from '../../src/platform/clock.ts';
import { createLog } from '../../src/platform/log.ts';
import { createCatalogStore } from '../../src/storage/postgres/catalog-store.ts';
import { createReaderHold } from '../../src/storage/postgres/inbox/reader-hold.ts';
import { createSourcePositions } from '../../src/storage/postgres/api/source-positions.ts';
import { createIngestStore } from '../../src/storage/postgres/ingest-store.ts';
import { migrate } from '../../src/storage/postgres/migrate.ts';
import { createPool } from '../../src/storage/postgres/pool.ts';
import type { Pool } from '../../src/storage/postgres/pool.ts';
import { createTileKeeper } from '../../src/storage/postgres/tiles/tile-keeper.ts';
import { freshDatabase } from '../support/servers.ts';

const log = createLog('silent');
const START = Date.UTC(2026, 0, 1);
const ROWS = 4_000;

let pool: Pool;
let url: string;
const folder = mkdtempSync(join(tmpdir(), 'driftd-replay-'));
beforeAll(async () => {
  url = await freshDatabase();
  pool = createPool({ url, max: 8, applicationName: 'test', log });
  await migrate(pool, log);
});
afterAll(async () => {
  await pool.end();
  rmSync(folder, { recursive: true });
});

function configOf(name: string, content: string): ReplayConfig {
  const path = join(folder, name);
  writeFileSync(path, content);
  const mapping = { model: name, time: 'at' };
  return { name, path, format: 'csv', eventFormat: 'flat', mapping };
}

/** A process that replays, with a pool of its own: when that ends, so does everything of it. */
async function replaying(
  config: ReplayConfig,
  model = config.name,
): Promise<{ pipeline: Pipeline; die: () => void }> {
  const own = createPool({ url, max: 4, applicationName: 'replaying', log });
  const catalog = createCatalogStore(own);
  const models = () => [{ name: model, attributes: [], allowedLatenessMs: 0 }];
  const registry = createModelRegistry({ catalog, models, log });
  await registry.refresh();
  const source = createReplaySource(config, createReaderHold(own, config.name), log);
  const pipeline = createPipeline(source, {
    counting: createPartitionCounter({
      store: createIngestStore(own),
      catalog,
      registry,
      owner: 'test',
      futureToleranceMs: 0,
      payloadKept: 'raw',
    }),
    decoderOf: () => createEventDecoder(config.eventFormat, config.mapping, { texts: true }),
    gate: { nextDue: () => null, settled: () => Promise.resolve(true) },
    limits: {
      checkpointIntervalMs: 20,
      checkpointRecords: 100,
      checkpointBytes: 1e6,
      queueRecords: 1_000,
      queueBytes: 1e6,
    },
    budget: new QueueBudget(1e6),
    clock: systemClock,
    log,
    metrics: noIngestMetrics,
  });
  await pipeline.start();
  let dead = false;
  const die = (): void => {
    if (dead) return;
    dead = true;
    // Nothing more reaches the database, as when the process is gone.
    own.connect = () => Promise.reject(new Error('gone'));
    void pool.query(
      "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'replaying' AND datname = current_database()",
    );
  };
  onTestFinished(async () => {
    await pipeline.stop();
    if (!dead) await own.end();
  });
  return { pipeline, die };
}

interface Stands {
  readonly position: number;
  readonly counted: number;
  readonly quarantined: number;
  readonly tooLate: number;
  readonly events: number;
  readonly epoch: number;
  readonly state: string;
  readonly reason: string | null;
}

async function standing(topic: string): Promise<Stands | undefined> {
  const { rows } = await pool.query<Stands>(
    `SELECT next_offset AS position, counted, quarantined, too_late AS "tooLate", epoch, state, reason,
       (SELECT coalesce(sum(events), 0)::bigint FROM model_progress m WHERE m.part = p.id) AS events
     FROM ingest_partition p WHERE source = 'replay' AND topic = $1`,
    [topic],
  );
  return rows[0];
}

const rowsOf = (from: number, to: number): string =>
  Array.from({ length: to - from }, (_, i) => {
    const at = new Date(START + (from + i) * 1_000).toISOString().slice(0, 19).replace('T', ' ');
    return `${at},${i % 7},${i % 2 === 0 ? 'DE' : 'FR'}\n`;
  }).join('');

const HEADER = 'at,x,country\n';
const within = { timeout: 30_000 };

describe('the replay of a file', () => {
  it('counts its rows once, and puts those that are none aside under their place', async () => {
    const bad = '2026-01-01,1\n2026-01-01,1,DE,4\nsoon,1,DE\n';
    await replaying(configOf('rows', `${HEADER}${rowsOf(0, 700)}${bad}${rowsOf(700, 900)}`));
    await expect
      .poll(() => standing('rows'), within)
      .toMatchObject({ position: 903, counted: 900, quarantined: 3, events: 900, state: 'ok' });
    const { rows } = await pool.query<{ offset: number; reason: string; payload: Buffer }>(
      `SELECT record_offset AS offset, reason, detail, convert_from(payload, 'UTF8') AS payload FROM quarantine
       WHERE part = (SELECT id FROM ingest_partition WHERE topic = 'rows') ORDER BY 1`,
    );
    expect(rows).toMatchObject([
      { offset: 700, reason: 'invalid-shape', payload: '2026-01-01,1' },
      {
        offset: 701,
        detail: 'the row of line 703 has 4 fields, the header 3',
        payload: '2026-01-01,1,DE,4',
      },
      { offset: 702, reason: 'invalid-timestamp' },
    ]);
  });

  it('is one of two processes, and the other goes on where that one was killed', async () => {
    const config = configOf('killed', `${HEADER}${rowsOf(0, ROWS)}`);
    const first = await replaying(config);
    const [second] = await Promise.all([replaying(config), replaying(config)]);
    await expect
      .poll(async () => (await standing('killed'))?.position ?? 0, { ...within, interval: 5 })
      .toBeGreaterThan(300);
    expect(await standing('killed')).toMatchObject({ epoch: 1 });
    expect([first.pipeline.assigned, second.pipeline.assigned]).toEqual([1, 0]);
    first.die();
    await expect
      .poll(() => standing('killed'), within)
      .toMatchObject({ position: ROWS, counted: ROWS, events: ROWS });
    // Each take-over is a claim: nobody has fenced anybody since.
    expect((await standing('killed'))?.epoch).toBeLessThanOrEqual(4);
  });

  it('goes on with what has been written to its end since', async () => {
    const config = configOf('grown', `${HEADER}${rowsOf(0, 200)}`);
    const first = await replaying(config);
    await expect.poll(() => standing('grown'), within).toMatchObject({ position: 200 });
    await first.pipeline.stop();
    appendFileSync(config.path, rowsOf(200, 300));
    await replaying(config);
    await expect
      .poll(() => standing('grown'), within)
      .toMatchObject({ position: 300, counted: 300, events: 300, state: 'ok' });
  });

  it.each([
    [
      'ends with the row before the last',
      rowsOf(0, 199),
      /^the file has 199 records, and 200 were read: it was cut off, or is another/,
    ],
    [
      'is another one',
      rowsOf(1, 301),
      /offset 199 is not the one that was read there: the file was changed/,
    ],
  ])('is halted with the reason when the file %s', async (name, content, reason) => {
    const config = configOf(name, `${HEADER}${rowsOf(0, 200)}`);
    const first = await replaying(config);
    await expect.poll(() => standing(name), within).toMatchObject({ position: 200 });
    await first.pipeline.stop();
    writeFileSync(config.path, `${HEADER}${content}`);
    await replaying(config);
    await expect
      .poll(() => standing(name), within)
      .toMatchObject({ state: 'halted', reason: expect.stringMatching(reason) });
    expect(await standing(name)).toMatchObject({ position: 200, counted: 200 });
  });

  it('that cannot be read is silent, and goes on when it can', async () => {
    const config = configOf('broken', 'at,,x\n');
    const { pipeline } = await replaying(config);
    await expect.poll(() => pipeline.silentMs, within).toBeGreaterThan(0);
    writeFileSync(config.path, `${HEADER}${rowsOf(0, 50)}`);
    await expect.poll(() => standing('broken'), within).toMatchObject({ position: 50 });
    expect(pipeline.silentMs).toBe(0);
  });

  it.each([
    ['away', 10],
    ['away-one', 49],
  ])(
    'that is away when it is to be read again is silent until it is back: %s',
    async (name, to) => {
      const config = configOf(name, `${HEADER}${rowsOf(0, 50)}`);
      const { pipeline } = await replaying(config);
      await expect.poll(() => standing(name), within).toMatchObject({ position: 50 });
      const aside = `${config.path}.aside`;
      renameSync(config.path, aside);
      const by = { name: 'test', requestId: null };
      await createSourcePositions(pool).reset('replay', name, [0], () => to, by);
      await expect.poll(() => pipeline.silentMs, within).toBeGreaterThan(0);
      renameSync(aside, config.path);
      await expect.poll(() => standing(name), within).toMatchObject({ position: 50 });
      await expect.poll(() => pipeline.silentMs, within).toBe(0);
    },
  );
});

describe('a file that is to be counted from scratch', () => {
  const DAYS = 30;
  const LATE_DAYS = 8;
  const DAY_MS = 86_400_000;
  const days = Array.from(
    { length: DAYS },
    (_, day) => `${new Date(START + day * DAY_MS).toISOString().slice(0, 10)},1,DE\n`,
  ).join('');
  /** Those at most so far behind the newest. */
  const counted = LATE_DAYS + 1;

  /** Reads all of it as partition 0 of `name`, for a model. */
  async function readAll(name: string, model: string, position = DAYS): Promise<unknown> {
    const config = { ...configOf(name, `${HEADER}${days}`), mapping: { model, time: 'at' } };
    const { pipeline } = await replaying(config, model);
    await expect.poll(() => standing(name), within).toMatchObject({ position });
    await pipeline.stop();
    return standing(name);
  }

  it('needs another model: of the same one all that is old is too late, under any name', async () => {
    expect(await readAll('once', 'm')).toMatchObject({ counted: DAYS, tooLate: 0 });
    const catalog = createCatalogStore(pool);
    const id = (await catalog.findModel('m'))?.id ?? -1;
    await createTileKeeper(pool).seal(id, START + (DAYS - 1 - LATE_DAYS) * DAY_MS);

    const targets = createSourcePositions(pool);
    await targets.reset('replay', 'once', [0], () => 0, { name: 'test', requestId: null });
    expect(await readAll('once', 'm')).toMatchObject({
      counted: DAYS + counted,
      tooLate: DAYS - counted,
    });
    expect(await readAll('twice', 'm')).toMatchObject({ counted, tooLate: DAYS - counted });
    expect(await readAll('thrice', 'm-again')).toMatchObject({ counted: DAYS, tooLate: 0 });
  });
});
