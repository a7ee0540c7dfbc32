import { afterEach, describe, expect, it } from 'vitest';

import type { EvaluatedMonitor } from '../../src/compare/evaluate-task.ts';
import { inTransaction } from '../../src/storage/postgres/pool.ts';
import { markLateTiles } from '../../src/storage/postgres/revisions/late-marks.ts';
import { createRevisionStore } from '../../src/storage/postgres/revisions/revision-store.ts';
import { baselineFromList, createNormal, rowsOver } from '../support/baselines.ts';
import type { Row } from '../support/baselines.ts';
import { createBaselineStore } from '../../src/storage/postgres/baseline-store.ts';
import { freshDatabase } from '../support/servers.ts';
import { DAY, HOUR, createWorld } from '../support/world.ts';
import type { World } from '../support/world.ts';

const START = Date.UTC(2024, 0, 8);

const worlds: World[] = [];
afterEach(async () => {
  for (const { pool } of worlds.splice(0)) await pool.end();
});

const training = (seed: number): Row[] => {
  const normal = createNormal(seed);
  return rowsOver(START - 7 * DAY, START, 60, () => ({ x: normal(), y: normal() }));
};

async function newWorld(): Promise<World> {
  const world = await createWorld(await freshDatabase(), { rows: training(1) });
  worlds.push(world);
  return world;
}

function hourly(
  world: World,
  windows: readonly ('1h' | '6h')[] = ['1h'],
): Promise<EvaluatedMonitor> {
  return world.monitor({
    windows,
    receivers: [
      {
        name: 'oncall',
        targets: [{ channel: 'email', recipient: 'oncall@example.com', sendResolved: true }],
      },
    ],
  });
}

async function revisions(world: World): Promise<string[]> {
  const { rows } = await world.pool.query<{ end: number; revision: number }>(
    'SELECT window_end AS "end", revision FROM evaluation ORDER BY window_end, revision',
  );
  return rows.map(({ end, revision }) => `${(end - START) / HOUR}h r${revision}`);
}

interface Told {
  readonly reason: string;
  readonly message: {
    readonly features: readonly {
      readonly feature: string;
      readonly notice: string;
      readonly explanation: readonly string[];
    }[];
  };
}

async function told(world: World): Promise<Told[]> {
  const { rows } = await world.pool.query<Told>('SELECT reason, message FROM outbox ORDER BY id');
  return rows;
}

describe('late data', () => {
  it('re-judges the windows it touched, and only these, with what on-time data would have given', async () => {
    const normal = createNormal(2);
    const values = (): Row['values'] => ({ x: normal(), y: normal() });
    const onTime = rowsOver(START, START + 6 * HOUR, 300, values);
    const late = rowsOver(START + 2.5 * HOUR, START + 3 * HOUR, 600, values);
    const world = await newWorld();
    const monitor = await hourly(world);
    await world.count(onTime);
    for (let hour = 1; hour <= 5; hour += 1) await world.evaluate(monitor, START + hour * HOUR);
    await world.count(late);
    expect(await revisions(world)).toEqual(['1h r0', '2h r0', '3h r0', '4h r0', '5h r0']);
    await world.evaluate(monitor, START + 6 * HOUR);
    expect(await revisions(world)).toEqual([
      '1h r0',
      '2h r0',
      '3h r0',
      '3h r1',
      '4h r0',
      '5h r0',
      '6h r0',
    ]);

    const whole = await newWorld();
    await whole.count([...onTime, ...late]);
    const wanted = await whole.evaluate(await hourly(whole), START + 3 * HOUR);
    const found = await world.results(monitor.id, START + 3 * HOUR);
    expect(found[0]?.n).toBe(600);
    expect(found).toEqual(wanted);
    // Nothing came since: nothing is judged again.
    await world.evaluate(monitor, START + 7 * HOUR);
    expect((await revisions(world)).filter((row) => row.startsWith('3h'))).toEqual([
      '3h r0',
      '3h r1',
    ]);
    const { rows } = await world.pool.query<{ due: number }>(
      'SELECT due FROM evaluation WHERE revision = 1',
    );
    expect(rows).toEqual([{ due: START + 3 * HOUR }]);
  });

  it('touches every window that contains it', async () => {
    const normal = createNormal(3);
    const values = (): Row['values'] => ({ x: normal(), y: normal() });
    const world = await newWorld();
    const monitor = await hourly(world, ['1h', '6h']);
    await world.count(rowsOver(START, START + 10 * HOUR, 100, values));
    for (let hour = 1; hour <= 9; hour += 1) await world.evaluate(monitor, START + hour * HOUR);
    await world.count(rowsOver(START + 1 * HOUR, START + 1 * HOUR + 60_000, 600, values));
    await world.evaluate(monitor, START + 10 * HOUR);
    // [1h, 1h05) lies in the windows of 6 h that end at 2h ... 7h.
    expect((await revisions(world)).filter((row) => row.endsWith('r1'))).toEqual(
      [2, 3, 4, 5, 6, 7].map((hour) => `${hour}h r1`),
    );
  });

  it('withdraws an alert that only missing data had opened, and says so', async () => {
    const normal = createNormal(4);
    const world = await newWorld();
    const monitor = await hourly(world);
    const early = (from: number, to: number): Row[] =>
      rowsOver(from, to, 60, () => ({ x: normal() + 3, y: normal() }));
    const rest = (from: number, to: number): Row[] =>
      rowsOver(from, to, 6_000, () => ({ x: normal(), y: normal() }));
    await world.count(early(START, START + 2 * HOUR));
    await world.evaluate(monitor, START + HOUR);
    await world.evaluate(monitor, START + 2 * HOUR);
    const before = (await world.evaluations.alerts(monitor.id)).find(
      ({ feature }) => feature === 'x',
    );
    expect(before).toMatchObject({ state: 'firing', incident: 1, notifiedSeverity: 'critical' });

    await world.count(rest(START, START + 3 * HOUR));
    await world.evaluate(monitor, START + 3 * HOUR);
    const after = (await world.evaluations.alerts(monitor.id)).find(
      ({ feature }) => feature === 'x',
    );
    expect(after).toMatchObject({
      state: 'inactive',
      severity: null,
      incident: 1,
      notifiedSeverity: null,
    });
    const messages = await told(world);
    expect(messages.map(({ reason }) => reason)).toEqual(['first', 'resolved']);
    expect(messages[1]?.message.features).toEqual([
      expect.objectContaining({ feature: 'x', notice: 'resolved' }),
    ]);
    expect(messages[1]?.message.features[0]?.explanation[0]).toContain('Withdrawn');

    // Told once: the next evaluations have nothing to add.
    await world.count(rest(START + 3 * HOUR, START + 4 * HOUR));
    await world.evaluate(monitor, START + 4 * HOUR);
    expect(await told(world)).toHaveLength(2);
  });

  it('opens an alert that the data on time did not show', async () => {
    const normal = createNormal(5);
    const world = await newWorld();
    const monitor = await hourly(world);
    const rows = (from: number, to: number, shift: number, perHour: number): Row[] =>
      rowsOver(from, to, perHour, () => ({ x: normal() + shift, y: normal() }));
    await world.count(rows(START, START + 3 * HOUR, 0, 300));
    await world.evaluate(monitor, START + HOUR);
    await world.evaluate(monitor, START + 2 * HOUR);
    await world.count(rows(START, START + 2 * HOUR, 3, 3_000));
    await world.evaluate(monitor, START + 3 * HOUR);
    const alert = (await world.evaluations.alerts(monitor.id)).find(
      ({ feature }) => feature === 'x',
    );
    // Opened by the two windows that were judged again, quiet in the third.
    expect(alert).toMatchObject({ state: 'firing', incident: 1, firingSince: START + 2 * HOUR });
    expect((await told(world)).map(({ reason }) => reason)).toEqual(['first']);
  });

  it('is judged again by at most 24 windows a tick, newest first, and never beyond the tiles of 5 minutes', async () => {
    const normal = createNormal(6);
    const values = (): Row['values'] => ({ x: normal(), y: normal() });
    const world = await newWorld();
    const monitor = await hourly(world);
    const last = 10 * 24;
    await world.count(rowsOver(START, START + last * HOUR, 12, values));
    const ends = [1, ...Array.from({ length: 30 }, (_, i) => last - 31 + i)];
    for (const hour of ends) await world.evaluate(monitor, START + hour * HOUR);
    await world.count(rowsOver(START, START + (last - 1) * HOUR, 12, values));
    await world.evaluate(monitor, START + (last - 1) * HOUR);
    const revised = async (): Promise<number[]> =>
      (await revisions(world))
        .filter((row) => row.endsWith('r1'))
        .map((row) => Number.parseInt(row, 10));
    expect(await revised()).toEqual(Array.from({ length: 24 }, (_, i) => last - 25 + i));
    await world.evaluate(monitor, START + last * HOUR);
    expect(await revised()).toEqual(Array.from({ length: 30 }, (_, i) => last - 31 + i));
  });

  it('leaves verdicts against a baseline alone that has been replaced', async () => {
    const normal = createNormal(7);
    const values = (): Row['values'] => ({ x: normal(), y: normal() });
    const world = await newWorld();
    const monitor = await hourly(world);
    await world.count(rowsOver(START, START + 2 * HOUR, 300, values));
    await world.evaluate(monitor, START + HOUR);
    const store = createBaselineStore(world.pool);
    const next = await store.add(baselineFromList('flights', training(8), false), new Map());
    await store.activate(world.modelId, next.version);
    await world.count(rowsOver(START, START + HOUR, 300, values));
    await world.evaluate(monitor, START + 2 * HOUR);
    expect(await revisions(world)).toEqual(['1h r0', '2h r0']);
  });
});

describe('no late data slips through', () => {
  it('a monitor that is about to read waits for the checkpoints that do not know of it yet', async () => {
    const world = await newWorld();
    const monitor = await hourly(world);
    const store = createRevisionStore(world.pool);
    await store.look(monitor.id, START + HOUR);
    const order: string[] = [];
    const marked = Promise.withResolvers<undefined>();
    const goOn = Promise.withResolvers<undefined>();
    const checkpoint = inTransaction(world.pool, async (client) => {
      await markLateTiles(client, [{ start: START + HOUR, modelId: world.modelId }]);
      marked.resolve(undefined);
      await goOn.promise;
      order.push('the checkpoint commits');
    });
    await marked.promise;
    const looking = store
      .look(monitor.id, START + 2 * HOUR)
      .then(() => order.push('the monitor reads'));
    // It stands in the database's queue of locks before the checkpoint goes on.
    for (let waiting = 0; waiting === 0;) {
      const { rows } = await world.pool.query<{ waiting: number }>(
        "SELECT count(*) AS waiting FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()",
      );
      waiting = rows[0]?.waiting ?? 0;
    }
    goOn.resolve(undefined);
    await Promise.all([checkpoint, looking]);
    expect(order).toEqual(['the checkpoint commits', 'the monitor reads']);
    const marks = async (): Promise<number> => {
      const { rows } = await world.pool.query<{ marks: number }>(
        'SELECT count(*) AS marks FROM late_tile',
      );
      return rows[0]?.marks ?? NaN;
    };
    expect(await marks()).toBe(0);
    await inTransaction(world.pool, (client) =>
      markLateTiles(client, [
        { start: START + HOUR, modelId: world.modelId },
        { start: START + 2 * HOUR, modelId: world.modelId },
      ]),
    );
    expect(await marks()).toBe(1);
  });

  it('a replica that has lost the tick revises nothing', async () => {
    const normal = createNormal(9);
    const values = (): Row['values'] => ({ x: normal(), y: normal() });
    const world = await newWorld();
    const monitor = await hourly(world);
    await world.count(rowsOver(START, START + 3 * HOUR, 300, values));
    await world.evaluate(monitor, START + HOUR);
    await world.count(rowsOver(START, START + HOUR, 300, values));
    const due = START + 2 * HOUR;
    const lost = await world.ticks.claim(monitor.id, due, 'lost', 60_000);
    if (lost === null) throw new Error('the claim failed');
    await world.pool.query("UPDATE monitor_tick SET lease_until = now() - interval '1 ms'");
    const own = await world.ticks.claim(monitor.id, due, 'own', 60_000);
    if (own === null) throw new Error('the takeover failed');
    const input = { monitor, complete: true, watermark: due, mayNotify: true };
    expect(await world.evaluator.evaluate({ ...input, claim: lost })).toBe(false);
    expect(await revisions(world)).toEqual(['1h r0']);
    expect(await world.evaluator.evaluate({ ...input, claim: own })).toBe(true);
    expect(await revisions(world)).toEqual(['1h r0', '1h r1', '2h r0']);
  });
});
