import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { afterAll, describe, expect, it } from 'vitest';

import type { ComparisonJson } from '../../src/app/compare/comparison-json.ts';
import { CONTROL, expectAgreement, readExpected } from '../support/expected-answers.ts';
import type { ExpectedWindow } from '../support/expected-answers.ts';
import { runCli } from '../support/run-cli.ts';

const folder = mkdtempSync(join(tmpdir(), 'driftd-compare-'));
afterAll(() => rmSync(folder, { recursive: true }));

interface Lines {
  readonly head: string;
  readonly rows: readonly string[];
}

function read(name: string): Lines {
  const file = new URL(`../golden/expected/${name}.csv.gz`, import.meta.url);
  const [head = '', ...rows] = gunzipSync(readFileSync(file)).toString('utf8').trim().split('\n');
  return { head, rows };
}

/** Compares two choices of the rows by the command, as a person would. */
async function compared(
  { head }: Lines,
  baseline: readonly string[],
  current: readonly string[],
  ...options: readonly string[]
): Promise<{ readonly json: ComparisonJson; readonly code: number }> {
  const paths = [baseline, current].map((rows, i) => {
    const path = join(folder, `${i}.csv`);
    writeFileSync(path, `${[head, ...rows].join('\n')}\n`);
    return path;
  });
  const asked = [...options, '--policy', 'psi_mode=floor', '--format', 'json'];
  const { code, out } = await runCli('compare', ...paths, ...asked);
  return { json: JSON.parse(out) as ComparisonJson, code };
}

function windowsOf(name: string, scheme: string): Readonly<Record<string, ExpectedWindow>> {
  const windows = readExpected(name).schemes[scheme]?.windows;
  if (windows === undefined) throw new Error(`${name} has no scheme "${scheme}"`);
  return windows;
}

const even = (rows: readonly string[]): string[] => rows.filter((_, i) => i % 2 === 0);
const odd = (rows: readonly string[]): string[] => rows.filter((_, i) => i % 2 === 1);

describe('driftd compare on fifty years of weather', () => {
  const data = read('noaa_bellevue_daily');
  const options = ['--ignore', 'id', '--categorical', 'rain'];

  for (const [scheme, reference] of [
    ['first 12000 rows, then 1000 each', 12_000],
    ['first 3650 rows (10 years), then 10 years each', 3650],
  ] as const) {
    it.each(Object.entries(windowsOf('noaa_bellevue_daily', scheme)))(
      `agrees with scipy: ${scheme}: %s`,
      async (name, window) => {
        const [from = 0, to = 0] = (name.match(/\d+/g) ?? []).map(Number);
        const live = data.rows.slice(from, to + 1);
        const { json } = await compared(data, data.rows.slice(0, reference), live, ...options);
        expect(expectAgreement(json, window)).toEqual({ numeric: 8, categorical: 1 });
      },
    );
  }

  it('finds the drift that is there, and none between even and odd rows', async () => {
    const reference = data.rows.slice(0, 12_000);
    const drift = await compared(data, reference, data.rows.slice(12_000, 13_000), ...options);
    expect(drift.json.drifted).toEqual(expect.arrayContaining(['dew_point', 'sea_level_pressure']));
    expect(drift.code).toBe(4);
    const control = await compared(data, even(reference), odd(reference), ...options);
    expect([control.json.drifted, control.json.warned, control.code]).toEqual([[], [], 0]);
    const window = windowsOf('noaa_bellevue_daily', CONTROL)['odd rows'] as ExpectedWindow;
    expectAgreement(control.json, window);
  });
});

describe('driftd compare on two months of all flights', () => {
  const data = read('nyc_flights_2013_jan_jul');
  const columns = data.head.split(',');
  const month = (which: string): string[] =>
    data.rows.filter((row) => row.split(',')[columns.indexOf('ts')]?.startsWith(which) === true);
  const january = month('2013-01');
  const options = ['--ignore', 'id,ts', '--categorical', 'late'];

  it('July agrees with scipy, and has drifted in temperature', async () => {
    const { json } = await compared(data, january, month('2013-07'), ...options);
    const window = windowsOf('nyc_flights_2013', 'January vs later months')['2013-07'];
    expect(expectAgreement(json, window as ExpectedWindow)).toEqual({
      numeric: 12,
      categorical: 4,
    });
    expect(json.drifted).toContain('temp');
  });

  it('even and odd rows of January agree with scipy, and nothing has drifted', async () => {
    const { json } = await compared(data, even(january), odd(january), ...options);
    const window = windowsOf('nyc_flights_2013', CONTROL)['odd rows'];
    expectAgreement(json, window as ExpectedWindow);
    expect([json.drifted, json.warned]).toEqual([[], []]);
  });
});

describe('driftd compare on four years of a census', () => {
  const data = read('us_census_ma_employment');
  const columns = data.head.split(',');
  const codes = columns.filter((name) => !/^(id|year|AGEP|predicted_probability)$/.test(name));
  const options = ['--ignore', 'id,year', '--categorical', codes.join(',')];
  const year = (which: string): string[] =>
    data.rows.filter((row) => row.split(',')[columns.indexOf('year')] === which);

  it.each(Object.entries(windowsOf('us_census_ma_employment', '2015 vs later years')))(
    'agrees with scipy, and finds no drift in %s however small the p-values',
    async (name, window) => {
      const { json, code } = await compared(data, year('2015'), year(name), ...options);
      expect(expectAgreement(json, window)).toEqual({ numeric: 2, categorical: codes.length });
      expect([json.drifted, json.warned, code]).toEqual([[], [], 0]);
    },
    60_000,
  );

  it('finds nothing between even and odd rows', async () => {
    const { json } = await compared(data, even(year('2015')), odd(year('2015')), ...options);
    expect([json.drifted, json.warned]).toEqual([[], []]);
    const window = windowsOf('us_census_ma_employment', CONTROL)['odd rows'] as ExpectedWindow;
    expectAgreement(json, window);
  });
});
