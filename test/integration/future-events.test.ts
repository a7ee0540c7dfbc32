import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { createPartitionCounter } from '../../src/accumulate/counting.ts';
import type { ClaimedPartition, PartitionCounter } from '../../src/accumulate/counting.ts';
import { createModelRegistry } from '../../src/accumulate/model-registry.ts';
import { createNativeDecoder } from '../../src/ingest/decode/native.ts';
import { RecordCounter } from '../../src/ingest/record-counter.ts';
import { createLog } from '../../src/platform/log.ts';
import { createIngestStore } from '../../src/storage/postgres/ingest-store.ts';
import { rowsOver } from '../support/baselines.ts';
import { freshDatabase } from '../support/servers.ts';
import { createWorld, DAY, HOUR } from '../support/world.ts';
import type { World } from '../support/world.ts';

const NOW = Date.UTC(2024, 0, 10, 12);
const MINUTE = 60_000;
const YEAR_2100 = Date.UTC(2100, 0, 1);
const TOPIC = 'predictions';

let world: World;
let counter: PartitionCounter;

beforeAll(async () => {
  world = await createWorld(await freshDatabase(), {
    rows: rowsOver(NOW - 2 * DAY, NOW - DAY, 24, (time) => ({ x: (time / HOUR) % 11 })),
  });
  const models = () => [{ name: 'flights', attributes: [], allowedLatenessMs: HOUR }];
  const { catalog, pool } = world;
  const registry = createModelRegistry({ catalog, models, log: createLog('silent') });
  await registry.refresh();
  counter = createPartitionCounter({
    store: createIngestStore(pool),
    catalog,
    registry,
    owner: 'test',
    futureToleranceMs: 5 * MINUTE,
  });
});

afterAll(() => world.pool.end());

const claim = (partition: number): Promise<ClaimedPartition> =>
  counter.claim(
    { source: 'kafka', topic: TOPIC, partition },
    {
      startOffsets: () => Promise.resolve(new Map([[0, 0]])),
      range: () => Promise.resolve({ start: 0, end: 1_000 }),
    },
  );

/** Counts events of these times, written to the log when the wall's clock said `NOW`, in one checkpoint. */
async function count(partition: number, times: readonly number[]): Promise<ClaimedPartition> {
  const claimed = await claim(partition);
  const records = new RecordCounter({
    decoder: createNativeDecoder(),
    counting: counter,
    clock: { now: () => NOW, monotonic: () => 0 },
  });
  for (const [i, ts] of times.entries()) {
    const offset = claimed.position + i;
    const value = Buffer.from(JSON.stringify({ model: 'flights', ts, features: { x: 1 } }));
    const record = { offset, timestamp: NOW, key: null, value, headers: new Map() };
    records.count(claimed, record, offset);
  }
  const { outcome } = await claimed.checkpoint(claimed.position + times.length, null);
  expect(outcome).toBe('committed');
  return claimed;
}

const watermark = async (): Promise<number | null> =>
  (await world.tiles.watermark(world.modelId, HOUR)).time;

describe('an event from far ahead of its time', () => {
  it('is quarantined, and moves neither the watermark nor what is too late', async () => {
    await count(0, [NOW - 2 * MINUTE, NOW - MINUTE]);
    const before = await watermark();
    expect(before).toBe(NOW - MINUTE - HOUR);

    const claimed = await count(0, [YEAR_2100, NOW + 5 * MINUTE + 1, NOW - 3 * MINUTE]);

    expect(await watermark()).toBe(before);
    expect(claimed.watermark(world.modelId)).toBe(before);
    const { rows } = await world.pool.query(
      'SELECT record_offset AS at, reason, detail FROM quarantine ORDER BY record_offset',
    );
    expect(rows).toMatchObject([
      {
        at: 2,
        reason: 'future-event',
        detail: expect.stringMatching(/^event time is \d+ days ahead of the record's time$/),
      },
      {
        at: 3,
        reason: 'future-event',
        detail: "event time is 300 s ahead of the record's time",
      },
    ]);
    const { rows: partitions } = await world.pool.query(
      'SELECT counted, quarantined, too_late FROM ingest_partition WHERE partition = 0',
    );
    expect(partitions).toEqual([{ counted: 3, quarantined: 2, too_late: 0 }]);
  });

  it('within the tolerance is counted, and moves the watermark', async () => {
    await count(0, [NOW + 5 * MINUTE]);
    expect(await watermark()).toBe(NOW + 5 * MINUTE - HOUR);
  });
});

describe('a partition in which nothing happens', () => {
  it('holds the watermark back until its owner has read it to the end for a minute', async () => {
    const owner = await count(1, [NOW - 30 * MINUTE]);
    expect(await watermark()).toBe(NOW - 30 * MINUTE - HOUR);

    const idle = async (age: string): Promise<void> => {
      expect(await owner.caughtUp()).toBe(true);
      await world.pool.query(
        `UPDATE model_progress m SET last_event_at = p.progressed_at - $1::interval
         FROM ingest_partition p WHERE p.id = m.part AND p.partition = 1`,
        [age],
      );
    };
    await idle('59 seconds');
    expect(await watermark()).toBe(NOW - 30 * MINUTE - HOUR);
    await idle('61 seconds');
    expect(await watermark()).toBe(NOW + 5 * MINUTE - HOUR);
  });
});
