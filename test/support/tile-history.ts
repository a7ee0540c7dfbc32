import { expect } from 'vitest';

import { createPartitionCounter } from '../../src/accumulate/counting.ts';
import type { ClaimedPartition, PartitionCounter } from '../../src/accumulate/counting.ts';
import { keepTiles } from '../../src/accumulate/keep-tiles.ts';
import type { Kept } from '../../src/accumulate/keep-tiles.ts';
import { createModelRegistry } from '../../src/accumulate/model-registry.ts';
import { EventFrame, SLOT } from '../../src/core/domain/event-frame.ts';
import { sleep } from '../../src/platform/clock.ts';
import { createLog } from '../../src/platform/log.ts';
import { createIngestStore } from '../../src/storage/postgres/ingest-store.ts';
import type { Client, Pool } from '../../src/storage/postgres/pool.ts';
import { createTileKeeper } from '../../src/storage/postgres/tiles/tile-keeper.ts';
import { DAY, HOUR } from './world.ts';
import type { World } from './world.ts';

export const START = Date.UTC(2024, 0, 10);
export const LATENESS = HOUR;
export const RETENTION = { hoursMs: 20 * DAY, daysMs: 45 * DAY };
export const PARTITIONS = 2;
/** As docs/storage.md says. */
const FIVE_MINUTES_KEPT = 8 * DAY;
const TILE = 300_000;

/** One thing that happens to a stream. */
export type Step =
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
  /** Tiles are looked after while a checkpoint stands before its COMMIT. */
  | { readonly do: 'race'; readonly partition: number }
  | { readonly do: 'keep' };

/** An event as it stands in a partition's log. x in quarters: their sums are exact in any order. */
export interface Logged {
  readonly time: number;
  readonly x: number | string | null;
  readonly c: string | null;
  readonly origin: string | null;
}

const CATEGORIES = ['a', 'b', 'c', 'new', null] as const;
const ORIGINS = ['EWR', 'JFK', null] as const;

function eventAt(time: number, n: number): Logged {
  const odd = n % 13 === 0 ? null : n % 17 === 0 ? 'far' : ((n * 37) % 50) / 4 - 1;
  return {
    time,
    x: odd,
    c: CATEGORIES[n % CATEGORIES.length] ?? null,
    origin: ORIGINS[n % ORIGINS.length] ?? null,
  };
}

/** What a partition's owner knows, reckoned from the log alone. */
interface Reading {
  claim: ClaimedPartition;
  /** Until when tiles were sealed at the claim. */
  readonly sealed: number;
  next: number;
  newest: number;
  pending: Logged[];
  late: number;
}

/**
 * The log of each partition is what is true. Whoever holds a partition counts from its stored position on; what is not
 * committed when it crashes is counted again by the next. What is late, what is sealed and which checkpoints are refused
 * is reckoned here a second time, by the rules of the documents. `counted` is filled when a checkpoint commits, and only then.
 */
export class History {
  readonly logs: Logged[][] = Array.from({ length: PARTITIONS }, () => []);
  readonly counted: Logged[] = [];
  readonly kept: Kept[] = [];
  tooLate = 0;
  /** Checkpoints of slices that were sealed in the meantime. */
  refused = 0;
  /** Passes that had to wait for a checkpoint. */
  waited = 0;
  /** The greatest watermark of a pass. An idle partition that goes on takes the watermark back, but what is done is done. */
  reckoned = -Infinity;
  now = START;
  private readonly world: World;
  private readonly counter: PartitionCounter;
  private readonly readings: (Reading | null)[] = new Array(PARTITIONS).fill(null);
  /** Greatest event time that is committed, and whether its partition has been quiet since. */
  private readonly progress = Array.from({ length: PARTITIONS }, () => ({
    newest: -Infinity,
    idle: false,
  }));
  private sealed = -Infinity;
  private events = 0;
  private readonly gate: CommitGate;

  private constructor(world: World, counter: PartitionCounter, gate: CommitGate) {
    this.world = world;
    this.counter = counter;
    this.gate = gate;
  }

  static async open(world: World): Promise<History> {
    const registry = createModelRegistry({
      catalog: world.catalog,
      models: () => [{ name: 'flights', attributes: ['origin'], allowedLatenessMs: LATENESS }],
      log: createLog('silent'),
    });
    await registry.refresh();
    const gate = new CommitGate(world.pool);
    const counter = createPartitionCounter({
      store: createIngestStore(gate.pool),
      catalog: world.catalog,
      registry,
      owner: 'test',
      futureToleranceMs: Infinity,
    });
    return new History(world, counter, gate);
  }

  /** The oldest instant of which nothing has been let go. */
  get oldest(): number {
    return floor(this.reckoned - RETENTION.daysMs, DAY);
  }

  /** The least that a busy partition has come to; null: one of them has nothing yet. */
  private watermark(): number | null {
    const busy = this.progress.filter(({ idle }) => !idle);
    const least =
      busy.length > 0
        ? Math.min(...busy.map(({ newest }) => newest))
        : Math.max(...this.progress.map(({ newest }) => newest));
    return least === -Infinity ? null : least - LATENESS;
  }

  async take(one: Step): Promise<void> {
    if (one.do === 'advance') this.now += one.hours * HOUR;
    else if (one.do === 'keep') await this.keep();
    else if (one.do === 'idle') await this.idle(one.partition);
    else if (one.do === 'race') await this.race(one.partition);
    else if (one.do === 'events') {
      for (let i = 0; i < one.count; i += 1) {
        const time = this.now - one.back * HOUR - i * 60_000;
        this.logs[one.partition]?.push(eventAt(time, (this.events += 1)));
      }
      await this.readOn(one.partition);
    } else if (one.do === 'checkpoint') await this.checkpoint(one.partition);
    else if (one.do === 'crash') this.forget(one.partition);
    else await this.takeOver(one.partition);
  }

  /** The owner does not know that it is none any more; the next one counts from what is stored. */
  private async takeOver(at: number): Promise<void> {
    const stale = this.readings[at] ?? null;
    this.readings[at] = null;
    await this.readOn(at);
    if (stale === null) return;
    if (stale.claim.pendingRecords > 0)
      expect((await stale.claim.checkpoint(stale.next, null)).outcome).toBe('fenced');
    stale.claim.release();
  }

  async keep(): Promise<void> {
    const watermark = this.watermark();
    const kept = await keepTiles(
      {
        keeper: createTileKeeper(this.world.pool),
        tiles: this.world.tiles,
        catalog: this.world.catalog,
        retention: RETENTION,
      },
      [{ id: this.world.modelId, allowedLatenessMs: LATENESS }],
    );
    if (kept === null) throw new Error('somebody else looks after tiles');
    expect(kept.failed).toEqual([]);
    this.kept.push(kept);
    this.reckoned = Math.max(this.reckoned, watermark ?? -Infinity);
    this.sealed = floor(this.reckoned - FIVE_MINUTES_KEPT, HOUR);
    const { rows } = await this.world.pool.query<{ sealed: number | null }>(
      'SELECT sealed_until AS sealed FROM model WHERE id = $1',
      [this.world.modelId],
    );
    expect(rows[0]?.sealed ?? -Infinity).toBe(this.sealed);
  }

  /** The pass begins, and comes as far as it can, while the checkpoint holds what it has written. */
  private async race(at: number): Promise<void> {
    const reading = await this.readOn(at);
    if (reading.claim.pendingRecords === 0 || this.isRefused(reading)) return;
    const held = this.gate.hold();
    const committing = reading.claim.checkpoint(reading.next, null);
    await held;
    let over = false;
    const keeping = this.keep().finally(() => (over = true));
    keeping.catch(() => undefined);
    while (!over) {
      if (!(await this.anybodyWaits())) {
        await sleep(2);
        continue;
      }
      this.waited += 1;
      break;
    }
    this.gate.open();
    expect((await committing).outcome).toBe('committed');
    this.accept(at, reading);
    await keeping;
  }

  private async anybodyWaits(): Promise<boolean> {
    const { rowCount } = await this.world.pool.query(
      `SELECT FROM pg_locks l JOIN pg_stat_activity a USING (pid)
       WHERE NOT l.granted AND a.datname = current_database()`,
    );
    return rowCount !== 0;
  }

  private async idle(at: number): Promise<void> {
    const { rowCount } = await this.world.pool.query(
      `UPDATE ingest_partition SET progressed_at = now(), claimed_at = now() - interval '5 minutes'
       WHERE partition = $1`,
      [at],
    );
    await this.world.pool.query(
      `UPDATE model_progress SET last_event_at = now() - interval '5 minutes'
       WHERE part IN (SELECT id FROM ingest_partition WHERE partition = $1)`,
      [at],
    );
    if (rowCount === 1) this.progressOf(at).idle = true;
  }

  private progressOf(at: number): { newest: number; idle: boolean } {
    return this.progress[at] as { newest: number; idle: boolean };
  }

  private forget(at: number): void {
    this.readings[at]?.claim.release();
    this.readings[at] = null;
  }

  private async readOn(at: number): Promise<Reading> {
    const log = this.logs[at] as Logged[];
    let reading = this.readings[at] ?? null;
    if (reading === null) {
      const key = { source: 'test', topic: 'log', partition: at };
      const claim = await this.counter.claim(key, {
        startOffsets: () => Promise.resolve(new Map(this.logs.map((_, i) => [i, 0]))),
        range: () => Promise.resolve({ start: 0, end: log.length }),
      });
      const progress = this.progressOf(at);
      // Without an event yet its owner is new, and has to be waited for.
      if (progress.newest === -Infinity) progress.idle = false;
      const { sealed } = this;
      reading = {
        claim,
        sealed,
        next: claim.position,
        newest: progress.newest,
        pending: [],
        late: 0,
      };
      this.readings[at] = reading;
    }
    for (; reading.next < log.length; reading.next += 1)
      this.countOne(reading, log[reading.next] as Logged);
    return reading;
  }

  private countOne(reading: Reading, event: Logged): void {
    const { claim } = reading;
    const outcome = claim.count(this.frameOf(event));
    const horizon = Math.max(reading.newest - LATENESS - FIVE_MINUTES_KEPT, reading.sealed);
    expect(outcome).toBe(event.time < horizon ? 'too-late' : 'counted');
    if (outcome === 'counted') {
      claim.recordCounted();
      reading.pending.push(event);
      reading.newest = Math.max(reading.newest, event.time);
    } else {
      claim.recordTooLate();
      reading.late += 1;
    }
  }

  private frameOf({ time, x, c, origin }: Logged): EventFrame {
    const schema = this.counter.schema('flights');
    if (schema === null) throw new Error('the model is not known');
    const frame = new EventFrame();
    frame.reset(schema);
    frame.time = time;
    frame.attributes[0] = origin;
    const set = (name: string, value: number | string | null): void => {
      const index = schema.indexOf.get(name) as number;
      frame.slots[index] =
        value === null ? SLOT.missing : typeof value === 'number' ? SLOT.number : SLOT.text;
      if (typeof value === 'number') frame.numbers[index] = value;
      else frame.texts[index] = value ?? '';
    };
    set('x', x);
    set('c', c);
    return frame;
  }

  private isRefused({ pending }: Reading): boolean {
    return pending.some(({ time }) => floor(time, TILE) < this.sealed);
  }

  async checkpoint(at: number): Promise<void> {
    for (;;) {
      const reading = await this.readOn(at);
      if (reading.claim.pendingRecords === 0) return;
      const refused = this.isRefused(reading);
      const { outcome } = await reading.claim.checkpoint(reading.next, null);
      // A slice was sealed in the meantime: all of it is counted anew.
      expect(outcome).toBe(refused ? 'fenced' : 'committed');
      if (!refused) {
        this.accept(at, reading);
        return;
      }
      this.refused += 1;
      this.forget(at);
    }
  }

  private accept(at: number, reading: Reading): void {
    this.counted.push(...reading.pending);
    this.tooLate += reading.late;
    const progress = this.progressOf(at);
    if (reading.pending.length > 0) progress.idle = false;
    progress.newest = reading.newest;
    reading.pending = [];
    reading.late = 0;
  }
}

function floor(time: number, unit: number): number {
  return Math.floor(time / unit) * unit;
}

/** A pool whose next COMMIT waits until it is let go. */
class CommitGate {
  readonly pool: Pool;
  private arrived: (() => void) | null = null;
  private opened: Promise<void> = Promise.resolve();
  private release: () => void = () => undefined;

  constructor(pool: Pool) {
    const pass = async (text: string): Promise<void> => {
      if (text !== 'COMMIT' || this.arrived === null) return;
      this.arrived();
      this.arrived = null;
      await this.opened;
    };
    const connect = async () => {
      const client: Client = await pool.connect();
      return {
        release: (destroy?: boolean) => {
          client.release(destroy);
        },
        async query(text: string, values?: unknown[]) {
          await pass(text);
          return client.query(text, values);
        },
      };
    };
    this.pool = { query: pool.query.bind(pool), connect } as unknown as Pool;
  }

  /** @returns resolves when a transaction stands before its COMMIT */
  hold(): Promise<void> {
    this.opened = new Promise((resolve) => {
      this.release = resolve;
    });
    return new Promise((resolve) => {
      this.arrived = resolve;
    });
  }

  open(): void {
    this.release();
  }
}
