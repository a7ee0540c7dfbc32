import { afterEach, describe, expect, it } from 'vitest';

import type { EvaluatedMonitor, Evaluator } from '../../src/compare/evaluate-task.ts';
import { createLog } from '../../src/platform/log.ts';
import { createCronSchedule } from '../../src/schedule/cron-schedule.ts';
import { createScheduler } from '../../src/schedule/scheduler.ts';
import type { DueTick, ScheduledMonitor, Scheduler } from '../../src/schedule/scheduler.ts';
import { createTickGate } from '../../src/schedule/tick-gate.ts';
import { createGaugeReader } from '../../src/storage/postgres/gauge-reader.ts';
import type { TickStore } from '../../src/storage/tick-store.ts';
import { createNormal, rowsOver } from '../support/baselines.ts';
import { freshDatabase } from '../support/servers.ts';
import { DAY, HOUR, createWorld } from '../support/world.ts';
import type { World } from '../support/world.ts';

const START = Date.UTC(2024, 0, 8);
const MINUTE = 60_000;

const worlds: World[] = [];
afterEach(async () => {
  for (const { pool } of worlds.splice(0)) await pool.end();
});

/** A week of training, then `hours` of a stream whose x has moved: every evaluation of it fires. */
async function drifted(hours: number): Promise<World> {
  const normal = createNormal(5);
  const world = await createWorld(await freshDatabase(), {
    rows: rowsOver(START - 7 * DAY, START, 60, () => ({ x: normal(), y: normal() })),
  });
  worlds.push(world);
  await world.count(
    rowsOver(START, START + hours * HOUR, 120, () => ({ x: normal() + 2, y: normal() })),
  );
  return world;
}

function monitorOf(world: World): Promise<EvaluatedMonitor> {
  return world.monitor({
    windows: ['1h'],
    alertPolicy: { open: { firing: 1, of: 1 }, close: 3 },
    receivers: [
      {
        name: 'oncall',
        targets: [{ channel: 'email', recipient: 'oncall@example.com', sendResolved: true }],
      },
    ],
  });
}

function hourly(
  monitor: EvaluatedMonitor,
  change: Partial<ScheduledMonitor> = {},
): ScheduledMonitor {
  return {
    id: monitor.id,
    name: monitor.name,
    modelId: monitor.modelId,
    schedule: createCronSchedule('0 * * * *', 'UTC'),
    clock: 'event',
    catchUp: 24,
    allowedLatenessMs: 0,
    ...change,
  };
}

function schedulerOf(
  world: World,
  scheduled: ScheduledMonitor,
  evaluate: (tick: DueTick) => Promise<boolean>,
  ticks: TickStore = world.ticks,
): Scheduler {
  return createScheduler({
    ticks,
    tiles: world.tiles,
    monitors: [scheduled],
    owner: 'test',
    log: createLog('silent'),
    evaluate,
  });
}

const evaluateWith =
  (evaluator: Evaluator, evaluated: EvaluatedMonitor) =>
  ({ monitor: _, ...tick }: DueTick): Promise<boolean> =>
    evaluator.evaluate({ ...tick, monitor: evaluated });

/** Rows of everything that an evaluation writes. */
async function stored(world: World): Promise<Record<string, number>> {
  const { rows } = await world.pool.query<Record<string, number>>(
    `SELECT (SELECT count(*) FROM evaluation) AS evaluation, (SELECT count(*) FROM score) AS score,
       (SELECT count(*) FROM alert) AS alert, (SELECT count(*) FROM outbox) AS outbox,
       (SELECT count(*) FROM monitor_tick WHERE state = 'done') AS done`,
  );
  return rows[0] ?? {};
}

async function ticksOf(world: World): Promise<string[]> {
  const { rows } = await world.pool.query<{ due: number; state: string }>(
    'SELECT due, state FROM monitor_tick ORDER BY due',
  );
  return rows.map(({ due, state }) => `${(due - START) / HOUR} ${state}`);
}

describe('an evaluation is one transaction', () => {
  it.each(['evaluation', 'score', 'alert', 'outbox'])(
    'a connection that dies while it writes to %s leaves nothing behind, and the tick is done again',
    async (table) => {
      const world = await drifted(3);
      const monitor = await monitorOf(world);
      await world.ticks.setScheduledFrom(monitor.id, START + HOUR);
      // A sequence is not rolled back: only the first attempt dies.
      await world.pool.query(`
        CREATE SEQUENCE attempts;
        CREATE FUNCTION die() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
          IF nextval('attempts') = 1 THEN PERFORM pg_terminate_backend(pg_backend_pid()); END IF;
          RETURN NULL;
        END $$;
        CREATE TRIGGER die AFTER INSERT ON ${table} FOR EACH STATEMENT EXECUTE FUNCTION die()`);
      const scheduler = schedulerOf(world, hourly(monitor), evaluateWith(world.evaluator, monitor));
      expect(await scheduler.runOnce()).toBe(0);
      expect(await stored(world)).toEqual({
        evaluation: 0,
        score: 0,
        alert: 0,
        outbox: 0,
        done: 0,
      });
      expect(await scheduler.runOnce()).toBe(1);
      expect(await stored(world)).toEqual({
        evaluation: 1,
        score: 2,
        alert: 2,
        outbox: 1,
        done: 1,
      });
      expect(await scheduler.runOnce()).toBe(0);
    },
  );
});

describe('a replica that was frozen', () => {
  it('is fenced: what it computed before somebody took over is not written', async () => {
    const world = await drifted(2);
    const monitor = await monitorOf(world);
    const due = START + 2 * HOUR;
    const thaw = Promise.withResolvers<undefined>();
    const frozen = world.evaluatorWith({
      tiles: {
        ...world.tiles,
        async tiles(...parameters) {
          const rows = await world.tiles.tiles(...parameters);
          await thaw.promise;
          return rows;
        },
      },
    });
    const input = { monitor, complete: true, watermark: due, mayNotify: true };
    const first = await world.ticks.claim(monitor.id, due, 'frozen', 60_000);
    if (first === null) throw new Error('the first claim failed');
    const waking = frozen.evaluate({ ...input, claim: first });
    expect(await world.ticks.claim(monitor.id, due, 'other', 60_000)).toBeNull();
    await world.pool.query("UPDATE monitor_tick SET lease_until = now() - interval '1 ms'");
    const second = await world.ticks.claim(monitor.id, due, 'other', 60_000);
    if (second === null) throw new Error('the takeover failed');
    expect(second.epoch).toBe(first.epoch + 1);

    // It wakes while the other one is still at work: its lease cannot be had back, its result is refused.
    thaw.resolve(undefined);
    expect(await waking).toBe(false);
    expect(await world.ticks.extend(first, 60_000)).toBe(false);
    expect(await stored(world)).toEqual({ evaluation: 0, score: 0, alert: 0, outbox: 0, done: 0 });

    expect(await world.evaluator.evaluate({ ...input, claim: second })).toBe(true);
    const after = await stored(world);
    expect(after).toEqual({ evaluation: 1, score: 2, alert: 2, outbox: 1, done: 1 });
    expect(await world.evaluator.evaluate({ ...input, claim: first })).toBe(false);
    expect(await stored(world)).toEqual(after);
  });

  it('does not run ticks that were settled while it slept', async () => {
    const world = await drifted(6);
    const monitor = await monitorOf(world);
    await world.ticks.setScheduledFrom(monitor.id, START);
    const asleep = Promise.withResolvers<undefined>();
    const sleepy: TickStore = {
      ...world.ticks,
      async claim(...parameters) {
        await asleep.promise;
        return world.ticks.claim(...parameters);
      },
    };
    let evaluated = 0;
    const count = (tick: DueTick): Promise<boolean> => {
      evaluated += 1;
      return evaluateWith(world.evaluator, monitor)(tick);
    };
    const late = schedulerOf(world, hourly(monitor), count, sleepy).runOnce();
    expect(await schedulerOf(world, hourly(monitor), count).runOnce()).toBe(5);
    asleep.resolve(undefined);
    expect(await late).toBe(0);
    expect(evaluated).toBe(5);
  });
});

describe('replicas', () => {
  it('never run two ticks of a monitor at once, and each only once, in order', async () => {
    const world = await drifted(20);
    const monitor = await monitorOf(world);
    await world.ticks.setScheduledFrom(monitor.id, START);
    let running = 0;
    let most = 0;
    const order: number[] = [];
    const evaluate = async (tick: DueTick): Promise<boolean> => {
      running += 1;
      most = Math.max(most, running);
      order.push(tick.claim.due);
      const stayed = await evaluateWith(world.evaluator, monitor)(tick);
      running -= 1;
      return stayed;
    };
    const replicas = Array.from({ length: 4 }, () => schedulerOf(world, hourly(monitor), evaluate));
    // The stream ends just before the twentieth hour is full.
    while (order.length < 19) await Promise.all(replicas.map((replica) => replica.runOnce()));
    expect(most).toBe(1);
    expect(order).toEqual(Array.from({ length: 19 }, (_, i) => START + (i + 1) * HOUR));
    expect(await stored(world)).toMatchObject({ evaluation: 19, done: 19 });
  });

  it('a failed evaluation is tried again before anything behind it', async () => {
    const world = await drifted(4);
    const monitor = await monitorOf(world);
    await world.ticks.setScheduledFrom(monitor.id, START);
    let failures = 2;
    const order: number[] = [];
    const scheduler = schedulerOf(world, hourly(monitor), (tick) => {
      if (tick.claim.due === START + 2 * HOUR && failures > 0) {
        failures -= 1;
        throw new Error('a passing fault');
      }
      order.push((tick.claim.due - START) / HOUR);
      return evaluateWith(world.evaluator, monitor)(tick);
    });
    for (let i = 0; i < 3; i += 1) await scheduler.runOnce();
    expect(order).toEqual([1, 2, 3]);
    const { rows } = await world.pool.query<{ attempts: number }>(
      'SELECT attempts FROM monitor_tick ORDER BY due',
    );
    expect(rows.map(({ attempts }) => attempts)).toEqual([1, 3, 1]);
  });
});

describe('a database that is away', () => {
  it('is left alone for a while after each failure, and the ticks are run when it is back', async () => {
    const world = await drifted(3);
    const monitor = await monitorOf(world);
    await world.ticks.setScheduledFrom(monitor.id, START);
    const asked: number[] = [];
    const thrice = Promise.withResolvers<undefined>();
    let away = true;
    const ticks: TickStore = {
      ...world.ticks,
      lastSettled(id) {
        asked.push(performance.now());
        if (asked.length === 3) thrice.resolve(undefined);
        return away ? Promise.reject(new Error('away')) : world.ticks.lastSettled(id);
      },
    };
    const done = Promise.withResolvers<undefined>();
    const scheduler = schedulerOf(
      world,
      hourly(monitor),
      async (tick) => {
        const stored = await evaluateWith(world.evaluator, monitor)(tick);
        if (tick.claim.due === START + 2 * HOUR) done.resolve(undefined);
        return stored;
      },
      ticks,
    );
    scheduler.start();
    await thrice.promise;
    // An event clock is otherwise looked at every 40 ms; timers may be a millisecond early.
    const [first = NaN, second = NaN, third = NaN] = asked;
    expect(second - first).toBeGreaterThanOrEqual(249);
    expect(third - second).toBeGreaterThanOrEqual(249);
    away = false;
    await done.promise;
    await scheduler.stop();
    expect(await ticksOf(world)).toEqual(['1 done', '2 done']);
  });
});

describe('after downtime', () => {
  it('ticks are caught up oldest first, the rest is marked missed, and only the newest tells', async () => {
    const world = await drifted(9);
    const monitor = await monitorOf(world);
    await world.ticks.setScheduledFrom(monitor.id, START);
    const told: boolean[] = [];
    const scheduler = schedulerOf(world, hourly(monitor, { catchUp: 3 }), (tick) => {
      told.push(tick.mayNotify);
      return evaluateWith(world.evaluator, monitor)(tick);
    });
    expect(await scheduler.runOnce()).toBe(3);
    expect(await ticksOf(world)).toEqual([
      ...[1, 2, 3, 4, 5].map((hour) => `${hour} missed`),
      ...[6, 7, 8].map((hour) => `${hour} done`),
    ]);
    expect(told).toEqual([false, false, true]);
    const { rows } = await world.pool.query<{ message: { windowEnd: number } }>(
      'SELECT message FROM outbox',
    );
    expect(rows).toHaveLength(1);
    const reader = createGaugeReader(world.pool, {
      models: ['flights'],
      monitors: ['daily'],
      topics: [],
    });
    const { monitors } = await reader.read();
    expect(monitors.map(({ monitor: name, ticksMissed }) => [name, ticksMissed])).toEqual([
      ['daily', 5],
    ]);
    // Asking again, here or on another replica, counts none of them twice.
    await schedulerOf(world, hourly(monitor, { catchUp: 3 }), () =>
      Promise.resolve(true),
    ).runOnce();
    expect((await reader.read()).monitors[0]?.ticksMissed).toBe(5);
  });

  it('a schedule that no tick was ever due of starts with its clock, not with the past', async () => {
    const world = await drifted(3);
    const monitor = await monitorOf(world);
    const scheduler = schedulerOf(world, hourly(monitor), evaluateWith(world.evaluator, monitor));
    await scheduler.runOnce();
    // The first event is at START: the first whole hour after it is the first tick.
    expect(await ticksOf(world)).toEqual(['1 done', '2 done']);
  });
});

describe('the clock of a monitor', () => {
  it('wall: a tick waits for the watermark, at most for the allowed lateness, and then says so', async () => {
    const world = await drifted(2);
    const monitor = await monitorOf(world);
    const due = START + 3 * HOUR;
    await world.ticks.setScheduledFrom(monitor.id, due - MINUTE);
    const seen: boolean[] = [];
    const at = (now: number): Scheduler =>
      schedulerOf(
        world,
        hourly(monitor, { clock: 'wall', allowedLatenessMs: HOUR }),
        (tick) => {
          seen.push(tick.complete);
          return evaluateWith(world.evaluator, monitor)(tick);
        },
        { ...world.ticks, now: () => Promise.resolve(now) },
      );
    expect(await at(due - 1).runOnce()).toBe(0);
    expect(await at(due + HOUR - 1).runOnce()).toBe(0);
    expect(await at(due + HOUR).runOnce()).toBe(1);
    expect(seen).toEqual([false]);
    const { rows } = await world.pool.query<{ complete: boolean }>(
      'SELECT complete FROM evaluation',
    );
    expect(rows).toEqual([{ complete: false }]);
  });

  it('wall: hourly ticks that wait an hour for late events each tell what they find', async () => {
    const world = await drifted(4);
    const monitor = await monitorOf(world);
    await world.ticks.setScheduledFrom(monitor.id, START);
    const told: boolean[] = [];
    const at = (now: number): Scheduler =>
      schedulerOf(
        world,
        hourly(monitor, { clock: 'wall', allowedLatenessMs: HOUR, catchUp: 1 }),
        (tick) => {
          told.push(tick.mayNotify);
          return evaluateWith(world.evaluator, monitor)(tick);
        },
        { ...world.ticks, now: () => Promise.resolve(now) },
      );
    for (let hour = 1; hour <= 4; hour += 1) await at(START + hour * HOUR + MINUTE).runOnce();
    expect(told).toEqual([true, true, true]);
    expect(await ticksOf(world)).toEqual(['1 done', '2 done', '3 done']);
    expect(await stored(world)).toMatchObject({ outbox: 1 });
  });

  it('event: the gate holds the stream until the tick is settled', async () => {
    const world = await drifted(3);
    const monitor = await monitorOf(world);
    const scheduled = hourly(monitor);
    const gate = createTickGate(world.ticks, [scheduled]);
    await world.ticks.setScheduledFrom(monitor.id, START);
    const due = START + HOUR;
    expect(gate.nextDue(world.modelId, START)).toBe(due);
    expect(await gate.settled(world.modelId, due)).toBe(false);
    await schedulerOf(world, scheduled, evaluateWith(world.evaluator, monitor)).runOnce();
    expect(await gate.settled(world.modelId, due)).toBe(true);
    expect(await gate.settled(world.modelId, START + 3 * HOUR)).toBe(false);
  });
});
