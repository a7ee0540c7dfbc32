import { expect, it } from 'vitest';

import { VARIED } from '../../scripts/chaos/events.ts';
import { trainingRows } from '../../scripts/chaos/events.ts';
import { createPartitionCounter } from '../../src/accumulate/counting.ts';
import { createModelRegistry } from '../../src/accumulate/model-registry.ts';
import { decodeChunk } from '../../src/core/histogram/coding/codec.ts';
import type { Histogram } from '../../src/core/histogram/types.ts';
import { createNativeDecoder } from '../../src/ingest/decode/native.ts';
import { RecordCounter } from '../../src/ingest/record-counter.ts';
import { systemClock } from '../../src/platform/clock.ts';
import { createLog } from '../../src/platform/log.ts';
import { createIngestStore } from '../../src/storage/postgres/ingest-store.ts';
import { freshDatabase } from '../support/servers.ts';
import { createWorld } from '../support/world.ts';
import type { World } from '../support/world.ts';

const RECORDS = 4_000;
const PARTITIONS = 2;
/** The whole answer, so that a checkpoint which was not committed shows its error. */
const COMMITTED = { outcome: 'committed', error: null };

interface Reading {
  /** Records between two checkpoints. */
  readonly checkpoint: number;
  /** After so many records its owner is gone, with what it has not committed; null: it reads on to the end. */
  readonly restart: number | null;
}

/** Counts the same log, partition by partition. @param record the value at a place of a partition's log */
async function replay(
  world: World,
  reading: Reading,
  record: (partition: number, offset: number) => string,
): Promise<void> {
  const registry = createModelRegistry({
    catalog: world.catalog,
    models: () => [{ name: 'flights', attributes: ['origin'], allowedLatenessMs: 3_600_000 }],
    log: createLog('silent'),
  });
  await registry.refresh();
  const counter = createPartitionCounter({
    store: createIngestStore(world.pool),
    catalog: world.catalog,
    registry,
    owner: 'test',
    futureToleranceMs: Infinity,
    dedupWindowMs: 600_000,
  });
  const log = {
    startOffsets: () =>
      Promise.resolve(new Map(Array.from({ length: PARTITIONS }, (_, i) => [i, 0]))),
    range: () => Promise.resolve({ start: 0, end: RECORDS }),
  };
  for (let partition = 0; partition < PARTITIONS; partition += 1) {
    const key = { source: 'test', topic: 'log', partition };
    for (let done = false; !done;) {
      const claim = await counter.claim(key, log);
      const records = new RecordCounter({
        decoder: createNativeDecoder(),
        counting: counter,
        clock: systemClock,
      });
      const from = claim.position;
      const gone = reading.restart === null ? RECORDS : from + reading.restart;
      for (let offset = from; offset < Math.min(gone, RECORDS); offset += 1) {
        const value = Buffer.from(record(partition, offset));
        const one = { offset, timestamp: 0, key: null, value, headers: new Map() };
        records.count(claim, one, offset);
        if ((offset + 1) % reading.checkpoint === 0)
          expect(await claim.checkpoint(offset + 1, null)).toEqual(COMMITTED);
      }
      done = gone >= RECORDS;
      if (done) expect(await claim.checkpoint(RECORDS, null)).toEqual(COMMITTED);
      claim.release();
    }
  }
}

interface Tile {
  readonly key: string;
  readonly counts: Buffer;
  readonly histograms: readonly Histogram[];
}

/** Every tile by what it is of, in names and not in the numbers of one database. */
async function tilesOf(world: World): Promise<Tile[]> {
  const plan = await world.catalog.countingPlan(world.modelId);
  const binnings = plan?.sets[0]?.entries.map(({ binning }) => binning) ?? [];
  const { rows } = await world.pool.query<{ key: string; counts: Buffer }>(
    `SELECT concat_ws(' ', p.partition, s.name, extract(epoch FROM t.start)::bigint, t.events) AS key, t.counts
     FROM tile t JOIN segment s ON s.id = t.segment_id JOIN ingest_partition p ON p.id = t.part ORDER BY 1`,
  );
  return rows.map((row) => ({ ...row, histograms: decodeChunk(row.counts, binnings) }));
}

/** The same log counted in one go, and by owners that come and go, in two databases. */
async function countedTwice(
  record: (partition: number, offset: number) => string,
): Promise<[Tile[], Tile[]]> {
  const sides: Tile[][] = [];
  for (const reading of [
    { checkpoint: 1_000, restart: null },
    { checkpoint: 90, restart: 777 },
  ]) {
    const world = await createWorld(await freshDatabase(), { rows: trainingRows() });
    await replay(world, reading, record);
    sides.push(await tilesOf(world));
    await world.pool.end();
  }
  return sides as [Tile[], Tile[]];
}

it('the same log gives the same bytes, whoever counted it and wherever they were cut off', async () => {
  const [whole, cut] = await countedTwice((partition, offset) =>
    VARIED.recordOf(offset * PARTITIONS + partition),
  );

  expect(whole.length).toBeGreaterThan(100);
  expect(cut.map(({ key }) => key)).toEqual(whole.map(({ key }) => key));
  expect(whole.filter(({ counts }, i) => cut[i]?.counts.equals(counts) !== true)).toEqual([]);
});

it('where values have no exact sum, all but the sums is the same, and these to the last digits', async () => {
  const [whole, cut] = await countedTwice((partition, offset) => {
    const n = offset * PARTITIONS + partition;
    return JSON.stringify({
      model: 'flights',
      ts: Date.UTC(2026, 0, 10) + n * 500,
      features: {
        delay: Math.sin(n) * 100,
        distance: 2_500 * Math.abs(Math.cos(n)),
        carrier: 'AA',
        late: true,
      },
    });
  });

  expect(cut.map(({ key }) => key)).toEqual(whole.map(({ key }) => key));
  const flat = (tiles: readonly Tile[]): Histogram[] =>
    tiles.flatMap(({ histograms }) => histograms);
  const others = flat(cut);
  let rounded = 0;
  flat(whole).forEach((histogram, i) => {
    const other = others[i] as Histogram;
    if (histogram.kind !== 'numeric' || other.kind !== 'numeric') {
      expect(other).toEqual(histogram);
      return;
    }
    const sums = { sum: 0, sumSquares: 0, tailSums: null };
    expect({ ...other, ...sums }).toEqual({ ...histogram, ...sums });
    // Of the sum of absolute values, which bounds what rounding can do.
    const scale = Math.sqrt(histogram.sumSquares * 1_000);
    expect(Math.abs(other.sum - histogram.sum)).toBeLessThanOrEqual(1e-12 * scale);
    expect(Math.abs(other.sumSquares / histogram.sumSquares - 1)).toBeLessThanOrEqual(1e-12);
    if (other.sum !== histogram.sum) rounded += 1;
  });
  expect(rounded).toBeGreaterThan(0);
});
