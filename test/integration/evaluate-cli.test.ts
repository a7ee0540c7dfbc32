import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { runCli } from '../../src/cli/program.ts';
import { systemClock } from '../../src/platform/clock.ts';
import { createNormal, rowsOver } from '../support/baselines.ts';
import { freshDatabase } from '../support/servers.ts';
import { temporaryFile } from '../support/temporary-file.ts';
import { DAY, HOUR, createWorld } from '../support/world.ts';
import type { World } from '../support/world.ts';

const START = Date.UTC(2024, 0, 8);
const normal = createNormal(9);
let world: World;

beforeAll(async () => {
  world = await createWorld(await freshDatabase(), {
    rows: rowsOver(START - 7 * DAY, START, 60, () => ({ x: normal(), y: normal() })),
  });
  await world.count(
    rowsOver(START, START + 6 * HOUR, 600, (time) => ({
      x: normal() + (time >= START + 3 * HOUR ? 1 : 0),
      y: normal(),
    })),
  );
});
afterAll(() => world.pool.end());

const config = (): string => `
postgres: { url: "${world.url}" }
models: [{ name: flights, allowed_lateness: 0s }]
monitors:
  - { name: hourly, model: flights, schedule: "0 * * * *", clock: event, windows: [1h], policy: { design_effect: none } }
  - { name: other, model: flights, schedule: "0 * * * *", clock: event, windows: [6h], policy: { design_effect: none } }
`;

async function run(...parameters: string[]): Promise<{ code: number; out: string; err: string }> {
  const file = await temporaryFile('driftd.yaml', config());
  let out = '';
  let err = '';
  const deps = {
    createApp: () => Promise.reject(new Error('nothing is to be started')),
    migrate: () => Promise.reject(new Error('nothing is to be migrated')),
    validateCron: () => null,
    build: { name: 'driftd', version: '1.2.3', node: '24.0.0' },
    clock: systemClock,
  };
  const io = {
    out: (text: string) => (out += text),
    err: (text: string) => (err += text),
    env: {},
    stop: new AbortController().signal,
  };
  const code = await runCli(['evaluate', '--config', file, ...parameters], deps, io);
  return { code, out, err };
}

async function everything(): Promise<unknown> {
  const { rows } = await world.pool.query(
    `SELECT (SELECT count(*) FROM monitor) AS monitors, (SELECT count(*) FROM monitor_tick) AS ticks,
       (SELECT count(*) FROM evaluation) AS evaluations, (SELECT count(*) FROM alert) AS alerts,
       (SELECT count(*) FROM outbox) AS messages, (SELECT count(*) FROM model) AS models`,
  );
  return rows[0];
}

describe('driftd evaluate', () => {
  it('shows what would be decided before anything ever ran, and writes nothing', async () => {
    const before = await everything();
    const at = ['--as-of', '2024-01-08T05:02:59Z', '--monitor', 'hourly'];
    const { code, out } = await run(...at);
    expect(code).toBe(4);
    expect(out).toContain('hourly: flights up to 2024-01-08T05:00:00.000Z against baseline 1');
    expect(out).toMatch(/^x +all +1h +600 .* drifted +-$/m);
    expect(out).toMatch(/^y +all +1h +600 .* -$/m);
    expect(out).toContain('Drifted: x\n');
    expect(out).toContain('No evaluation of these windows is stored.');
    expect(await everything()).toEqual(before);
    const earlier = await run('--as-of', '2024-01-08T02:00:00+00:00', '--monitor', 'hourly');
    expect(earlier.code).toBe(0);
    expect(earlier.out).toContain('Drifted: none\n');
  });

  it('says the same as the evaluation of the tick, and shows what was stored then', async () => {
    const monitor = await world.monitor({ name: 'hourly', windows: ['1h'], evaluationsPerDay: 48 });
    const results = await world.evaluate(monitor, START + 4 * HOUR);
    const { out } = await run(
      '--as-of',
      '2024-01-08T04:00:00Z',
      '--monitor',
      'hourly',
      '--format',
      'json',
    );
    const [evaluation] = JSON.parse(out) as [
      { revision: number; features: { verdictThen: string }[] },
    ];
    expect(evaluation).toMatchObject({
      monitor: 'hourly',
      model: 'flights',
      windowEnd: '2024-01-08T04:00:00.000Z',
      complete: true,
      baseline: 1,
      revision: 0,
      features: results.map(({ feature, verdict, n, statistics }) => ({
        feature,
        verdict,
        n,
        statistics: statistics.map(({ name, value }) => ({ name, value })),
        verdictThen: verdict,
      })),
    });
  });

  it('without a time takes the newest complete windows of every monitor', async () => {
    const { out } = await run('--format', 'json');
    const evaluations = JSON.parse(out) as {
      monitor: string;
      windowEnd: string;
      complete: boolean;
    }[];
    expect(evaluations.map(({ monitor, windowEnd }) => [monitor, windowEnd])).toEqual([
      ['hourly', '2024-01-08T05:55:00.000Z'],
      ['other', '2024-01-08T05:55:00.000Z'],
    ]);
    expect(evaluations.every(({ complete }) => complete)).toBe(true);
  });

  it('tells when events up to there have not arrived', async () => {
    const { out } = await run('--as-of', '2024-01-09T00:00:00Z', '--monitor', 'hourly');
    expect(out).toContain('Events up to there have not all arrived.');
    expect(out).toMatch(/^x .* no-data +-$/m);
  });

  it.each([
    [['--as-of', '2024-01-08'], 2, 'Write it with its zone, like 2024-03-01T06:00:00Z.'],
    [['--as-of', '2024-01-08T05:00:00'], 2, 'Write it with its zone'],
    [['--monitor', 'daily'], 3, 'there is no monitor daily; the configuration has hourly, other'],
  ])('%s is refused', async (parameters, code, message) => {
    const result = await run(...parameters);
    expect(result.code).toBe(code);
    expect(result.err).toContain(message);
  });
});
