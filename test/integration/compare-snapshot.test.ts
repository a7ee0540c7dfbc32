import { afterEach, expect, it } from 'vitest';

import { createBaselineStore } from '../../src/storage/postgres/baseline-store.ts';
import { createCatalogStore } from '../../src/storage/postgres/catalog-store.ts';
import { createEvaluationStore } from '../../src/storage/postgres/evaluation-store.ts';
import { createSnapshots } from '../../src/storage/postgres/pool.ts';
import { createTileReader } from '../../src/storage/postgres/tile-reader.ts';
import { createNormal, rowsOver } from '../support/baselines.ts';
import { freshDatabase } from '../support/servers.ts';
import { DAY, HOUR, createWorld } from '../support/world.ts';
import type { World } from '../support/world.ts';

const START = Date.UTC(2024, 0, 8);

const worlds: World[] = [];
afterEach(async () => {
  for (const { pool } of worlds.splice(0)) await pool.end();
});

it('an evaluation sees all that it reads as of one moment, whatever is stored meanwhile', async () => {
  const normal = createNormal(5);
  const values = () => ({ x: normal(), y: normal() });
  const world = await createWorld(await freshDatabase(), {
    rows: rowsOver(START - 7 * DAY, START, 60, values),
  });
  worlds.push(world);
  await world.count(rowsOver(START, START + 2 * HOUR, 120, values));
  const monitor = await world.monitor({ windows: ['1h'] });
  const snapshots = createSnapshots(world.pool);
  const baselines = createBaselineStore(snapshots.pool);
  let changed = false;
  const evaluator = world.evaluatorWith({
    baselines: {
      ...baselines,
      async active(modelId) {
        const active = await baselines.active(modelId);
        // Between two reads, once: a feature is given up, and more is counted.
        if (changed) return active;
        changed = true;
        await world.pool.query(`UPDATE feature SET tier = 'ignore' WHERE name = 'x'`);
        await world.count(rowsOver(START + HOUR, START + 2 * HOUR, 60, values));
        return active;
      },
    },
    catalog: createCatalogStore(snapshots.pool),
    tiles: createTileReader(snapshots.pool),
    evaluations: createEvaluationStore(snapshots.pool),
    snapshot: snapshots.read,
  });
  const judge = async (due: number) => {
    const claim = await world.ticks.claim(monitor.id, due, 'test', 60_000);
    if (claim === null) throw new Error('the tick is taken');
    const input = { monitor, claim, complete: true, watermark: due, mayNotify: true };
    expect(await evaluator.evaluate(input)).toBe(true);
    return (await world.results(monitor.id, due)).map(({ feature, n }) => [feature, n]);
  };
  expect(await judge(START + 2 * HOUR)).toEqual([
    ['x', 120],
    ['y', 120],
  ]);
  // The next one sees what has changed.
  expect(await judge(START + 2 * HOUR + 5 * 60_000)).toEqual([['y', 165]]);
});
