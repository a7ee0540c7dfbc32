import { afterEach, describe, expect, it } from 'vitest';

import type { QualityFault } from '../../src/core/quality/faults.ts';
import { createNormal, createRandom, rowsOver } from '../support/baselines.ts';
import type { Row } from '../support/baselines.ts';
import { freshDatabase } from '../support/servers.ts';
import { DAY, HOUR, createWorld } from '../support/world.ts';
import type { World } from '../support/world.ts';

const START = Date.UTC(2024, 0, 8);
const normal = createNormal(21);
const random = createRandom(22);

/** x: numbers; c: three categories; sparse: mostly missing, as in training. */
const usual = (): Row['values'] => ({
  x: normal(),
  c: random() < 0.5 ? 'a' : random() < 0.5 ? 'b' : 'c',
  sparse: random() < 0.2 ? 1 : null,
});

const worlds: World[] = [];
async function newWorld(): Promise<World> {
  const world = await createWorld(await freshDatabase(), {
    rows: rowsOver(START - 7 * DAY, START, 60, usual),
  });
  worlds.push(world);
  return world;
}
afterEach(async () => {
  for (const { pool } of worlds.splice(0)) await pool.end();
});

async function faults(world: World, windowEnd: number): Promise<QualityFault[]> {
  const { rows } = await world.pool.query<{ quality: QualityFault[] }>(
    `SELECT summary -> 'quality' AS quality FROM evaluation WHERE window_end = $1 ORDER BY revision DESC LIMIT 1`,
    [new Date(windowEnd).toISOString()],
  );
  return rows[0]?.quality ?? [];
}

const receivers = [
  {
    name: 'oncall',
    targets: [{ channel: 'email', recipient: 'oncall@example.com', sendResolved: true }],
  },
];

async function titles(world: World): Promise<string[]> {
  const { rows } = await world.pool.query<{ title: string | null }>(
    `SELECT message ->> 'title' AS title FROM outbox WHERE message ->> 'kind' = 'system' ORDER BY id`,
  );
  return rows.map(({ title }) => title ?? '');
}

describe('the data of a window', () => {
  const cases: readonly [string, (values: Row['values']) => Row['values'], object | null][] = [
    ['as in training', (values) => values, null],
    [
      'missing',
      (v) => ({ ...v, x: random() < 0.2 ? null : (v['x'] ?? null) }),
      { check: 'missing', feature: 'x', expected: 0 },
    ],
    [
      'of the wrong type',
      (v) => ({ ...v, x: random() < 0.2 ? 'n/a?' : (v['x'] ?? null) }),
      { check: 'invalid', feature: 'x', expected: 0 },
    ],
    [
      'out of range',
      (v) => ({ ...v, x: random() < 0.1 ? 1_000 : (v['x'] ?? null) }),
      { check: 'out-of-range', feature: 'x', expected: 0 },
    ],
    [
      'of new categories',
      (v) => ({ ...v, c: random() < 0.2 ? 'new' : (v['c'] ?? null) }),
      { check: 'unseen', feature: 'c', expected: 0 },
    ],
    [
      'absent',
      (v) => ({ ...v, x: null }),
      { check: 'absent', feature: 'x', value: 1, expected: 0 },
    ],
  ];

  it.each(cases)('%s', async (_, change, fault) => {
    const world = await newWorld();
    await world.count(rowsOver(START, START + DAY, 120, () => change(usual())));
    await world.evaluate(await world.monitor(), START + DAY);
    const found = await faults(world, START + DAY);
    expect(found).toEqual(fault === null ? [] : [expect.objectContaining(fault)]);
  });

  it('that is not there at all is no data, for the model and for each feature', async () => {
    const world = await newWorld();
    const monitor = await world.monitor();
    await world.count(rowsOver(START, START + HOUR, 120, usual));
    const results = await world.evaluate(monitor, START + 3 * DAY);
    expect(new Set(results.map(({ verdict }) => verdict))).toEqual(new Set(['no-data']));
    expect(await faults(world, START + 3 * DAY)).toEqual([
      expect.objectContaining({ check: 'no-data', feature: null, window: '24h', value: 0 }),
    ]);
  });
});

describe('the volume of events', () => {
  it('that drops is told after two evaluations, with what is usual, and so is its return', async () => {
    const world = await newWorld();
    const monitor = await world.monitor({ windows: ['24h'], receivers });
    const perHour = (day: number): number => (day >= 8 && day < 11 ? 10 : 40);
    const days = Array.from({ length: 13 }, (_, day) => day);
    await world.count(
      days.flatMap((day) =>
        rowsOver(START + day * DAY, START + (day + 1) * DAY, perHour(day), usual),
      ),
    );
    const told: number[] = [];
    for (const day of days) {
      await world.evaluate(monitor, START + (day + 1) * DAY);
      told.push((await titles(world)).length);
    }
    expect(await faults(world, START + 9 * DAY)).toEqual([
      {
        check: 'volume-drop',
        feature: null,
        segment: 'all',
        window: '24h',
        value: 240,
        expected: 960,
      },
    ]);
    expect(await faults(world, START + 12 * DAY)).toEqual([]);
    expect(told).toEqual([0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 2]);
    expect(await titles(world)).toEqual([
      'flights: far fewer events than usual (24h)',
      'Over: flights: far fewer events than usual (24h)',
    ]);
  });

  it('may be switched off', async () => {
    const world = await newWorld();
    const monitor = await world.monitor({ windows: ['24h'], volumeDrop: 0 });
    const days = Array.from({ length: 8 }, (_, day) => day);
    await world.count(
      days.flatMap((day) =>
        rowsOver(START + day * DAY, START + (day + 1) * DAY, day === 7 ? 10 : 40, usual),
      ),
    );
    for (const day of days) await world.evaluate(monitor, START + (day + 1) * DAY);
    expect(await faults(world, START + 8 * DAY)).toEqual([]);
  });
});

describe('features that the baseline does not know', () => {
  it('are told by the share of the events since the last evaluation', async () => {
    const world = await newWorld();
    const monitor = await world.monitor({ windows: ['1h'], receivers });
    const hour = async (i: number, unknown: number): Promise<void> => {
      await world.count(rowsOver(START + i * HOUR, START + (i + 1) * HOUR, 200, usual));
      await world.pool.query('UPDATE model_progress SET unknown_events = unknown_events + $1', [
        unknown,
      ]);
      await world.evaluate(monitor, START + (i + 1) * HOUR);
    };
    await hour(0, 0);
    await hour(1, 100);
    expect(await faults(world, START + 2 * HOUR)).toEqual([
      expect.objectContaining({ check: 'unknown', window: null, value: 0.5 }),
    ]);
    expect(await titles(world)).toEqual([]);
    await world.pool.query(
      `INSERT INTO unknown_feature (model_id, name, first_seen, last_seen)
       VALUES ($1, 'gust', $2, $2), ($1, 'x', $2, $2), ($1, 'long ago', $3, $3)`,
      [world.modelId, new Date(START + HOUR).toISOString(), new Date(START - DAY).toISOString()],
    );
    await hour(2, 100);
    expect(await titles(world)).toEqual(['flights: events with unknown features']);
    const { rows } = await world.pool.query<{ sentence: string }>(
      "SELECT message -> 'sentences' ->> 0 AS sentence FROM outbox WHERE message ->> 'kind' = 'system'",
    );
    expect(rows[0]?.sentence).toContain('that the baseline does not know (gust): they are not');
    await hour(3, 0);
    await hour(4, 0);
    expect(await titles(world)).toEqual([
      'flights: events with unknown features',
      'Over: flights: events with unknown features',
    ]);
  });

  it('are seen too when late events have the window before judged again', async () => {
    const world = await newWorld();
    const monitor = await world.monitor({ windows: ['1h'], receivers });
    await world.count(rowsOver(START, START + HOUR, 200, usual));
    await world.evaluate(monitor, START + HOUR);
    await world.count(rowsOver(START + HOUR / 2, START + 2 * HOUR, 200, usual));
    await world.pool.query('UPDATE model_progress SET unknown_events = 150');
    await world.evaluate(monitor, START + 2 * HOUR);
    const { rows } = await world.pool.query<{ revision: number }>(
      'SELECT max(revision)::integer AS revision FROM evaluation',
    );
    expect(rows).toEqual([{ revision: 1 }]);
    expect(await faults(world, START + 2 * HOUR)).toEqual([
      expect.objectContaining({ check: 'unknown', value: 0.5 }),
    ]);
  });
});
