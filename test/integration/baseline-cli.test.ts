import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { validateCron } from '../../src/app/validate-cron.ts';
import type { CliDeps } from '../../src/cli/deps.ts';
import { runCli } from '../../src/cli/program.ts';
import { systemClock } from '../../src/platform/clock.ts';
import { createNormal, rowsOver } from '../support/baselines.ts';
import { freshDatabase } from '../support/servers.ts';
import { serve } from '../support/served.ts';
import type { Served } from '../support/served.ts';
import { DAY, openWorld } from '../support/world.ts';

const CONFIG = `
models: [{ name: flights, time_column: ts }, { name: other }, { name: sliced, attributes: [origin] }]
monitors:
  - { name: daily, model: flights, schedule: '0 0 * * *', windows: [24h], policy: { design_effect: none, open: 1 of 1 } }
`;
const START = Date.UTC(2024, 0, 1);
const LIVE = START + 14 * DAY;
const normal = createNormal(5);

let folder = '';
let database = '';
let serving: Served;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'driftd-cli-'));
  database = await freshDatabase();
  await writeFile(join(folder, 'driftd.yaml'), `postgres: { url: '\${DATABASE_URL}' }\n${CONFIG}`);
  await writeFile(join(folder, 'january.csv'), csv(0));
  await writeFile(join(folder, 'july.csv'), csv(5));
  await writeFile(join(folder, 'few.csv'), 'ts,x,c\n2024-01-01T00:00:00Z,1,a\n');
  serving = await serve(database, `${CONFIG}http: { listen: '127.0.0.1:0' }\n`);
});
afterAll(async () => {
  await serving.stop();
  await rm(folder, { recursive: true });
});

const values = (level: number) => ({ x: level + normal(), c: 'a' });
const csv = (level: number): string =>
  [
    'ts,x,c',
    ...rowsOver(START, LIVE, 20, () => values(level)).map(
      (row) => `${new Date(row.time).toISOString()},${String(row.values['x'])},a`,
    ),
  ].join('\n');
const file = (name: string): string => join(folder, name);

async function run(
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<{ code: number; out: string; err: string }> {
  const said = { out: '', err: '' };
  const deps: CliDeps = {
    createApp: () => Promise.reject(new Error('no app is needed')),
    migrate: () => Promise.reject(new Error('no migration is asked for')),
    validateCron,
    build: { name: 'driftd', version: '1.2.3', node: '24.0.0' },
    clock: systemClock,
  };
  const io = {
    out: (text: string) => void (said.out += text),
    err: (text: string) => void (said.err += text),
    env: { DATABASE_URL: database, CI: '1', ...env },
    stop: new AbortController().signal,
  };
  const code = await runCli(['baseline', ...args], deps, io);
  return { code, ...said };
}
const direct = (...args: string[]) => run([...args, '--config', file('driftd.yaml')]);
const remote = (...args: string[]) =>
  run([...args, '--server', serving.url, '--config', '/nowhere']);

describe('driftd baseline', () => {
  it('does the whole life of a baseline, in the database and through a server', async () => {
    expect((await direct('list', 'flights')).out).toContain('flights has no baseline');
    expect(await direct('upload', 'flights', file('january.csv'))).toMatchObject({
      code: 0,
      out: expect.stringContaining('6720 rows are version 1 of flights, candidate.') as string,
    });
    expect((await remote('activate', 'flights', '1', '--reason', 'first')).out).toBe(
      'Version 1 of flights is active.\n',
    );
    const world = await openWorld(database);
    await world.count([
      ...rowsOver(LIVE, LIVE + 3 * DAY, 100, () => values(5)),
      ...rowsOver(LIVE + 5 * DAY, LIVE + 6.1 * DAY, 100, () => values(5)),
    ]);
    await world.pool.end();

    expect((await remote('validate', 'flights', file('july.csv'))).out).toContain(
      'nothing was stored',
    );
    const uploaded = await remote('upload', 'flights', file('july.csv'), '--reason', 'July');
    expect(uploaded.out).toContain('Warning: x does not fit the binning in use');
    expect(uploaded.out).toContain('version 2 of flights, candidate');
    expect((await direct('upload', 'flights', file('july.csv'))).out).toContain(
      'This is version 2 of flights already, candidate.',
    );
    for (const way of [direct, remote]) {
      const diff = await way('diff', 'flights', '2');
      expect(diff.out).toContain('flights: version 2 against version 1');
      expect(diff.out).toContain('Different: x');
      const show = await way('show', 'flights', '2');
      expect(show.out).toMatch(/x +numeric +input +0 +0 +its own, and the one before/);
      expect(await way('shadow', 'flights', '2', '--days', '1')).toMatchObject({
        code: 0,
        out: 'daily: version 2 would have alerted on none of 1 day\n',
      });
      const old = await way('shadow', 'flights', '1', '--days', '2');
      expect(old.code).toBe(4);
      expect(old.out).toContain('daily: version 1 would have alerted on');
      // Four of the days have events. The alert is announced once and stays open, also over the two between them.
      expect(await way('shadow', 'flights', '2', '--days', '14')).toMatchObject({
        code: 0,
        out: 'daily: version 2 would have alerted on none of the 4 days that could be judged (14 asked for)\n',
      });
      expect((await way('shadow', 'flights', '1', '--days', '14')).out).toBe(
        [
          'daily: version 1 would have alerted on 4 of the 4 days that could be judged (14 asked for): x',
          '  An alert would have been open on 2024-01-15 to 2024-01-17, 2024-01-20. Announced, at the end of its window:',
          '  2024-01-16T00:00:00.000Z  critical  x',
          '',
        ].join('\n'),
      );
      const list = await way('list', 'flights', '--format', 'json');
      expect((JSON.parse(list.out) as { state: string }[]).map(({ state }) => state)).toEqual([
        'active',
        'candidate',
      ]);
    }
    expect((await remote('activate', 'flights', '2', '--reason', 'agreed')).code).toBe(0);
    expect((await direct('rollback', 'flights', '--reason', 'no')).out).toBe(
      'Version 1 of flights is active.\n',
    );
    const later = ['--reason', 'then', '--at', '2999-01-01T00:00:00Z'];
    expect((await direct('activate', 'flights', '2', ...later)).out).toContain(
      'active from 2999-01-01',
    );
    expect((await remote('unschedule', 'flights', '2', '--reason', 'no')).code).toBe(0);

    expect(await remote('export', 'flights', '2', '--output', file('x.baseline.json'))).toEqual({
      code: 0,
      out: '',
      err: '',
    });
    expect(JSON.parse(await readFile(file('x.baseline.json'), 'utf8'))).toMatchObject({
      model: 'flights',
      rows: 6720,
    });
    expect((await direct('upload', 'flights', file('x.baseline.json'))).out).toContain(
      'version 2 of flights already',
    );
    const promoted = await remote(
      'promote',
      'flights',
      '--from',
      '2024-01-15T00:00:00Z',
      '--to',
      '2024-01-17T00:00:00Z',
    );
    expect(promoted.err).toBe('');
    expect(promoted.out).toContain('4800 rows are version 3 of flights, candidate.');
    expect((await direct('diff', 'flights', '3', '--against', '2')).out).toContain(
      'Different: none',
    );
  });

  it('takes what is said about columns', async () => {
    const lines = rowsOver(START, LIVE, 4, () => values(2)).map(
      (row, i) => `${new Date(row.time).toISOString()},${String(row.values['x'])},${i % 7},id${i}`,
    );
    await writeFile(file('codes.csv'), ['when,x,code,id', ...lines].join('\n'));
    const said = ['--categorical', 'code', '--ignore', 'id', '--time', 'when'];
    for (const [way, version] of [
      [remote, 1],
      [direct, 1],
    ] as const) {
      const added = await way('upload', 'other', file('codes.csv'), ...said);
      expect(added).toMatchObject({ code: 0, err: '' });
      const shown = await way('show', 'other', String(version));
      expect(shown.out).toMatch(/code +categorical/);
      expect(shown.out).toContain('2024-01-01..2024-01-14');
      expect(shown.out).not.toMatch(/^(id|when) /m);
    }
    const bare = await direct('upload', 'other', file('codes.csv'));
    expect(bare.err).toContain('id has another value in nearly every row');
  });

  it('says which values of an attribute get no baseline of their own', async () => {
    const lines = Array.from(
      { length: 1_600 },
      (_, i) => `${normal()},${i < 1_100 ? 'EWR' : i % 2}`,
    );
    await writeFile(file('sliced.csv'), ['x,origin', ...lines].join('\n'));
    const warning =
      'Warning: 2 of 3 values of origin get no baseline of their own, having fewer than 1,000 rows: apart from all others they are not judged\n';
    for (const way of [direct, remote])
      for (const action of ['validate', 'upload'])
        expect((await way(action, 'sliced', file('sliced.csv'))).out).toContain(warning);
    const shown = await remote('show', 'sliced', '1');
    expect(shown.out).toContain('Segments: origin=EWR\n');
    expect(shown.out).toContain(warning);
  });

  it('says what is wrong in a sentence', async () => {
    const few = await direct('upload', 'flights', file('few.csv'));
    expect(few).toMatchObject({ code: 3, out: '' });
    expect(few.err).toContain('driftd: the baseline is refused: it has 1 rows');
    expect(await remote('upload', 'flights', file('few.csv'))).toEqual(few);
    expect((await direct('show', 'flights', '9')).err).toContain('no baseline of version 9');
    expect((await remote('show', 'flights', '9')).code).toBe(3);
    expect((await remote('upload', 'flights', file('none.csv'))).err).toContain('cannot be read');
    expect(await run(['list', 'flights', '--server', 'http://127.0.0.1:9'])).toMatchObject({
      code: 6,
    });
    expect((await direct('show', 'flights', 'x')).code).toBe(2);
  });
});

describe('driftd baseline through a server that refuses', () => {
  it.each([
    [401, 3],
    [403, 3],
    [404, 3],
    [409, 3],
    [422, 3],
    [429, 6],
    [503, 6],
    [500, 6],
  ])('%i ends with code %i, and its reason', async (status, code) => {
    const server = createServer((_, response) => {
      response.writeHead(status, {
        'content-type': 'application/problem+json',
        'retry-after': '7',
      });
      response.end(JSON.stringify({ detail: 'so it is' }));
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const ended = await run(['list', 'flights', '--server', `http://127.0.0.1:${port}`]);
    server.close();
    expect(ended.code).toBe(code);
    expect(ended.err).toContain('so it is');
  });

  it('takes back and discards through a server, as JSON', async () => {
    const listed = await remote('list', 'flights', '--format', 'json');
    const versions = JSON.parse(listed.out) as { version: number; state: string }[];
    expect(versions.map(({ state }) => state)).toContain('active');
    const sent = await remote(
      'upload',
      'other',
      file('july.csv'),
      '--critical',
      'x',
      '--format',
      'json',
    );
    const { baseline } = JSON.parse(sent.out) as { baseline: { version: number; state: string } };
    expect(baseline.state).toBe('candidate');
    const version = String(baseline.version);
    const again = await remote('upload', 'other', file('july.csv'), '--critical', 'x');
    expect(again.out).toContain(`This is version ${version} of other already`);
    // Said of columns one by one: other categories, another file; the unit holds with the version.
    const said = ['--categories', 'c=b,a', '--unit', 'x=°F', '--format', 'json'];
    const told = await remote('upload', 'other', file('july.csv'), ...said);
    const tracking = JSON.parse(told.out) as { baseline: { version: number } };
    const document = await remote('export', 'other', String(tracking.baseline.version));
    const { features } = JSON.parse(document.out) as {
      features: { feature: string; binning: { categories?: string[] } }[];
    };
    expect(features.find(({ feature }) => feature === 'c')?.binning.categories).toEqual(['a', 'b']);
    const known = await direct('upload', 'other', file('july.csv'), ...said);
    expect(JSON.parse(known.out)).toEqual({ ...tracking, known: true });
    for (const wrong of ['=a', 'x', 'x= m'])
      expect(await direct('validate', 'other', file('few.csv'), '--unit', wrong)).toMatchObject({
        code: 2,
      });
    const gone = await remote(
      'discard',
      'other',
      version,
      '--reason',
      'a test',
      '--format',
      'json',
    );
    expect(JSON.parse(gone.out)).toMatchObject({ state: 'retired' });
    const none = await remote('rollback', 'other', '--reason', 'a test');
    expect(none).toMatchObject({ code: 3 });
    expect(none.err).toContain('has no version to go back to');
  });
});
