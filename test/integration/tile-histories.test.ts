import {
  array,
  assert,
  asyncProperty,
  constant,
  constantFrom,
  integer,
  oneof,
  record,
} from 'fast-check';
import type { Arbitrary } from 'fast-check';
import { describe, expect, it } from 'vitest';

import { readWindows } from '../../src/compare/window-counts.ts';
import { rowsOver } from '../support/baselines.ts';
import { countsOf, plainCounts } from '../support/plain-counts.ts';
import { freshDatabase } from '../support/servers.ts';
import { History, PARTITIONS, RETENTION, START } from '../support/tile-history.ts';
import type { Logged, Step } from '../support/tile-history.ts';
import { createWorld, DAY, HOUR } from '../support/world.ts';
import type { World } from '../support/world.ts';

const partition = integer({ min: 0, max: PARTITIONS - 1 });
const ofPartition = <K extends 'checkpoint' | 'crash' | 'take over' | 'idle' | 'race'>(name: K) =>
  record({ do: constant(name), partition }) as Arbitrary<Step>;
const step: Arbitrary<Step> = oneof(
  {
    weight: 6,
    arbitrary: record({
      do: constant('events' as const),
      partition,
      count: integer({ min: 1, max: 40 }),
      back: constantFrom(0, 0, 1, 30, 200, 300),
    }),
  },
  {
    weight: 3,
    arbitrary: record({
      do: constant('advance' as const),
      hours: constantFrom(1, 7, 30, 100, 250, 600),
    }),
  },
  { weight: 3, arbitrary: ofPartition('checkpoint') },
  { weight: 1, arbitrary: ofPartition('crash') },
  { weight: 1, arbitrary: ofPartition('take over') },
  { weight: 1, arbitrary: ofPartition('idle') },
  { weight: 1, arbitrary: ofPartition('race') },
  { weight: 3, arbitrary: record({ do: constant('keep' as const) }) },
);

/** What a quiet partition holds in memory is sealed while another goes on. */
const OVERTAKEN: Step[] = [
  { do: 'events', partition: 0, count: 5, back: 0 },
  { do: 'checkpoint', partition: 0 },
  { do: 'events', partition: 0, count: 7, back: 1 },
  { do: 'idle', partition: 0 },
  { do: 'advance', hours: 600 },
  { do: 'events', partition: 1, count: 3, back: 0 },
  { do: 'checkpoint', partition: 1 },
  { do: 'keep' },
];

/** The same, but what the quiet partition holds stands before its COMMIT when the slices are sealed. */
const RACED: Step[] = [...OVERTAKEN.slice(0, -1), { do: 'race', partition: 0 }, { do: 'keep' }];

/** As if nothing had ever been counted. */
async function forgetCounts({ pool }: World): Promise<void> {
  const { rows } = await pool.query<{ name: string }>(
    "SELECT inhrelid::regclass::text AS name FROM pg_inherits WHERE inhparent = 'tile'::regclass",
  );
  for (const { name } of rows) await pool.query(`DROP TABLE ${name}`);
  await pool.query('TRUNCATE ingest_partition, segment CASCADE');
  await pool.query('UPDATE model SET sealed_until = NULL');
}

/** Every feature of every segment in [from, to), bin for bin. */
async function stored(world: World, from: number, to: number): Promise<unknown> {
  const [window] = await readWindows(world, {
    modelId: world.modelId,
    end: to,
    windows: [{ name: 'all', spanMs: to - from }],
    slots: false,
  });
  return histogramsOf(
    world,
    (segment) => window?.events(segment) ?? 0,
    (segment, { featureId, binning }) =>
      countsOf(binning, window?.histogram(segment, featureId, binning.id) ?? null),
  );
}

async function plain(
  world: World,
  events: readonly Logged[],
  from: number,
  to: number,
): Promise<unknown> {
  const inside = events.filter(({ time }) => time >= from && time < to);
  const ofSegment = (segment: string): Logged[] =>
    segment === 'all' ? inside : inside.filter(({ origin }) => segment === `origin=${origin}`);
  return histogramsOf(
    world,
    (segment) => ofSegment(segment).length,
    (segment, { name, binning }) =>
      plainCounts(
        binning,
        ofSegment(segment).map((event) => (name === 'x' ? event.x : event.c)),
      ),
  );
}

type Entry = Awaited<ReturnType<typeof entriesOf>>[number];

async function entriesOf(world: World) {
  const plan = await world.catalog.countingPlan(world.modelId);
  const nameOf = new Map(plan?.features.map(({ id, name }) => [id, name]));
  return (plan?.sets ?? []).flatMap((set) =>
    set.entries.map(({ featureId, binning }) => ({
      featureId,
      binning,
      name: nameOf.get(featureId) ?? '',
    })),
  );
}

async function histogramsOf(
  world: World,
  events: (segment: string) => number,
  counts: (segment: string, entry: Entry) => unknown,
): Promise<unknown> {
  const entries = await entriesOf(world);
  expect(entries.map(({ name }) => name).sort()).toEqual(['c', 'x']);
  return ['all', 'origin=EWR', 'origin=JFK'].map((segment) => ({
    segment,
    events: events(segment),
    histograms: entries.map((entry) => ({
      name: entry.name,
      ...(counts(segment, entry) as object),
    })),
  }));
}

/** All of it, then single days and, where hours are kept, single hours. */
async function compare(world: World, history: History): Promise<void> {
  const from = Math.max(START - 30 * DAY, history.oldest);
  const to = Math.ceil((history.now + 2 * DAY) / DAY) * DAY;
  expect(await stored(world, from, to)).toEqual(await plain(world, history.counted, from, to));
  for (const event of history.counted.slice(0, 3)) {
    const day = Math.floor(event.time / DAY) * DAY;
    if (day < from) continue;
    expect(await stored(world, day, day + DAY)).toEqual(
      await plain(world, history.counted, day, day + DAY),
    );
    const hour = Math.floor(event.time / HOUR) * HOUR;
    if (hour < history.reckoned - RETENTION.hoursMs) continue;
    expect(await stored(world, hour, hour + HOUR)).toEqual(
      await plain(world, history.counted, hour, hour + HOUR),
    );
  }
}

describe('tiles after any history', () => {
  it('hold what a plain count of the log holds, bin for bin, through crashes, take-overs, late data, roll-up and forgetting', async () => {
    const seen = { rolledUp: 0, daysDropped: 0, late: 0, refused: 0, waited: 0 };
    const world = await createWorld(await freshDatabase(), {
      rows: rowsOver(START - DAY, START, 24, (time) => ({
        x: (time / HOUR) % 11,
        c: 'abc'.charAt((time / HOUR) % 3),
      })),
    });
    const run = asyncProperty(array(step, { minLength: 12, maxLength: 45 }), async (steps) => {
      await forgetCounts(world);
      const history = await History.open(world);
      for (const one of steps) await history.take(one);
      for (let at = 0; at < PARTITIONS; at += 1) await history.checkpoint(at);
      const logged = history.logs.reduce((sum, events) => sum + events.length, 0);
      expect(history.counted.length + history.tooLate).toBe(logged);
      await history.keep();
      await compare(world, history);
      for (const kept of history.kept) {
        seen.rolledUp += kept.rolledUp;
        seen.daysDropped += kept.daysDropped;
      }
      seen.late += history.tooLate;
      seen.refused += history.refused;
      seen.waited += history.waited;
    });
    await assert(run, { numRuns: 25, seed: 20_240_110, examples: [[OVERTAKEN], [RACED]] });
    await world.pool.end();
    // All of it has happened, or nothing was shown.
    expect(Object.entries(seen).filter(([, count]) => count === 0)).toEqual([]);
  });
});
