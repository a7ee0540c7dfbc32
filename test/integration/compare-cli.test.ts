import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';

import type { ComparisonJson } from '../../src/app/compare/comparison-json.ts';
import { CONTROL, expectAgreement, readExpected } from '../support/expected-answers.ts';
import type { ExpectedWindow } from '../support/expected-answers.ts';
import { readFlights } from '../support/flights.ts';
import { runCli } from '../support/run-cli.ts';

const EXPECTED = readExpected('nyc_flights_2013_1in12');
const MONTHS = 'January vs later months';

const folder = mkdtempSync(join(tmpdir(), 'driftd-compare-'));
afterAll(() => rmSync(folder, { recursive: true }));
const flights = readFlights();
const month = (text: string) => (i: number) =>
  new Date(flights.times[i] ?? 0).toISOString().startsWith(text);

function file(name: string, rows: readonly (readonly (string | null)[])[]): string {
  const path = join(folder, name);
  const lines = [flights.columns, ...rows].map((row) => row.map((cell) => cell ?? '').join(','));
  writeFileSync(path, `${lines.join('\n')}\n`);
  return path;
}

function text(name: string, content: string): string {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
}

const run = (...argv: string[]): ReturnType<typeof runCli> => runCli('compare', ...argv);

async function compared(baseline: string, current: string): Promise<ComparisonJson> {
  const options = ['--ignore', 'id,ts', '--categorical', 'late', '--policy', 'psi_mode=floor'];
  return JSON.parse(
    (await run(baseline, current, ...options, '--format', 'json')).out,
  ) as ComparisonJson;
}

function expectWindow(json: ComparisonJson, window: ExpectedWindow | undefined): void {
  const { numeric, categorical } = expectAgreement(json, window as ExpectedWindow);
  expect(numeric).toBeGreaterThan(8);
  expect(categorical).toBeGreaterThan(1);
}

describe('driftd compare on real flights, against scipy', () => {
  const january = flights.rows.filter((_, i) => month('2013-01')(i));
  const baseline = file('2013-01.csv', january);

  it.each(Object.entries(EXPECTED.schemes[MONTHS]?.windows ?? {}))('%s', async (name, window) => {
    const rows = flights.rows.filter((_, i) => month(name)(i));
    expectWindow(await compared(baseline, file(`${name}.csv`, rows)), window);
  });

  it('finds nothing between even and odd rows', async () => {
    const even = file(
      'even.csv',
      january.filter((_, i) => i % 2 === 0),
    );
    const odd = file(
      'odd.csv',
      january.filter((_, i) => i % 2 === 1),
    );
    const json = await compared(even, odd);
    expect([json.drifted, json.warned]).toEqual([[], []]);
    expectWindow(json, EXPECTED.schemes[CONTROL]?.windows['odd rows']);
  });
});

describe('driftd compare on difficult input', () => {
  const rows = (value: (i: number) => string): string =>
    `x,y\n${Array.from({ length: 2000 }, (_, i) => `${value(i)},${i % 7}`).join('\n')}\n`;

  const manyCategories = (count: number): string =>
    `x,y\n${Array.from({ length: count }, (_, i) => `city ${i},${i % 7}`).join('\n')}\n`;
  const manyColumns = (count: number): string => {
    const names = ['x', 'y', ...Array.from({ length: count - 2 }, (_, i) => `c${i}`)];
    return [names, ...[1, 2, 3].map((k) => names.map((_, i) => i * k))]
      .map((row) => `${row.join(',')}\n`)
      .join('');
  };

  it.each([
    ['an empty file', '', /^driftd: bad\.csv: the file is empty/],
    ['a header without rows', 'x,y\n', /^driftd: bad\.csv: the file has a header, but no rows/],
    ['a ragged line', 'x,y\n1,2\n3\n', /^driftd: bad\.csv:3: /],
    ['a column twice', 'x,x\n1,2\n', /^driftd: bad\.csv:1: column x stands there twice/],
  ])('%s is an error on either side', async (_, content, message) => {
    const [bad, good] = [text('bad.csv', content), text('good.csv', 'x,y\n1,2\n')];
    for (const pair of [
      [bad, good],
      [good, bad],
    ] as const) {
      const { code, err } = await run(...pair);
      expect(err).toMatch(message);
      expect(code).toBe(3);
    }
  });

  it.each([
    ['all missing', rows(() => '')],
    ['one constant', rows(() => '6')],
    ['infinities', rows((i) => (i % 2 === 0 ? 'Infinity' : '-Infinity'))],
    ['mixed types', rows((i) => (i % 2 === 0 ? String(i) : 'word'))],
    ['a column less', 'y\n1\n2\n'],
    ['a column more', 'x,y,z\n1,2,3\n'],
    ['100,000 categories', manyCategories(100_000)],
    ['5,000 columns', manyColumns(5000)],
  ])('%s gets a verdict a feature and no NaN', async (_, content) => {
    const [odd, plain] = [
      text('odd.csv', content),
      text(
        'plain.csv',
        rows((i) => String(i)),
      ),
    ];
    for (const pair of [
      [odd, plain],
      [plain, odd],
    ] as const) {
      const { code, out } = await run(...pair, '--format', 'json');
      expect([0, 4]).toContain(code);
      const { features } = JSON.parse(out) as ComparisonJson;
      expect(features.map(({ feature }) => feature)).toContain('y');
      for (const feature of features) expect(feature.verdict).toMatch(/^[a-z-]+$/);
      expect(out).not.toMatch(/NaN|Infinity|undefined/);
      expect((await run(...pair)).out).not.toMatch(/NaN|Infinity|undefined/);
    }
  });

  it('sees another constant, which PSI cannot', async () => {
    const [five, six] = [
      text(
        'five.csv',
        rows(() => '5'),
      ),
      text(
        'six.csv',
        rows(() => '6'),
      ),
    ];
    const { code, out } = await run(five, six, '--format', 'json');
    const json = JSON.parse(out) as ComparisonJson;
    expect(json.features[0]).toMatchObject({ feature: 'x', psi: 0, ks: { d: 1 } });
    expect(json.drifted).toEqual(['x']);
    expect(code).toBe(4);
  });
});
