import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, it } from 'vitest';

import { pandasPython } from '../../scripts/python/pandas.ts';
import { buildMonitors } from '../../src/app/monitors.ts';
import { loadConfig } from '../../src/config/load.ts';
import type { EvaluatedMonitor } from '../../src/compare/evaluate-task.ts';
import { judge } from '../../src/compare/judge.ts';
import { createBaselineStore } from '../../src/storage/postgres/baseline-store.ts';
import { exactKs } from '../support/exact-ks.ts';
import { createTokenStore } from '../../src/storage/postgres/api/token-store.ts';
import { createLog } from '../../src/platform/log.ts';
import { migrate } from '../../src/storage/postgres/migrate.ts';
import { createPool } from '../../src/storage/postgres/pool.ts';
import type { Row } from '../support/baselines.ts';
import { readFlights } from '../support/flights.ts';
import { serve } from '../support/served.ts';
import type { Served } from '../support/served.ts';
import { freshDatabase } from '../support/servers.ts';
import { temporaryFile } from '../support/temporary-file.ts';
import { DAY, openWorld } from '../support/world.ts';
import type { World } from '../support/world.ts';

const JULY = Date.UTC(2013, 6, 1);
const ROOT = new URL('../../', import.meta.url).pathname;
const CONFIG = `
models:
  - { name: flights-late, features: { score: { role: prediction } } }
monitors:
  - { name: daily, model: flights-late, schedule: '0 0 * * *', clock: event, windows: [7d] }
`;
const NUMBERS = 'distance sched_hour temp humid wind_speed precip pressure visib score'.split(' ');
const FEATURES = [...NUMBERS, 'carrier', 'origin', 'dest'];

const { columns, rows, times } = readFlights();
/** Departures of a span as the model's events. */
function events(from: number, to: number): Row[] {
  return rows.flatMap((row, i) => {
    const time = times[i] as number;
    if (time < from || time >= to) return [];
    const value = (name: string): string | number | null => {
      const text = row[columns.indexOf(name)] ?? null;
      return text !== null && NUMBERS.includes(name) ? Number(text) : text;
    };
    return [{ time, values: Object.fromEntries(FEATURES.map((name) => [name, value(name)])) }];
  });
}

let world: World;
let served: Served;
let monitor: EvaluatedMonitor;
let python = '';
let token = '';
/** The code of docs/baselines.md, block by block. */
let blocks: { language: string; code: string }[] = [];

beforeAll(async () => {
  python = await pandasPython();
  const page = await readFile(`${ROOT}docs/baselines.md`, 'utf8');
  blocks = [...page.matchAll(/^```(sh|python)\n(.*?)^```$/gms)].map(
    ([, language = '', code = '']) => ({ language, code }),
  );
  const url = await freshDatabase();
  const log = createLog('silent');
  const pool = createPool({ url, max: 1, applicationName: 'test', log });
  await migrate(pool, log);
  const made = await createTokenStore(pool).create(
    { name: 'ann', scopes: ['baseline:write'], models: ['flights-late'], lifetimeMs: null },
    { name: 'test', requestId: null },
  );
  token = made?.token ?? '';
  await pool.end();
  served = await serve(url, `${CONFIG}http: { listen: '127.0.0.1:0', auth: token }\n`);
  world = await openWorld(url, 'flights-late');
}, 300_000);
afterAll(async () => {
  await served.stop();
  await world.pool.end();
});

const run = promisify(execFile);
/** Runs blocks of the page as somebody would who copies them. */
async function follow(language: 'sh' | 'python', ...chosen: number[]): Promise<string> {
  const ofLanguage = blocks.filter((block) => block.language === language);
  const code = chosen.map((i) => ofLanguage[i]?.code ?? '').join('\n');
  const env = {
    PATH: process.env['PATH'] ?? '',
    DRIFTD_URL: served.url,
    DRIFTD_TOKEN: token,
    no_proxy: '127.0.0.1',
  };
  const [program, ...args] =
    language === 'sh' ? ['bash', '-euo', 'pipefail', '-c', code] : [python, '-c', code];
  const { stdout } = await run(program, args, { cwd: ROOT, env });
  return stdout;
}

/** Evaluates daily ticks. @returns the features whose alerts fire after the last */
async function evaluate(from: number, to: number): Promise<string[]> {
  for (let end = from; end <= to; end += DAY) await world.evaluate(monitor, end);
  const alerts = await world.evaluations.alerts(monitor.id);
  return alerts.filter(({ state }) => state === 'firing').map(({ feature }) => feature);
}

const JANUARY = [Date.UTC(2013, 0, 1), Date.UTC(2013, 1, 1)] as const;
/** Raw values of a span that are there. */
const valuesOf = (name: string, from: number, to: number): number[] =>
  events(from, to).flatMap(({ values }) => (values[name] === null ? [] : [Number(values[name])]));

const below = (values: readonly number[], edge: number): number =>
  values.filter((value) => value <= edge).length / values.length;

/** What the monitor says of temp in a window under a version, whichever is active, and the edges it is judged at. */
async function judgedBy(version: number, end: number) {
  const baselines = createBaselineStore(world.pool);
  const active = () => baselines.find(world.modelId, version);
  const deps = { ...world, baselines: { ...baselines, active } };
  const { subjects, evaluation } = await judge(deps, monitor, end);
  const at = subjects.findIndex(({ feature }) => feature === 'temp');
  const binning = subjects[at]?.baseline?.histogram.binning;
  return {
    temp: evaluation.results[at],
    edges: binning?.kind === 'numeric' ? [...binning.edges] : [],
  };
}

it('January alerts on July; a July baseline from pandas is tried, activated, and taken back', async () => {
  const file = await temporaryFile(
    'driftd.yaml',
    `postgres: { url: 'postgres://unused/unused' }\n${CONFIG}`,
  );
  const config = await loadConfig(file, { env: {}, validateCron: () => null });
  expect(await follow('sh', 0)).toContain('"state":"active"');
  const [built] = await buildMonitors(config, world.catalog, world.ticks, Date.now());
  if (built === undefined) throw new Error('no monitor');
  monitor = built.evaluated;
  await world.count(events(JULY, JULY + 24 * DAY));
  expect(await evaluate(JULY + 8 * DAY, JULY + 24 * DAY)).toContain('temp');

  // July's tiles were counted before the candidate came, under January's binnings only.
  const tried = await follow('python', 0);
  expect(tried).toMatch(/^warning: temp does not fit the binning in use/m);
  for (const name of ['temp', 'humid', 'pressure'])
    expect(tried).toMatch(new RegExp(`^different: .*\\b${name}\\b`, 'm'));
  expect(tried).not.toMatch(/^different: .*\borigin\b/m);
  expect(tried).toMatch(
    /^daily would have alerted on none of the 23 days that could be judged \(24 asked for\)$/m,
  );
  const old = await served.ask('/models/flights-late/baselines/1/shadow?days=24', { token });
  expect(old.json<{ items: { summary: string }[] }>().items[0]?.summary).toMatch(
    /^would have alerted on \d+ of the 23 days that could be judged \(24 asked for\): .*temp/,
  );

  // The same rows again are the same version.
  expect(await follow('python', 0, 1)).toMatch(/^version 2 is active$/m);
  await world.count(events(JULY + 24 * DAY, JULY + 31 * DAY));
  expect(await evaluate(JULY + 25 * DAY, JULY + 31 * DAY)).toEqual([]);
  const { rows: drifted } = await world.pool.query(
    `SELECT 1 FROM evaluation e JOIN score s ON s.evaluation_id = e.id
     WHERE e.baseline_id = 2 AND s.verdict IN ('drifted', 'warning', 'not-comparable')`,
  );
  expect(drifted).toEqual([]);

  // A window that was counted before version 2 came holds every row of its time, and either version is held against it
  // exactly: the statistic of the raw rows lies within the certified interval.
  const rowsOfVersion = [JANUARY, [JULY, JULY + 31 * DAY]] as const;
  const window = valuesOf('temp', JULY + DAY, JULY + 8 * DAY);
  for (const [i, [from, to]] of rowsOfVersion.entries()) {
    const raw = valuesOf('temp', from, to);
    const { temp, edges } = await judgedBy(i + 1, JULY + 8 * DAY);
    expect([temp?.n, temp?.m]).toEqual([window.length, raw.length]);
    const ks = temp?.statistics.find(({ name }) => name === 'ks');
    const exact = exactKs(raw, window);
    expect(ks?.low).toBeLessThanOrEqual(exact + 1e-12);
    expect(ks?.high).toBeGreaterThanOrEqual(exact - 1e-12);
    // Nothing is lost between edges either: at each of them the counts are those of the raw rows.
    expect(ks?.low).toBeCloseTo(
      Math.max(...edges.map((edge) => Math.abs(below(raw, edge) - below(window, edge)))),
      12,
    );
  }

  expect(await follow('sh', 1)).toContain('"version":1,"state":"active"');
  expect(await evaluate(JULY + 32 * DAY, JULY + 34 * DAY)).toContain('temp');
  const record = await served.ask('/models/flights-late/baseline-events', { token });
  expect(
    record
      .json<{ items: { version: number; action: string; actor: string }[] }>()
      .items.map(({ version, action, actor }) => `${actor} ${action} ${version}`),
  ).toEqual([
    'ann added 1',
    'ann activated 1',
    'ann added 2',
    'ann activated 2',
    'ann rolled-back 1',
  ]);
});
