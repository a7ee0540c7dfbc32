import { afterAll, beforeAll, expect, it } from 'vitest';

import { createPartitionCounter } from '../../src/accumulate/counting.ts';
import { createModelRegistry } from '../../src/accumulate/model-registry.ts';
import { MAX_SEGMENTS } from '../../src/accumulate/segment-ids.ts';
import { EventFrame, SLOT } from '../../src/core/domain/event-frame.ts';
import { createLog } from '../../src/platform/log.ts';
import { createCatalogStore } from '../../src/storage/postgres/catalog-store.ts';
import { createIngestStore } from '../../src/storage/postgres/ingest-store.ts';
import { rowsOver } from '../support/baselines.ts';
import { freshDatabase } from '../support/servers.ts';
import { createWorld, DAY, HOUR } from '../support/world.ts';
import type { World } from '../support/world.ts';

const START = Date.UTC(2024, 0, 10);
const PROCESSES = 4;
const VALUES = 30;

let world: World;
beforeAll(async () => {
  world = await createWorld(await freshDatabase(), {
    rows: rowsOver(START - DAY, START, 24, (time) => ({ x: (time / HOUR) % 11 })),
  });
});
afterAll(() => world.pool.end());

/** Resolves when every process has asked for it. */
function meeting(): () => Promise<void> {
  const all = Promise.withResolvers<undefined>();
  let here = 0;
  return async () => {
    here += 1;
    if (here === PROCESSES) all.resolve(undefined);
    await all.promise;
  };
}

/** A process of its own: it counts events of values that no other has, and starts afresh whenever a claim fails. */
async function processOf(number: number, counted: () => Promise<void>): Promise<number> {
  const catalog = createCatalogStore(world.pool);
  const registry = createModelRegistry({
    catalog,
    models: () => [{ name: 'flights', attributes: ['origin'], allowedLatenessMs: 0 }],
    log: createLog('silent'),
  });
  await registry.refresh();
  const counter = createPartitionCounter({
    store: createIngestStore(world.pool),
    catalog,
    registry,
    owner: `process ${number}`,
    futureToleranceMs: Infinity,
  });
  const schema = counter.schema('flights');
  if (schema === null) throw new Error('the model is not known');
  const key = { source: 'test', topic: 'log', partition: number };
  const log = {
    startOffsets: () =>
      Promise.resolve(new Map(Array.from({ length: PROCESSES }, (_, i) => [i, 0]))),
    range: () => Promise.resolve({ start: 0, end: VALUES }),
  };
  for (let claims = 1; ; claims += 1) {
    const claim = await counter.claim(key, log);
    for (let i = 0; i < VALUES; i += 1) {
      const frame = new EventFrame();
      frame.reset(schema);
      frame.time = START;
      frame.slots[0] = SLOT.number;
      frame.numbers[0] = i;
      frame.attributes[0] = `${number}/${i}`;
      claim.count(frame);
      claim.recordCounted();
    }
    // None has stored its values before all have counted theirs: each of them takes the last ones to be free.
    if (claims === 1) await counted();
    try {
      expect((await claim.checkpoint(VALUES, null)).outcome).toBe('committed');
      return claims;
    } catch (thrown) {
      expect(String(thrown)).toContain('other processes have made the last of the 50');
      claim.release();
    }
  }
}

it('a model has at most 50 segments of values, however many processes make them at once', async () => {
  const counted = meeting();
  const claims = await Promise.all(
    Array.from({ length: PROCESSES }, (_, i) => processOf(i, counted)),
  );

  const { rows } = await world.pool.query<{ name: string; events: number }>(
    `SELECT s.name, coalesce(sum(t.events), 0)::bigint AS events
     FROM segment s LEFT JOIN tile t ON t.segment_id = s.id GROUP BY s.name`,
  );
  const events = new Map(rows.map((row) => [row.name, row.events]));
  const values = rows.filter(({ name }) => name !== 'all' && name !== 'origin=(other)');
  expect(values.length).toBe(MAX_SEGMENTS);
  expect(events.get('all')).toBe(PROCESSES * VALUES);
  const inValues = values.reduce((sum, row) => sum + row.events, 0);
  expect(inValues + (events.get('origin=(other)') ?? 0)).toBe(PROCESSES * VALUES);
  // Not all of them could know that the last ones were taken.
  expect(Math.max(...claims)).toBeGreaterThan(1);
});
