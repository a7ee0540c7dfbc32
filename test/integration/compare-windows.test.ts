import { afterEach, beforeAll, describe, expect, it } from 'vitest';

import { assertSeasons } from '../../src/app/compare/seasons.ts';
import { loadConfig } from '../../src/config/load.ts';
import { DEFAULT_POLICY } from '../../src/core/evaluate/types.ts';
import type { FeatureResult } from '../../src/core/evaluate/types.ts';
import { createBaselineStore } from '../../src/storage/postgres/baseline-store.ts';
import { createNormal, rowsOver } from '../support/baselines.ts';
import type { Row } from '../support/baselines.ts';
import { freshDatabase } from '../support/servers.ts';
import { DAY, HOUR, createWorld } from '../support/world.ts';
import type { World } from '../support/world.ts';
import { temporaryFile } from '../support/temporary-file.ts';

/** A Monday. */
const START = Date.UTC(2024, 0, 1);
const LIVE = START + 28 * DAY;

const worlds: World[] = [];
async function world(
  ...parameters: Parameters<typeof createWorld> extends [unknown, ...infer R] ? R : never
) {
  const made = await createWorld(await freshDatabase(), ...parameters);
  worlds.push(made);
  return made;
}
afterEach(async () => {
  for (const { pool } of worlds.splice(0)) await pool.end();
});

function only(results: readonly FeatureResult[], window?: string): FeatureResult {
  const found = results.filter((result) => window === undefined || result.window === window);
  if (found.length !== 1 || found[0] === undefined) throw new Error(`${found.length} results`);
  return found[0];
}

function fires({ verdict }: FeatureResult): boolean {
  return verdict === 'drifted' || verdict === 'warning';
}

describe('seasonality: a window is compared with its own hours', () => {
  const normal = createNormal(1);
  /** A daily cycle of .8 standard deviations, and another level at weekends. */
  const value = (time: number, shift = 0): Row['values'] => {
    const day = new Date(time).getUTCDay();
    const cycle = 0.8 * Math.sin((2 * Math.PI * time) / DAY);
    return { x: cycle + (day === 0 || day === 6 ? 1.5 : 0) + shift + normal() };
  };
  const training = rowsOver(START, START + 28 * DAY, 60, (time) => value(time));

  it('hourly and 6-hour windows of the same cycle do not fire; without seasonality they do', async () => {
    const subject = await world({ rows: training, slots: true });
    const quarter = LIVE + 6 * HOUR;
    await subject.count(rowsOver(LIVE, quarter, 1_500, (time) => value(time)));
    const options = { windows: ['1h', '6h'] as const };
    const weekly = await subject.monitor({ ...options, name: 'weekly', seasonality: 'weekly' });
    const none = await subject.monitor({ ...options, name: 'none' });
    const own = await subject.evaluate(weekly, quarter);
    expect(own.map(fires)).toEqual([false, false]);
    const whole = await subject.evaluate(none, quarter);
    expect(whole.map(fires)).toEqual([true, true]);
    // 1 / m_eff = sum w_s^2 / m_s: hours of four Mondays, 240 rows each.
    expect(only(own, '1h').m).toBeCloseTo(240, 0);
    expect(only(own, '6h').mEff).toBeCloseTo(6 * 240, 0);
    expect(only(whole, '1h').m).toBe(training.length);
  });

  it('a shift within the season is found', async () => {
    const subject = await world({ rows: training, slots: true });
    const end = LIVE + HOUR;
    await subject.count(rowsOver(LIVE, end, 3_000, (time) => value(time, 0.8)));
    const monitor = await subject.monitor({ windows: ['1h'], seasonality: 'weekly' });
    expect(only(await subject.evaluate(monitor, end)).verdict).toBe('drifted');
  });

  it('the slots are weighted by what came in: nights with three times the volume are no drift', async () => {
    const subject = await world({ rows: training, slots: true });
    const end = LIVE + DAY;
    await subject.count([
      ...rowsOver(LIVE, LIVE + 8 * HOUR, 1_200, (time) => value(time)),
      ...rowsOver(LIVE + 8 * HOUR, end, 400, (time) => value(time)),
    ]);
    const options = { windows: ['24h'] as const };
    const weekly = await subject.monitor({ ...options, name: 'weekly', seasonality: 'weekly' });
    const none = await subject.monitor({ ...options, name: 'none' });
    expect(fires(only(await subject.evaluate(weekly, end)))).toBe(false);
    expect(fires(only(await subject.evaluate(none, end)))).toBe(true);
  });

  it('`daily` takes an hour of all days, so that it does not know the weekend', async () => {
    const subject = await world({ rows: training, slots: true });
    const saturday = LIVE + 5 * DAY;
    await subject.count(rowsOver(saturday, saturday + HOUR, 3_000, (time) => value(time)));
    const options = { windows: ['1h'] as const };
    const daily = await subject.monitor({ ...options, name: 'daily', seasonality: 'daily' });
    const weekly = await subject.monitor({ ...options, name: 'weekly', seasonality: 'weekly' });
    expect(fires(only(await subject.evaluate(daily, saturday + HOUR)))).toBe(true);
    expect(fires(only(await subject.evaluate(weekly, saturday + HOUR)))).toBe(false);
  });

  it('the season is no noise: it does not inflate the design effect that the baseline seeds', async () => {
    const subject = await world({ rows: training, slots: true });
    const end = LIVE + HOUR;
    await subject.count(rowsOver(LIVE, end, 1_000, (time) => value(time)));
    const policy = { designEffect: 'baseline' as const };
    const options = { windows: ['1h'] as const, policy };
    const weekly = await subject.monitor({ ...options, name: 'weekly', seasonality: 'weekly' });
    const none = await subject.monitor({ ...options, name: 'none' });
    expect(only(await subject.evaluate(weekly, end)).designEffect).toBeLessThan(1.5);
    expect(only(await subject.evaluate(none, end)).designEffect).toBeGreaterThan(10);
  });

  it('without slots whole days are judged, shorter windows never are', async () => {
    const subject = await world({ rows: training });
    const end = LIVE + DAY;
    await subject.count(rowsOver(LIVE, end, 400, (time) => value(time)));
    const monitor = await subject.monitor({ windows: ['1h', '24h'], seasonality: 'daily' });
    const results = await subject.evaluate(monitor, end);
    expect(only(results, '1h').verdict).toBe('no-baseline');
    expect(only(results, '24h').verdict).not.toBe('no-baseline');
  });

  it('a monitor whose baseline has no slots is refused at start, with the way out', async () => {
    const subject = await world({ rows: training });
    const text = (windows: string): string => `
postgres: { url: "postgres://h/d" }
models: [{ name: flights }]
monitors:
  - { name: hourly, model: flights, schedule: "0 * * * *", seasonality: daily, windows: ${windows} }
`;
    const check = async (windows: string): Promise<void> => {
      const file = await temporaryFile('driftd.yaml', text(windows));
      const config = await loadConfig(file, { env: {}, validateCron: () => null });
      await assertSeasons(config, subject.catalog, createBaselineStore(subject.pool));
    };
    await expect(check('[1h, 24h]')).rejects.toThrow(
      'the monitor hourly has seasonality daily and windows of 1h, but the active baseline of flights has no slots',
    );
    await expect(check('[24h, 7d]')).resolves.toBeUndefined();
  });
});

describe('several windows share the budget', () => {
  const normal = createNormal(2);
  let subject: World;
  beforeAll(async () => {
    const make = (): Row['values'] => ({ x: normal(), y: normal() });
    subject = await createWorld(await freshDatabase(), {
      rows: rowsOver(START, START + 14 * DAY, 60, make),
    });
    await subject.count(
      rowsOver(START + 14 * DAY, START + 21 * DAY, 120, (time) => ({
        // The last six hours have moved.
        x: normal() + (time >= START + 21 * DAY - 6 * HOUR ? 0.6 : 0),
        y: normal(),
      })),
    );
    return () => subject.pool.end();
  });

  it('one evaluation judges all of them, at one level over all their tests', async () => {
    const windows = ['1h', '6h', '24h', '7d'] as const;
    const monitor = await subject.monitor({ windows, evaluationsPerDay: 24 });
    const end = START + 21 * DAY;
    const results = await subject.evaluate(monitor, end);
    expect(results.filter(({ feature }) => feature === 'y').map(({ verdict }) => verdict)).toEqual(
      expect.not.arrayContaining(['warning', 'drifted']),
    );
    const x = results.filter(({ feature }) => feature === 'x');
    expect(Object.fromEntries(x.map(({ window, n }) => [window, n]))).toEqual({
      '1h': 120,
      '6h': 720,
      '24h': 2_880,
      '7d': 20_160,
    });
    expect(only(x, '6h').verdict).toBe('drifted');
    expect(only(x, '7d').verdict).toBe('stable');
    const { rows } = await subject.pool.query<{ settings: Record<string, number> }>(
      'SELECT settings FROM evaluation WHERE monitor_id = $1',
      [monitor.id],
    );
    expect(rows[0]?.settings).toMatchObject({
      q: DEFAULT_POLICY.alertBudgetPerDay / 24,
      tests: results.flatMap(({ statistics }) => statistics.filter(({ logP0 }) => logP0 !== null))
        .length,
      evaluationsPerDay: 24,
    });
    // A feature has one alert, its verdict the worst of its windows.
    const alerts = await subject.evaluations.alerts(monitor.id);
    expect(alerts.map(({ feature, recent }) => [feature, recent])).toEqual(
      expect.arrayContaining([['x', ['drifted']]]),
    );
    expect(alerts).toHaveLength(2);
  });

  it('the smallest difference that could have been announced is stored with every score', async () => {
    const windows = ['1h', '24h', '7d'] as const;
    const monitor = await subject.monitor({ name: 'effects', windows });
    const end = START + 21 * DAY;
    await subject.evaluate(monitor, end);
    const { rows } = await subject.pool.query<{ window: string; mde: number; n: number }>(
      `SELECT s.window_name AS window, (s.result ->> 'minimumDetectableEffect')::float8 AS mde, s.n
       FROM score s JOIN evaluation e ON e.id = s.evaluation_id JOIN feature f ON f.id = s.feature_id
       WHERE e.monitor_id = $1 AND f.name = 'y' ORDER BY s.n`,
      [monitor.id],
    );
    const { rows: settings } = await subject.pool.query<{ q: number; tests: number }>(
      `SELECT (settings ->> 'q')::float8 AS q, (settings ->> 'tests')::int AS tests FROM evaluation WHERE monitor_id = $1`,
      [monitor.id],
    );
    const { q = NaN, tests = NaN } = settings[0] ?? {};
    const m = 14 * 24 * 60;
    expect(rows.map(({ window }) => window)).toEqual(['1h', '24h', '7d']);
    for (const { n, mde } of rows) {
      const c = 1 / n + 1 / m;
      const big = 0.05 + Math.sqrt((Math.log(2 / 0.001) / 2) * c);
      const real = Math.sqrt((Math.log((2 * tests) / q) / 2) * c);
      expect(mde).toBeCloseTo(Math.max(big, real), 10);
    }
  });

  it('features are judged by their own policies, which are stored with the evaluation', async () => {
    const monitor = await subject.monitor({
      name: 'own policies',
      windows: ['6h'],
      policyOf: ({ name }) =>
        name === 'x'
          ? { delta: { warning: 0.45, critical: 0.6 }, off: ['psi', 'spike', 'negative'] }
          : { fixed: { psi: { warning: 1e-6, critical: 10 } } },
    });
    const results = await subject.evaluate(monitor, START + 21 * DAY);
    expect(results.map(({ feature, verdict }) => [feature, verdict])).toEqual([
      ['x', 'stable'],
      ['y', 'warning'],
    ]);
    const { rows } = await subject.pool.query<{ features: Record<string, object> }>(
      `SELECT settings -> 'features' AS features FROM evaluation WHERE monitor_id = $1`,
      [monitor.id],
    );
    expect(rows[0]?.features).toMatchObject({
      x: { delta: { warning: 0.45, critical: 0.6 }, off: ['psi', 'spike', 'negative'] },
      y: { fixed: { psi: { warning: 1e-6, critical: 10 } } },
    });
  });
});

describe('the design effect of stored history', () => {
  const normal = createNormal(3);
  /** Every hour has a level of its own: events of an hour are not independent. */
  function hourly(from: number, to: number, shift = 0): Row[] {
    const levels = new Map<number, number>();
    return rowsOver(from, to, 400, (time) => {
      const hour = Math.floor(time / HOUR);
      const level = levels.get(hour) ?? 0.15 * normal();
      levels.set(hour, level);
      return { x: level + shift + normal() };
    });
  }

  it('warms up for 30 disjoint windows, drift being a warning at most, and then knows', async () => {
    const begin = START + 7 * DAY;
    const subject = await world({ rows: hourly(START, begin) });
    const end = begin + 60 * HOUR;
    await subject.count([...hourly(begin, end), ...hourly(end, end + HOUR, 1.5)]);
    const monitor = await subject.monitor({
      windows: ['1h'],
      policy: { designEffect: 'history' },
      evaluationsPerDay: 24,
    });
    const past: FeatureResult[] = [];
    for (let due = begin + HOUR; due <= end; due += HOUR) {
      past.push(only(await subject.evaluate(monitor, due)));
    }
    const usable = (count: number): number =>
      past.slice(0, count).filter(({ verdict }) => !['drifted', 'warning'].includes(verdict))
        .length;
    past.forEach((result, i) => {
      expect(result.warmingUp).toBe(usable(i) < 30);
      expect(result.verdict).not.toBe('drifted');
    });
    const shifted = only(await subject.evaluate(monitor, end + HOUR));
    expect(past[0]).toMatchObject({ warmingUp: true, designEffect: 1 });
    expect(usable(past.length)).toBeGreaterThanOrEqual(30);
    expect(shifted).toMatchObject({ warmingUp: false, verdict: 'drifted' });
    // Of the windows that did not fire: about the 1 + 400 * .15^2 * phi(0)^2 / .25 = 6.7 of all hours, with room for luck.
    expect(shifted.designEffect).toBeGreaterThan(2);
    expect(shifted.designEffect).toBeLessThan(12);
  });

  it('overlapping windows count once, and firing ones never', async () => {
    const begin = START + 7 * DAY;
    const subject = await world({ rows: hourly(START, begin) });
    await subject.count(hourly(begin, begin + 10 * HOUR));
    const monitor = await subject.monitor({ windows: ['1h'] });
    const step = HOUR / 4;
    const ends: number[] = [];
    for (let due = begin + HOUR; due <= begin + 8 * HOUR; due += step) {
      ends.push(due);
      await subject.evaluate(monitor, due);
    }
    const { rows } = await subject.pool.query<{ id: number }>(
      "SELECT id FROM baseline WHERE state = 'active'",
    );
    const history = await subject.evaluations.history(
      monitor.id,
      rows[0]?.id ?? -1,
      '1h',
      HOUR,
      begin + 9 * HOUR,
    );
    const starts = [...history.values()][0]?.map(({ start }) => start) ?? [];
    expect(starts.length).toBeGreaterThan(1);
    starts.forEach((start, i) => {
      expect(ends).toContain(start + HOUR);
      if (i > 0) expect(start + HOUR).toBeLessThanOrEqual(starts[i - 1] as number);
    });
    const { rows: fired } = await subject.pool.query<{ end: number }>(
      `SELECT e.window_end AS "end" FROM evaluation e JOIN score s ON s.evaluation_id = e.id
       WHERE s.verdict IN ('drifted', 'warning')`,
    );
    for (const { end } of fired) expect(starts).not.toContain(end - HOUR);
  });
});
