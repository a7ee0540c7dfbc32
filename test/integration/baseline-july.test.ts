import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { createBaselineDesk } from '../../src/app/baselines/service.ts';
import { readInChild } from '../../src/app/baselines/reading/in-child.ts';
import { buildMonitors } from '../../src/app/monitors.ts';
import { loadConfig } from '../../src/config/load.ts';
import type { EvaluatedMonitor } from '../../src/compare/evaluate-task.ts';
import type { BaselineDesk } from '../../src/expose/api/baselines/desk.ts';
import { systemClock } from '../../src/platform/clock.ts';
import { createBaselineStore } from '../../src/storage/postgres/baseline-store.ts';
import { readFlights } from '../support/flights.ts';
import type { Row } from '../support/baselines.ts';
import { freshDatabase } from '../support/servers.ts';
import { temporaryFile } from '../support/temporary-file.ts';
import { DAY, openWorld } from '../support/world.ts';
import type { World } from '../support/world.ts';
import { createLog } from '../../src/platform/log.ts';
import { migrate } from '../../src/storage/postgres/migrate.ts';
import { createPool } from '../../src/storage/postgres/pool.ts';

const JULY = Date.UTC(2013, 6, 1);
const ANN = { actor: 'ann', reason: 'trained on July' };
const CONFIG = `
postgres: { url: 'postgres://unused/unused' }
models:
  - name: flights
    time_column: ts
    features:
      id: { tier: ignore }
      late: { kind: categorical, role: label }
      score: { role: prediction }
monitors:
  - { name: daily, model: flights, schedule: '0 0 * * *', clock: event, windows: [7d] }
`;

/** Departures of 2013, a day of the year at a time, as events and as a file. */
const { columns, rows, times } = readFlights();
const between = (from: number, to: number): number[] =>
  [...rows.keys()].filter((i) => (times[i] ?? 0) >= from && (times[i] ?? 0) < to);
const NUMBERS = new Set(
  'distance sched_hour dep_delay arr_delay air_time temp humid wind_speed precip pressure visib score'.split(
    ' ',
  ),
);
const events = (from: number, to: number): Row[] =>
  between(from, to).map((i) => ({
    time: times[i] as number,
    values: Object.fromEntries(
      columns.flatMap((name, at) => {
        const text = rows[i]?.[at] ?? null;
        if (name === 'id' || name === 'ts') return [];
        return [[name, text !== null && NUMBERS.has(name) ? Number(text) : text] as const];
      }),
    ),
  }));
const csv = (from: number, to: number): string =>
  [columns, ...between(from, to).map((i) => rows[i] ?? [])]
    .map((cells) => cells.join(','))
    .join('\n');

let world: World;
let desk: BaselineDesk;
let monitor: EvaluatedMonitor;

/** The features whose alerts fire after each of these daily ticks. */
async function evaluate(from: number, to: number): Promise<Map<number, string[]>> {
  const firing = new Map<number, string[]>();
  for (let end = from; end <= to; end += DAY) {
    await world.evaluate(monitor, end);
    const alerts = await world.evaluations.alerts(monitor.id);
    firing.set(
      end,
      alerts.filter(({ state }) => state === 'firing').map(({ feature }) => feature),
    );
  }
  return firing;
}

async function upload(name: string, text: string) {
  const path = await temporaryFile(name, text);
  return desk.upload('flights', { ...ANN, path, validateOnly: false });
}

beforeAll(async () => {
  const url = await freshDatabase();
  const setUp = createPool({ url, max: 1, applicationName: 'test', log: createLog('silent') });
  await migrate(setUp, createLog('silent'));
  await setUp.end();
  world = await openWorld(url);
});
afterAll(() => world.pool.end());

describe('a data scientist retrains', () => {
  it('January alerts on July; a July baseline is tried, activated, and taken back', async () => {
    const file = await temporaryFile('driftd.yaml', CONFIG);
    const config = await loadConfig(file, { env: {}, validateCron: () => null });
    const { catalog, tiles, ticks, evaluations } = world;
    const baselines = createBaselineStore(world.pool);
    const judging = { baselines, catalog, tiles, evaluations };
    desk = createBaselineDesk({
      ...judging,
      config,
      ticks,
      clock: systemClock,
      read: readInChild(),
    });
    const january = await upload('january.csv', csv(Date.UTC(2013, 0, 1), Date.UTC(2013, 1, 1)));
    expect(january).toMatchObject({ known: false, rows: 2251, baseline: { version: 1 } });
    await desk.activate('flights', 1, ANN, null);
    const [built] = await buildMonitors(config, catalog, ticks, Date.now());
    if (built === undefined) throw new Error('no monitor');
    monitor = built.evaluated;

    await world.count(events(JULY, JULY + 24 * DAY));
    const before = await evaluate(JULY + 8 * DAY, JULY + 24 * DAY);
    expect(before.get(JULY + 24 * DAY)).toContain('temp');

    const july = csv(JULY, JULY + 31 * DAY);
    expect(await upload('july.csv', july)).toMatchObject({
      known: false,
      baseline: { version: 2, state: 'candidate', provenance: 'july.csv' },
    });
    expect(await upload('july.csv', july)).toMatchObject({ known: true, baseline: { version: 2 } });
    const diff = await desk.diff('flights', 2, null);
    expect(diff).toMatchObject({ before: 1, after: 2, added: [], removed: [] });
    expect(diff.different).toEqual(expect.arrayContaining(['temp', 'humid', 'pressure']));
    expect(diff.different).not.toContain('origin');

    // July's tiles were counted before the candidate came, under January's binnings only.
    const [tried] = await desk.shadow('flights', 2, 24);
    expect(tried).toMatchObject({
      evaluations: 24,
      alerts: [],
      notComparable: 0,
      summary: 'would have alerted on none of 24 days',
    });
    const [again] = await desk.shadow('flights', 1, 24);
    expect(again?.features).toContain('temp');
    expect(again?.summary).toMatch(/^would have alerted on \d+ of 24 days: .*temp/);

    await desk.activate('flights', 2, ANN, null);
    await world.count(events(JULY + 24 * DAY, JULY + 31 * DAY));
    const after = await evaluate(JULY + 25 * DAY, JULY + 31 * DAY);
    expect(after.get(JULY + 31 * DAY)).toEqual([]);
    const { rows: drifted } = await world.pool.query(
      `SELECT 1 FROM evaluation e JOIN score s ON s.evaluation_id = e.id
       WHERE e.baseline_id = 2 AND s.verdict IN ('drifted', 'warning', 'not-comparable')`,
    );
    expect(drifted).toEqual([]);

    await desk.rollback('flights', { actor: 'ann', reason: 'on second thoughts' });
    const back = await evaluate(JULY + 32 * DAY, JULY + 34 * DAY);
    expect(back.get(JULY + 34 * DAY)).toContain('temp');
    const detail = await desk.show('flights', 1);
    expect(detail.events.map(({ action }) => action)).toEqual([
      'added',
      'activated',
      'rolled-back',
    ]);
  });
});
