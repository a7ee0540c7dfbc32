import { afterEach, expect, it } from 'vitest';

import { createTileReader } from '../../src/storage/postgres/tile-reader.ts';
import { createNormal, rowsOver } from '../support/baselines.ts';
import { freshDatabase } from '../support/servers.ts';
import { DAY, HOUR, createWorld } from '../support/world.ts';
import type { World } from '../support/world.ts';

const START = Date.UTC(2024, 0, 8);
const normal = createNormal(5);

const worlds: World[] = [];
afterEach(async () => {
  for (const { pool } of worlds.splice(0)) await pool.end();
});

it('the watermark is not held back by a topic that nobody reads any more', async () => {
  const world = await createWorld(await freshDatabase(), {
    rows: rowsOver(START - DAY, START, 60, () => ({ x: normal() })),
  });
  worlds.push(world);
  await world.count(rowsOver(START, START + 3 * HOUR, 60, () => ({ x: normal() })));
  // Read until yesterday under the name of before; its position stays, and its last events with it.
  await world.pool.query(
    `WITH p AS (INSERT INTO ingest_partition (source, topic, partition, next_offset, start_offset)
       VALUES ('test', 'renamed', 0, 0, 0) RETURNING id)
     INSERT INTO model_progress (model_id, part, events, min_event_time, max_event_time, last_event_at)
     SELECT $1, p.id, 5, $2, $2, now() FROM p`,
    [world.modelId, new Date(START - DAY).toISOString()],
  );
  const time = async (topics: readonly string[]): Promise<number | null> => {
    const read = topics.map((topic) => ({ source: 'test', topic }));
    const { time: at } = await createTileReader(world.pool, () => read).watermark(world.modelId, 0);
    return at;
  };
  expect(await time(['rows', 'renamed'])).toBe(START - DAY);
  expect(await time(['rows'])).toBeGreaterThan(START + 2 * HOUR);
  // Without any topic at all everything is idle: the newest event counts.
  expect(await time([])).toBeGreaterThan(START + 2 * HOUR);
});
