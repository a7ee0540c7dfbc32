import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';

import { keepTiles } from '../../src/accumulate/keep-tiles.ts';
import type { Kept } from '../../src/accumulate/keep-tiles.ts';
import { createLog } from '../../src/platform/log.ts';
import { createBaselineStore } from '../../src/storage/postgres/baseline-store.ts';
import { createIngestStore } from '../../src/storage/postgres/ingest-store.ts';
import { createPool } from '../../src/storage/postgres/pool.ts';
import type { Client, Pool } from '../../src/storage/postgres/pool.ts';
import { createRevisionStore } from '../../src/storage/postgres/revisions/revision-store.ts';
import { markLateTiles } from '../../src/storage/postgres/revisions/late-marks.ts';
import { createTileKeeper } from '../../src/storage/postgres/tiles/tile-keeper.ts';
import type { CheckpointWrite } from '../../src/storage/ingest-store.ts';
import { rowsOver } from '../support/baselines.ts';
import { freshDatabase } from '../support/servers.ts';
import { createWorld, DAY, HOUR } from '../support/world.ts';
import type { World } from '../support/world.ts';

const START = Date.UTC(2024, 0, 10);
const RETENTION = { hoursMs: 20 * DAY, daysMs: 45 * DAY };

let world: World;
beforeAll(async () => {
  world = await createWorld(await freshDatabase(), {
    rows: rowsOver(START - DAY, START, 24, (time) => ({ x: (time / HOUR) % 11 })),
  });
});
afterAll(() => world.pool.end());

const BUSY = 4;
/**
 * So many may commit until who waits for them has its turn: those under way and those that came before it, once more on a
 * machine that lets it come to the queue late. Where others passed by it, it would wait until a time limit ends it.
 */
const PASSING = 3 * BUSY;
const eventAt = (time: number) => ({ time, values: { x: 1 } });

async function keep(configured: readonly number[]): Promise<Kept> {
  const kept = await keepTiles(
    {
      keeper: createTileKeeper(world.pool),
      tiles: world.tiles,
      catalog: world.catalog,
      retention: RETENTION,
    },
    configured.map((id) => ({ id, allowedLatenessMs: 0 })),
  );
  if (kept === null) throw new Error('somebody else keeps tiles');
  expect(kept.failed).toEqual([]);
  return kept;
}

async function days(): Promise<string[]> {
  const { rows } = await world.pool.query<{ name: string }>(
    "SELECT relname AS name FROM pg_class WHERE relname ~ '^tile_[0-9]{8}$' AND relkind = 'r' ORDER BY 1",
  );
  return rows.map(({ name }) => name);
}

/** A checkpoint of one event at a time, of a partition of its own, over and over. */
async function committer(pool: Pool, topic: string, time: number): Promise<() => Promise<string>> {
  const store = createIngestStore(pool);
  const key = { source: 'test', topic, partition: 0 };
  await store.ensurePartition(key, 0);
  const claim = await store.claim(key, 'test');
  const plan = await world.catalog.countingPlan(world.modelId);
  const segmentId = await world.catalog.ensureSegment(world.modelId, 'all');
  const [set] = plan?.sets ?? [];
  if (claim === null || set === undefined) throw new Error('there is nothing to count under');
  let offset = 0;
  return async () => {
    const write: CheckpointWrite = {
      part: claim.part,
      epoch: claim.epoch,
      previousOffset: offset,
      nextOffset: offset + 1,
      outcomes: { counted: 1, quarantined: 0, tooLate: 0, duplicate: 0, filtered: 0 },
      anchorOffset: null,
      anchorHash: null,
      tiles: [
        {
          start: time,
          modelId: world.modelId,
          binningSetId: set.id,
          segmentId,
          events: offset + 1,
          counts: new Uint8Array(),
        },
      ],
      quarantine: [],
      progress: [
        { modelId: world.modelId, events: offset + 1, minEventTime: time, maxEventTime: time },
      ],
    };
    const { outcome } = await store.commit(write);
    if (outcome === 'committed') offset += 1;
    return outcome;
  };
}

it('whole days go unread when they are older than every model keeps, while checkpoints go on', async () => {
  const { pool, modelId } = world;
  const { id: empty } = await world.catalog.ensureModel('configured, but without events');
  await world.count([eventAt(START), eventAt(START + DAY), eventAt(START + 50 * DAY)]);
  // Two further models with a tile of that first day each: one is configured, one is so no more.
  const others: number[] = [];
  for (const name of ['another', 'left']) {
    const { id } = await world.catalog.ensureModel(name);
    others.push(id);
    await world.catalog.ensureSegment(id, 'all');
    await pool.query(
      `INSERT INTO tile (start, span_minutes, model_id, binning_set_id, segment_id, part, events, counts)
       SELECT t.start, 1440, $1, t.binning_set_id, s.id, 0, t.events, t.counts
       FROM tile t JOIN segment s ON s.model_id = $1 WHERE t.model_id = $3 AND t.start = $2`,
      [id, new Date(START).toISOString(), modelId],
    );
    await pool.query(
      `INSERT INTO model_progress (model_id, part, events, min_event_time, max_event_time)
       SELECT $1, part, events, min_event_time, $2 FROM model_progress WHERE model_id = $3`,
      [id, new Date(START).toISOString(), modelId],
    );
  }
  const [another, left] = others as [number, number];

  // The first two days are too old for the model, but not for the others.
  expect(await keep([modelId, another, empty])).toMatchObject({ forgotten: 2, daysDropped: 1 });
  expect(await days()).toEqual(['tile_20240110', 'tile_20240229']);
  expect(
    (await pool.query('SELECT FROM tile WHERE start < $1', [new Date(START + DAY)])).rowCount,
  ).toBe(2);

  await pool.query('UPDATE model_progress SET max_event_time = $2 WHERE model_id = $1', [
    another,
    new Date(START + 60 * DAY).toISOString(),
  ]);
  expect((await keep([modelId, another, empty])).daysDropped).toBe(0);
  // What is configured no more ages by the clock.
  await pool.query(
    "UPDATE model_progress SET last_event_at = now() - interval '46 days' WHERE model_id = $1",
    [left],
  );
  const load = { on: true };
  const commit = await committer(pool, 'load', START + 50 * DAY);
  const outcomes = [await commit()];
  // It has been read for a while, and has nothing of the other models.
  await pool.query("UPDATE ingest_partition SET claimed_at = now() - interval '5 minutes'");
  const loading = (async () => {
    while (load.on) outcomes.push(await commit());
  })();
  const kept = await keep([modelId, another, empty]);
  load.on = false;
  await loading;
  // Nothing was deleted row by row.
  expect(kept).toMatchObject({ forgotten: 0, daysDropped: 1 });
  expect(await days()).not.toContain('tile_20240110');
  expect(new Set(outcomes)).toEqual(new Set(['committed']));
});

/** Runs `work` while checkpoints of the world's model are under way at every moment; it is told how many have committed. */
async function whileCounting(work: (commits: () => number) => Promise<void>): Promise<void> {
  /** Each checkpoint takes its time to commit, and waits a while for the next: so there is always one under way. */
  const slow = createPool({
    url: world.url,
    max: BUSY,
    applicationName: 'test',
    log: createLog('silent'),
  });
  const underWay: object[] = [];
  const connect: () => Promise<Client> = slow.connect.bind(slow);
  const facade = {
    query: slow.query.bind(slow),
    async connect() {
      const client = await connect();
      return {
        release: (destroy?: boolean) => {
          client.release(destroy);
        },
        async query(text: string, values?: unknown[]) {
          if (text !== 'COMMIT') return client.query(text, values);
          const own = {};
          underWay.push(own);
          await sleep(150);
          for (let ms = 0; ms < 250 && (underWay[0] !== own || underWay.length < 2); ms += 5)
            await sleep(5);
          return client.query(text, values).finally(() => {
            underWay.splice(underWay.indexOf(own), 1);
          });
        },
      };
    },
  } as unknown as Pool;
  const load = { on: true };
  busyRuns += 1;
  let commits = 0;
  const loading = Promise.all(
    Array.from({ length: BUSY }, async (_, i) => {
      const commit = await committer(facade, `busy-${busyRuns}-${i}`, START + 500 * DAY);
      await sleep(i * 60);
      while (load.on) {
        await commit();
        commits += 1;
      }
    }),
  );
  while (commits < 2 * BUSY) await sleep(10);
  try {
    await work(() => commits);
  } finally {
    load.on = false;
    await loading;
    await slow.end();
  }
}
let busyRuns = 0;

it('a model that is counted without a pause can be sealed, too', async () => {
  const until = START + 290 * DAY;
  await whileCounting(async (commits) => {
    const before = commits();
    await createTileKeeper(world.pool).seal(world.modelId, until);
    // It waits for those that are under way and those that came before it, and nobody passes by it.
    expect(commits() - before).toBeLessThanOrEqual(PASSING);
  });
  const sealed = await createIngestStore(world.pool).sealed();
  expect(sealed.get(world.modelId)).toBe(until);
});

it('marks of late tiles are taken in the order in which they are made', async () => {
  const { pool, modelId } = world;
  const { id } = await world.ticks.ensureMonitor('late', modelId);
  const revisions = createRevisionStore(pool);
  await revisions.look(id, START + 400 * DAY);
  const starts = Array.from({ length: 4_000 }, (_, i) => START + i * 300_000);
  // In the table the other way round.
  await pool.query(
    'INSERT INTO late_tile (monitor_id, start) SELECT $1, unnest($2::timestamptz[])',
    [id, starts.toReversed().map((start) => new Date(start).toISOString())],
  );
  const mark = async (): Promise<void> => {
    const client = await pool.connect();
    try {
      await client.query('BEGIN');
      await markLateTiles(
        client,
        starts.map((start) => ({ start, modelId })),
      );
      await client.query('COMMIT');
    } catch (thrown) {
      await client.query('ROLLBACK');
      throw thrown;
    } finally {
      client.release();
    }
  };
  for (let round = 0; round < 4; round += 1)
    await Promise.all([mark(), revisions.stale(id, DAY, 0, 10), sleep(5).then(mark)]);
  await revisions.stale(id, DAY, 0, 10);
  expect((await pool.query('SELECT FROM late_tile')).rowCount).toBe(0);
});

it('monitors of a model that is counted without a pause can look further, and its baselines and features change', async () => {
  const { pool, modelId, catalog } = world;
  const { id } = await world.ticks.ensureMonitor('busy', modelId);
  const revisions = createRevisionStore(pool);
  await revisions.look(id, START + 299 * DAY);
  await whileCounting(async (commits) => {
    // These do not wait for checkpoints: where they do, they wait until a time limit ends them.
    await createBaselineStore(pool).activate(modelId, 1);
    await catalog.declareFeatures(modelId, []);
    const before = commits();
    await revisions.look(id, START + 300 * DAY);
    expect(commits() - before).toBeLessThanOrEqual(PASSING);
  });
});
