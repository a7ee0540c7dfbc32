import { describe, expect, it } from 'vitest';
import { createLog } from '../../../src/platform/log.ts';
import { createCronSchedule } from '../../../src/schedule/cron-schedule.ts';
import { createScheduler } from '../../../src/schedule/scheduler.ts';
import type { DueTick, ScheduledMonitor, Scheduler } from '../../../src/schedule/scheduler.ts';
import type { TickStore } from '../../../src/storage/tick-store.ts';
import type { TileReader } from '../../../src/storage/tile-store.ts';

const HOUR = 3_600_000;
const START = Date.UTC(2026, 10, 23);

/** Tick rows in memory, and the clock that they are asked by. */
function memoryTicks(): TickStore & {
  at: number;
  readonly settledTicks: Map<number, Map<number, string>>;
} {
  const settledTicks = new Map<number, Map<number, string>>();
  const of = (id: number) => settledTicks.get(id) ?? new Map<number, string>();
  const settle = (id: number, due: number, state: string): void => {
    settledTicks.set(id, of(id).set(due, state));
  };
  return {
    at: START,
    settledTicks,
    ensureMonitor: (name, modelId) =>
      Promise.resolve({ id: 1, name, modelId, scheduledFrom: START }),
    findMonitor: () => Promise.resolve(null),
    setScheduledFrom: () => Promise.resolve(),
    lastSettled: (id) => Promise.resolve([...of(id).keys()].sort((a, b) => a - b).at(-1) ?? null),
    claim: (monitorId, due) => {
      settle(monitorId, due, 'done');
      return Promise.resolve({ monitorId, due, epoch: 1 });
    },
    extend: () => Promise.resolve(true),
    release: ({ monitorId, due }) => {
      of(monitorId).delete(due);
      return Promise.resolve();
    },
    markMissed: (id, due) => {
      for (const tick of due) settle(id, tick, 'missed');
      return Promise.resolve();
    },
    settled: () => Promise.resolve(false),
    now() {
      return Promise.resolve(this.at);
    },
  };
}

function monitor(change: Partial<ScheduledMonitor> = {}): ScheduledMonitor {
  return {
    id: 1,
    name: 'hourly',
    modelId: 1,
    schedule: createCronSchedule('0 * * * *', 'UTC'),
    clock: 'wall',
    catchUp: 24,
    allowedLatenessMs: HOUR,
    ...change,
  };
}

/** Events come as they happen: the newest is of now. */
function tilesAt(ticks: { readonly at: number }): TileReader {
  return {
    tiles: () => Promise.resolve([]),
    watermark: (_model, lateness) =>
      Promise.resolve({
        time: ticks.at - lateness,
        maxEventTime: ticks.at,
        minEventTime: START,
        events: 1,
      }),
  };
}

function schedulerOf(
  ticks: ReturnType<typeof memoryTicks>,
  monitors: readonly ScheduledMonitor[],
  evaluate: (tick: DueTick) => Promise<boolean>,
): Scheduler {
  return createScheduler({
    ticks,
    tiles: tilesAt(ticks),
    monitors,
    owner: 'test',
    log: createLog('silent'),
    evaluate,
  });
}

const hours = (ticks: ReturnType<typeof memoryTicks>, id = 1): string[] =>
  [...(ticks.settledTicks.get(id) ?? [])]
    .sort(([a], [b]) => a - b)
    .map(([due, state]) => `${(due - START) / HOUR} ${state}`);

describe('a monitor whose ticks come faster than late events may', () => {
  it.each([
    ['0 * * * *', HOUR],
    ['*/15 * * * *', HOUR],
    ['0 * * * *', 6 * HOUR],
  ])('of schedule %s and lateness %i tells of every tick', async (cron, allowedLatenessMs) => {
    const ticks = memoryTicks();
    const told: boolean[] = [];
    const scheduler = schedulerOf(
      ticks,
      [monitor({ schedule: createCronSchedule(cron, 'UTC'), allowedLatenessMs })],
      ({ mayNotify }) => {
        told.push(mayNotify);
        return Promise.resolve(true);
      },
    );
    for (; ticks.at <= START + 12 * HOUR; ticks.at += 60_000) await scheduler.runOnce();
    expect(told.length).toBeGreaterThanOrEqual(6);
    expect(told).toEqual(told.map(() => true));
  });
});

describe('ticks that wait for their events', () => {
  it.each([0, 1, 3])('are not missed with catch_up %i', async (catchUp) => {
    const ticks = memoryTicks();
    const scheduler = schedulerOf(ticks, [monitor({ catchUp, allowedLatenessMs: 6 * HOUR })], () =>
      Promise.resolve(true),
    );
    for (; ticks.at <= START + 12 * HOUR; ticks.at += HOUR) await scheduler.runOnce();
    expect(hours(ticks)).toEqual([1, 2, 3, 4, 5, 6].map((hour) => `${String(hour)} done`));
  });

  it('do not stand in the way of the newest that is ready, after downtime', async () => {
    const ticks = memoryTicks();
    const told: string[] = [];
    const scheduler = schedulerOf(
      ticks,
      [monitor({ catchUp: 2, allowedLatenessMs: 3 * HOUR })],
      ({ claim, mayNotify }) => {
        told.push(`${String((claim.due - START) / HOUR)} ${String(mayNotify)}`);
        return Promise.resolve(true);
      },
    );
    ticks.at = START + 8 * HOUR;
    await scheduler.runOnce();
    expect(told).toEqual(['4 false', '5 true']);
    expect(hours(ticks)).toEqual(['1 missed', '2 missed', '3 missed', '4 done', '5 done']);
  });

  it('and nothing to catch up: the newest runs all the same', async () => {
    const ticks = memoryTicks();
    const scheduler = schedulerOf(
      ticks,
      [monitor({ catchUp: 0, allowedLatenessMs: 0 })],
      ({ mayNotify }) => Promise.resolve(mayNotify),
    );
    ticks.at = START + 3 * HOUR;
    expect(await scheduler.runOnce()).toBe(1);
    expect(hours(ticks)).toEqual(['1 missed', '2 missed', '3 done']);
  });
});

describe('a monitor that fails', () => {
  it('rests longer each time and holds no other up', async () => {
    const ticks = memoryTicks();
    ticks.at = START + HOUR;
    let tried = 0;
    const others = Promise.withResolvers<undefined>();
    let other = 0;
    const scheduler = schedulerOf(
      ticks,
      [
        monitor({ allowedLatenessMs: 0 }),
        monitor({ id: 2, name: 'well', clock: 'event', allowedLatenessMs: 0 }),
      ],
      ({ monitor: { id } }) => {
        if (id === 1) {
          tried += 1;
          return Promise.reject(new Error('a lasting fault'));
        }
        other += 1;
        // The stream goes on by an hour an evaluation.
        ticks.at += HOUR;
        if (other === 20) others.resolve(undefined);
        return Promise.resolve(true);
      },
    );
    scheduler.start();
    await others.promise;
    await scheduler.stop();
    // A rest is at least a quarter of a second: twenty evaluations of the other one take less than twenty rests.
    expect(tried).toBeLessThan(20);
  });
});
