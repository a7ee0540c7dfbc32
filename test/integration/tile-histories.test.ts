import {
  assert,
  asyncProperty,
  constantFrom,
  integer,
  oneof,
  record,
  array,
  constant,
} from 'fast-check';
import type { Arbitrary } from 'fast-check';
import { describe, expect, it } from 'vitest';

import { createPartitionCounter } from '../../src/accumulate/counting.ts';
import type { ClaimedPartition, PartitionCounter } from '../../src/accumulate/counting.ts';
import { keepTiles } from '../../src/accumulate/keep-tiles.ts';
import type { Kept } from '../../src/accumulate/keep-tiles.ts';
import { createModelRegistry } from '../../src/accumulate/model-registry.ts';
import { readWindows } from '../../src/compare/window-counts.ts';
import { EventFrame, SLOT } from '../../src/core/domain/event-frame.ts';
import { createLog } from '../../src/platform/log.ts';
import { createIngestStore } from '../../src/storage/postgres/ingest-store.ts';
import { createTileKeeper } from '../../src/storage/postgres/tiles/tile-keeper.ts';
import { rowsOver } from '../support/baselines.ts';
import { freshDatabase } from '../support/servers.ts';
import { createWorld, DAY, HOUR } from '../support/world.ts';
import type { World } from '../support/world.ts';

const START = Date.UTC(2024, 0, 10);
const LATENESS = HOUR;
const RETENTION = { hoursMs: 20 * DAY, daysMs: 45 * DAY };
const PARTITIONS = 2;

/** One thing that happens to a stream. */
type Step =
  | {
      readonly do: 'events';
      readonly partition: number;
      readonly count: number;
      readonly back: number;
    }
  | { readonly do: 'advance'; readonly hours: number }
  | { readonly do: 'checkpoint'; readonly partition: number }
  | { readonly do: 'crash'; readonly partition: number }
  | { readonly do: 'take over'; readonly partition: number }
  /** Nothing has come in the partition for a while, although it is read: it holds the watermark back no more. */
  | { readonly do: 'idle'; readonly partition: number }
  | { readonly do: 'keep' };

const partition = integer({ min: 0, max: PARTITIONS - 1 });
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
  { weight: 3, arbitrary: record({ do: constant('checkpoint' as const), partition }) },
  { weight: 1, arbitrary: record({ do: constant('crash' as const), partition }) },
  { weight: 1, arbitrary: record({ do: constant('take over' as const), partition }) },
  { weight: 1, arbitrary: record({ do: constant('idle' as const), partition }) },
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

/** An event as it stands in a partition's log. */
interface Logged {
  readonly time: number;
  readonly x: number;
}

/**
 * The log of each partition is what is true. Whoever holds a partition counts from its stored position on; what is not
 * committed when it crashes is counted again by the next. `counted` is filled when a checkpoint commits, and only then.
 */
class History {
  readonly logs: Logged[][] = Array.from({ length: PARTITIONS }, () => []);
  readonly counted: Logged[] = [];
  readonly kept: Kept[] = [];
  tooLate = 0;
  /** Checkpoints of slices that were sealed in the meantime. */
  refused = 0;
  now = START;
  private readonly world: World;
  private readonly counter: PartitionCounter;
  private readonly claims: (ClaimedPartition | null)[] = new Array(PARTITIONS).fill(null);
  private pending: Logged[][] = Array.from({ length: PARTITIONS }, () => []);
  private late: number[] = new Array(PARTITIONS).fill(0);
  private read: number[] = new Array(PARTITIONS).fill(0);

  constructor(world: World, counter: PartitionCounter) {
    this.world = world;
    this.counter = counter;
  }

  async take(one: Step): Promise<void> {
    if (one.do === 'advance') this.now += one.hours * HOUR;
    else if (one.do === 'keep') await this.keep();
    else if (one.do === 'idle') await this.idle(one.partition);
    else if (one.do === 'events') {
      for (let i = 0; i < one.count; i += 1) {
        const time = this.now - one.back * HOUR - i * 60_000;
        this.logs[one.partition]?.push({ time, x: (i * 37) % 11 });
      }
      await this.readOn(one.partition);
    } else if (one.do === 'checkpoint') await this.checkpoint(one.partition);
    else if (one.do === 'crash') this.forget(one.partition);
    else {
      // The owner does not know that it is none any more; the next one counts from what is stored.
      const stale = this.claims[one.partition] ?? null;
      const read = this.read[one.partition] as number;
      this.claims[one.partition] = null;
      this.forget(one.partition);
      await this.readOn(one.partition);
      if (stale !== null && stale.pendingRecords > 0)
        expect((await stale.checkpoint(read, null)).outcome).toBe('fenced');
      stale?.release();
    }
  }

  async keep(): Promise<void> {
    const kept = await keepTiles(
      {
        keeper: createTileKeeper(this.world.pool),
        tiles: this.world.tiles,
        catalog: this.world.catalog,
        retention: RETENTION,
      },
      [{ id: this.world.modelId, allowedLatenessMs: LATENESS }],
    );
    if (kept !== null) this.kept.push(kept);
  }

  private async idle(at: number): Promise<void> {
    await this.world.pool.query(
      `WITH quiet AS (
         UPDATE ingest_partition SET progressed_at = now(), claimed_at = now() - interval '5 minutes'
         WHERE partition = $1 RETURNING id)
       UPDATE model_progress SET last_event_at = now() - interval '5 minutes' WHERE part IN (SELECT id FROM quiet)`,
      [at],
    );
  }

  private forget(at: number): void {
    this.claims[at]?.release();
    this.claims[at] = null;
    this.pending[at] = [];
    this.late[at] = 0;
  }

  private async readOn(at: number): Promise<ClaimedPartition> {
    let claim = this.claims[at] ?? null;
    if (claim === null) {
      const key = { source: 'test', topic: 'log', partition: at };
      claim = await this.counter.claim(key, {
        startOffsets: () => Promise.resolve(new Map(this.logs.map((_, i) => [i, 0]))),
        range: () => Promise.resolve({ start: 0, end: this.logs[at]?.length ?? 0 }),
      });
      this.claims[at] = claim;
      this.read[at] = claim.position;
    }
    const log = this.logs[at] as Logged[];
    const schema = this.counter.schema('flights');
    if (schema === null) throw new Error('the model is not known');
    for (let offset = this.read[at] as number; offset < log.length; offset += 1) {
      const event = log[offset] as Logged;
      const frame = new EventFrame();
      frame.reset(schema);
      frame.time = event.time;
      const index = schema.indexOf.get('x') as number;
      frame.slots[index] = SLOT.number;
      frame.numbers[index] = event.x;
      if (claim.count(frame) === 'counted') {
        claim.recordCounted();
        this.pending[at]?.push(event);
      } else {
        claim.recordTooLate();
        this.late[at] = (this.late[at] as number) + 1;
      }
    }
    this.read[at] = log.length;
    return claim;
  }

  async checkpoint(at: number): Promise<void> {
    for (;;) {
      const claim = await this.readOn(at);
      if (claim.pendingRecords === 0) return;
      const { outcome } = await claim.checkpoint(this.read[at] as number, null);
      if (outcome === 'committed') {
        this.counted.push(...(this.pending[at] as Logged[]));
        this.tooLate += this.late[at] as number;
        this.pending[at] = [];
        this.late[at] = 0;
        return;
      }
      // A slice was sealed in the meantime: all of it is counted anew.
      expect(outcome).toBe('fenced');
      this.refused += 1;
      this.forget(at);
    }
  }
}

/** Events by the value of x in [from, to), as stored. */
async function stored(
  world: World,
  from: number,
  to: number,
): Promise<{ events: number; values: number; zeros: number }> {
  const [feature] = await world.catalog.features(world.modelId);
  const [window] = await readWindows(world, {
    modelId: world.modelId,
    end: to,
    windows: [{ name: 'all', spanMs: to - from }],
    slots: false,
  });
  const set = await world.catalog.countingPlan(world.modelId);
  const binning = set?.sets[0]?.entries[0]?.binning;
  const histogram = window?.histogram('all', feature?.id ?? -1, binning?.id ?? '') ?? null;
  if (histogram?.kind !== 'numeric')
    return { events: window?.events('all') ?? 0, values: 0, zeros: 0 };
  const values = histogram.counts.reduce((sum, count) => sum + count, 0);
  return { events: window?.events('all') ?? 0, values, zeros: histogram.zero };
}

function plain(
  events: readonly Logged[],
  from: number,
  to: number,
): { events: number; values: number; zeros: number } {
  const inside = events.filter(({ time }) => time >= from && time < to);
  return {
    events: inside.length,
    values: inside.length,
    zeros: inside.filter(({ x }) => x === 0).length,
  };
}

describe('tiles after any history', () => {
  it('hold what a plain count of the log holds, through crashes, take-overs, late data, roll-up and forgetting', async () => {
    let rolled = 0;
    let forgotten = 0;
    let dropped = 0;
    let late = 0;
    let refused = 0;
    const run = asyncProperty(array(step, { minLength: 12, maxLength: 45 }), async (steps) => {
      const world = await createWorld(await freshDatabase(), {
        rows: rowsOver(START - DAY, START, 24, (time) => ({ x: (time / HOUR) % 11 })),
      });
      try {
        const log = createLog('silent');
        const registry = createModelRegistry({
          catalog: world.catalog,
          models: () => [{ name: 'flights', attributes: [], allowedLatenessMs: LATENESS }],
          log,
        });
        await registry.refresh();
        const counter = createPartitionCounter({
          store: createIngestStore(world.pool),
          catalog: world.catalog,
          registry,
          owner: 'test',
          futureToleranceMs: Infinity,
        });
        const history = new History(world, counter);
        for (const one of steps) await history.take(one);
        for (let at = 0; at < PARTITIONS; at += 1) await history.checkpoint(at);
        const logged = history.logs.reduce((sum, events) => sum + events.length, 0);
        expect(history.counted.length + history.tooLate).toBe(logged);
        // What was forgotten is reckoned from the watermark of each pass, which only grows: the last one is the greatest.
        await history.keep();
        const { time } = await world.tiles.watermark(world.modelId, LATENESS);
        const oldest =
          time === null ? -Infinity : Math.floor((time - RETENTION.daysMs) / DAY) * DAY;
        const from = Math.max(START - 30 * DAY, oldest);
        const to = history.now + 2 * DAY;
        expect(
          await stored(world, Math.floor(from / DAY) * DAY, Math.ceil(to / DAY) * DAY),
        ).toEqual(plain(history.counted, from, Infinity));
        // Single days and, where hours are kept, single hours.
        for (const event of history.counted.slice(0, 3)) {
          const day = Math.floor(event.time / DAY) * DAY;
          if (day < from) continue;
          expect(await stored(world, day, day + DAY)).toEqual(
            plain(history.counted, day, day + DAY),
          );
          const hour = Math.floor(event.time / HOUR) * HOUR;
          if (time !== null && hour < time - RETENTION.hoursMs) continue;
          expect(await stored(world, hour, hour + HOUR)).toEqual(
            plain(history.counted, hour, hour + HOUR),
          );
        }
        for (const kept of history.kept) {
          rolled += kept.rolledUp;
          forgotten += kept.forgotten;
          dropped += kept.daysDropped;
        }
        late += history.tooLate;
        refused += history.refused;
      } finally {
        await world.pool.end();
      }
    });
    await assert(run, { numRuns: 25, seed: 20_240_110, examples: [[OVERTAKEN]] });
    // All of it has happened, or nothing was shown.
    expect([rolled, forgotten, dropped, late, refused].map((count) => count > 0)).toEqual([
      true,
      true,
      true,
      true,
      true,
    ]);
  }, 180_000);
});
