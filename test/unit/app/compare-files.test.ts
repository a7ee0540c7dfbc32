import { DuckDBInstance } from '@duckdb/node-api';
import { describe, expect, it } from 'vitest';

import type { ComparisonJson, FeatureJson } from '../../../src/app/compare/comparison-json.ts';
import { contingencyTest } from '../../../src/core/statistic/contingency.ts';
import { runCli } from '../../support/run-cli.ts';
import { temporaryFile } from '../../support/temporary-file.ts';

interface Compared {
  readonly json: ComparisonJson;
  readonly err: string;
  readonly code: number;
}

async function compared(before: string, now: string, ...options: string[]): Promise<Compared> {
  const { out, err, code } = await runCli('compare', before, now, ...options, '--format', 'json');
  return { json: JSON.parse(out) as ComparisonJson, err, code };
}

const csv = (head: string, rows: readonly string[]): Promise<string> =>
  temporaryFile(`rows-${String(rows.length)}.csv`, `${[head, ...rows].join('\n')}\n`);

/** Rows of a size, made one by one. */
const rows = (size: number, of: (i: number) => string): string[] =>
  Array.from({ length: size }, (_, i) => of(i));

function feature(json: ComparisonJson, name: string, segment?: string): FeatureJson {
  const found = json.features.find((one) => one.feature === name && one.segment === segment);
  if (found === undefined) throw new Error(`no ${name} of ${String(segment)}`);
  return found;
}

/** The golden ratio's multiples spread evenly, in any order. */
const spread = (i: number): number => (i * 0.618_033_988_749_895) % 1;

describe('segments', () => {
  const before = (): Promise<string> =>
    csv('g,x', [
      ...rows(3000, (i) => `DE,${String(spread(i))}`),
      ...rows(500, (i) => `FR,${String(spread(i))}`),
      ...rows(1200, (i) => `IT,${String(spread(i))}`),
    ]);
  const now = (): Promise<string> =>
    csv('g,x', [
      ...rows(2000, (i) => `DE,${String(spread(i))}`),
      ...rows(100, (i) => `FR,${String(spread(i) + 5)}`),
      ...rows(20, (i) => `US,${String(spread(i))}`),
    ]);

  it('without a baseline of their own have the verdict that says so, and vanished ones no data', async () => {
    const { json } = await compared(await before(), await now(), '--segment', 'g');
    expect(feature(json, 'x', 'g=DE')).toMatchObject({ n: 2000, m: 3000, verdict: 'stable' });
    expect(feature(json, 'x', 'g=FR')).toMatchObject({ n: 100, m: 0, verdict: 'no-baseline' });
    expect(feature(json, 'x', 'g=US')).toMatchObject({ n: 20, m: 0, verdict: 'no-baseline' });
    expect(feature(json, 'x', 'g=IT')).toMatchObject({ n: 0, verdict: 'no-data' });
  });

  it('are the same however a file writes their value, and are told of when one side lacks them', async () => {
    const a = await csv('g,x', [
      ...rows(1000, (i) => `21,${String(spread(i))}`),
      ...rows(1100, (i) => `True,${String(spread(i))}`),
      ...rows(1200, (i) => `IT,${String(spread(i))}`),
    ]);
    const b = await csv('g,x', [
      ...rows(600, (i) => `21.0,${String(spread(i))}`),
      ...rows(700, (i) => `true,${String(spread(i))}`),
      ...rows(50, (i) => `US,${String(spread(i))}`),
    ]);
    const { json } = await compared(a, b, '--segment', 'g');
    expect(feature(json, 'x', 'g=21')).toMatchObject({ n: 600, m: 1000, verdict: 'stable' });
    expect(feature(json, 'x', 'g=true')).toMatchObject({ n: 700, m: 1100, verdict: 'stable' });
    expect(json.notices).toEqual([
      'rows-1350.csv has no rows of g=IT: nothing was compared there',
      'rows-3300.csv has fewer than 1000 rows of g=US: there is too little to compare with',
    ]);
  });

  it('beyond a hundred are counted in a note', async () => {
    const many = await csv(
      'g,x',
      rows(4000, (i) => `g${String(i % 140)},1`),
    );
    const { json, err } = await compared(many, many, '--segment', 'g');
    expect(err).toMatch(/40 values of g beyond the 100 most frequent/);
    expect(json.features.filter(({ segment }) => segment !== undefined)).toHaveLength(200);
  });

  it.each([0, 1])('need their column in both files (%d)', async (which) => {
    const files = [await csv('g,x', ['a,1']), await csv('g,x', ['a,1'])];
    files[which] = await csv('x', ['1']);
    const { code, err } = await runCli('compare', ...files, '--segment', 'g');
    expect([code, err]).toEqual([
      3,
      expect.stringMatching(/rows-1\.csv: no column g, which --segment names; the columns are x/),
    ]);
  });
});

describe('a comparison of nothing', () => {
  it.each([
    ['no features', ['--features', '']],
    ['all ignored', ['--ignore', 'x,y']],
    ['the time alone', ['--ignore', 'x', '--time', 'y']],
  ])('is refused: %s', async (_, options) => {
    const file = await csv('x,y', ['1,2026-01-01', '2,2026-01-02']);
    const { code, out, err } = await runCli('compare', file, file, ...options);
    expect([code, out]).toEqual([3, '']);
    expect(err).toMatch(/no column is left to compare/);
  });

  it('is what a policy of an unknown column is for: it is refused by name', async () => {
    const file = await csv('x', ['1', '2']);
    const { code, err } = await runCli('compare', file, file, '--policy', 'features.zz.off=[ks]');
    expect(code).toBe(3);
    expect(err).toMatch(/no column zz, which --policy names; the columns are x/);
  });
});

describe('a time that is none', () => {
  it.each([
    ['rows.csv', 't,x\n2026-01-01,"a\nb"\n\nsoon,1\n', 5],
    ['rows.ndjson', '{"t":"2026-01-01","x":1}\n{"t":"soon","x":1}\n', 2],
  ])(
    'is named with its line in the baseline and the current rows: %s',
    async (name, text, line) => {
      const wrong = await temporaryFile(name, text);
      const right = await temporaryFile(name, text.replace('soon', '2026-01-02'));
      for (const pair of [
        [wrong, right],
        [right, wrong],
      ] as const) {
        const { code, err } = await runCli('compare', ...pair, '--time', 't');
        expect([code, err]).toEqual([
          3,
          expect.stringContaining(`${name}:${String(line)}: column t: "soon" is no time`),
        ]);
      }
    },
  );
});

describe('what is missing and what is wrong', () => {
  it('NA and its like are missing, among numbers and among names', async () => {
    const texts = ['NA', 'N/A', 'n/a', 'NaN', 'nan', 'NULL', 'null', 'None', '<NA>', ' '];
    const before = await csv(
      'x,c',
      rows(2000, (i) => `${String(spread(i))},${'ab'[i % 2]}`),
    );
    const now = await csv(
      'x,c',
      rows(2000, (i) =>
        i % 20 === 0
          ? `${texts[(i / 20) % texts.length]},${texts[(i / 20) % texts.length]}`
          : `${String(spread(i))},${'ab'[i % 2]}`,
      ),
    );
    for (const pair of [
      [before, now],
      [now, before],
    ] as const) {
      const { json } = await compared(...pair);
      const shares =
        pair[0] === before ? { baseline: 0, current: 0.05 } : { baseline: 0.05, current: 0 };
      for (const name of ['x', 'c'])
        expect(feature(json, name)).toMatchObject({
          missing: shares,
          invalid: { baseline: 0, current: 0 },
          verdict: 'drifted',
        });
      expect(feature(json, 'x').kind).toBe('numeric');
    }
  });

  it('texts among numbers are told as invalid, in the table too when there are any', async () => {
    const before = await csv(
      'x',
      rows(2000, (i) => String(spread(i))),
    );
    const now = await csv(
      'x',
      rows(2000, (i) => (i % 25 === 0 ? 'oops' : String(spread(i)))),
    );
    expect(feature((await compared(before, now)).json, 'x').invalid).toEqual({
      baseline: 0,
      current: 0.04,
    });
    expect((await runCli('compare', before, now)).out).toMatch(/invalid .*\n.*0\.00% > 4\.00%/);
    expect((await runCli('compare', before, before)).out).not.toContain('invalid');
  });

  it('the kind of a column does not depend on the order of its rows', async () => {
    const mixed = [...rows(1500, (i) => String(i)), ...rows(6000, (i) => `word${String(i % 5)}`)];
    const [first, last] = [await csv('x', mixed), await csv('x', mixed.toReversed())];
    for (const pair of [
      [first, last],
      [last, first],
    ] as const) {
      const { json } = await compared(...pair);
      expect(feature(json, 'x')).toMatchObject({
        kind: 'categorical',
        n: 7500,
        m: 7500,
        verdict: 'stable',
      });
      expect(feature(json, 'x').unseenShare).toBe(0);
      expect(feature(json, 'x').chi2?.statistic).toBe(0);
    }
  });
});

describe('what is left out is said', () => {
  it('columns of one file only', async () => {
    const { json, err, code } = await compared(
      await csv(
        'x,gone',
        rows(2000, (i) => `${String(spread(i))},1`),
      ),
      await csv(
        'x,new',
        rows(2000, (i) => `${String(spread(i))},1`),
      ),
    );
    expect(json.notices).toEqual([
      'rows-2000.csv does not have gone: nothing was compared there',
      'rows-2000.csv does not have new: there is nothing to compare with',
    ]);
    expect(err.split('\n').slice(0, 2)).toEqual(json.notices.map((notice) => `driftd: ${notice}`));
    expect([feature(json, 'gone').verdict, feature(json, 'new').verdict, code]).toEqual([
      'no-data',
      'no-baseline',
      0,
    ]);
  });

  it('nested columns of Parquet, unless they are ignored', async () => {
    const path = await temporaryFile('rows.parquet', '');
    const database = await DuckDBInstance.create(':memory:');
    const connection = await database.connect();
    await connection.run(
      `COPY (SELECT i % 10 AS x, [i] AS tags, to_days(i::INT) AS took FROM range(2000) t(i)) TO '${path}' (FORMAT parquet)`,
    );
    connection.closeSync();
    database.closeSync();
    const { json, err } = await compared(path, path, '--ignore', 'took');
    expect(json.features.map(({ feature: name, verdict }) => [name, verdict])).toEqual([
      ['x', 'stable'],
    ]);
    expect(err).toContain('rows.parquet: left out are tags (lists), which hold no single values');
    expect(err).not.toContain('took');
  });
});

describe('chi-square', () => {
  it('is over all categories, tracked or not, new or not, missing being one', async () => {
    const before = rows(5000, (i) =>
      i % 50 === 0 ? '' : `c${String(Math.floor(spread(i) ** 2 * 150))}`,
    );
    const now = rows(4000, (i) =>
      i % 80 === 0 ? '' : `c${String(Math.floor(spread(i) ** 2 * 160))}`,
    );
    const levels = [...new Set([...before, ...now])];
    const count = (of: readonly string[]): Float64Array =>
      Float64Array.from(levels, (level) => of.filter((one) => one === level).length);
    const table = contingencyTest(count(before), count(now));
    // A line of nothing would be no row.
    const file = (of: readonly string[]): Promise<string> =>
      csv(
        'y,c',
        of.map((one) => `1,${one}`),
      );
    const { json } = await compared(await file(before), await file(now));
    expect(levels.length).toBeGreaterThan(150);
    expect(feature(json, 'c').chi2?.statistic).toBeCloseTo(table?.chi2 ?? NaN, 8);
    expect(feature(json, 'c').chi2?.p).toBeCloseTo(Math.exp(table?.logP ?? NaN), 12);
  });
});

describe('the report', () => {
  it('tells of piles, of what is outside the range and of missing values, as an alert does', async () => {
    const before = await csv(
      'x',
      rows(5000, (i) => String(spread(i))),
    );
    const now = await csv(
      'x',
      rows(5000, (i) =>
        i % 10 === 0 ? '0.123456' : i % 10 === 1 ? '7' : i % 10 === 2 ? 'NA' : String(spread(i)),
      ),
    );
    const { out } = await runCli('compare', before, now, '--format', 'html');
    expect(out).toContain('Outside the baseline&#39;s range: 11.1 %');
    expect(out).toMatch(/Values pile up in \(4\.\d+, 8\.\d+\]: 11\.1 % more/); // The sevens.
    expect(out).toMatch(/Missing: 0 % -(>|&gt;) 10 %/);
  });
});
