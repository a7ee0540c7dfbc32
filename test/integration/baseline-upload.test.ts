import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { request } from 'node:http';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { parquetWriteBuffer } from 'hyparquet-writer';

import { createLog } from '../../src/platform/log.ts';
import { createPool } from '../../src/storage/postgres/pool.ts';
import type { Pool } from '../../src/storage/postgres/pool.ts';
import { createNormal } from '../support/baselines.ts';
import { freshDatabase } from '../support/servers.ts';
import { serve } from '../support/served.ts';
import type { Served } from '../support/served.ts';

const CONFIG = `
models: [{ name: m, time_column: ts }, { name: other }]
monitors: [{ name: daily, model: m, schedule: '0 0 * * *', windows: [24h] }]
`;
const CSV = { 'content-type': 'text/csv' };
const normal = createNormal(11);
const START = Date.UTC(2024, 0, 1);
/** Rows that are read for seconds: time enough to ask for something else meanwhile. */
const LONG = 300_000;

/** x around a level, a category and a time a row. */
function rowsOf(level: number, rows = 600): { ts: string; x: number; c: string }[] {
  return Array.from({ length: rows }, (_, i) => ({
    ts: new Date(START + i * 600_000).toISOString(),
    x: Number((level + normal()).toFixed(4)),
    c: i % 3 === 0 ? 'a' : 'b',
  }));
}
const csvOf = (rows: readonly object[]): string =>
  [Object.keys(rows[0] ?? {}), ...rows.map((row) => Object.values(row))]
    .map((cells) => cells.join(','))
    .join('\n');

let serving: Served;
let pool: Pool;
let database: string;

/** Uploads of others lie beside those of this test else. */
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'driftd-test-'));
  vi.stubEnv('TMPDIR', folder);
  database = await freshDatabase();
  serving = await serve(database, `${CONFIG}http: { listen: '127.0.0.1:0' }\n`);
  pool = createPool({ url: database, max: 2, applicationName: 'test', log: createLog('silent') });
});
afterAll(async () => {
  await serving.stop();
  await pool.end();
  vi.unstubAllEnvs();
  await rm(folder, { recursive: true });
});

type Body = string | FormData | Uint8Array<ArrayBuffer>;

interface Answer {
  readonly status: number;
  readonly body: Readonly<Record<string, unknown>>;
}

async function call(
  method: string,
  path: string,
  init: { body?: Body; headers?: Record<string, string> } = {},
): Promise<Answer> {
  const response = await fetch(`${serving.url}/api/v1${path}`, { method, ...init });
  return { status: response.status, body: (await response.json()) as Answer['body'] };
}
const upload = (
  body: Body,
  headers: Record<string, string>,
  query = '',
  model = 'm',
): Promise<Answer> => call('POST', `/models/${model}/baselines${query}`, { body, headers });
const post = (path: string, body: object): Promise<Answer> =>
  call('POST', path, {
    body: JSON.stringify(body),
    headers: { 'content-type': 'application/json' },
  });

async function versions(): Promise<number> {
  const { rows } = await pool.query<{ n: number }>('SELECT count(*) AS n FROM baseline');
  return rows[0]?.n ?? -1;
}
const leftovers = async (): Promise<string[]> =>
  (await readdir(tmpdir())).filter((name) => name.startsWith('driftd-upload-'));

describe('a baseline through the API', () => {
  it('is uploaded, looked at, compared, tried, activated and taken back', async () => {
    const first = await upload(csvOf(rowsOf(0)), CSV, '?name=first.csv&reason=new%20model');
    expect(first).toMatchObject({
      status: 201,
      body: { known: false, rows: 600, baseline: { version: 1, provenance: 'first.csv' } },
    });
    expect(await post('/models/m/baselines/1/activate', { reason: 'go' })).toMatchObject({
      status: 200,
      body: { state: 'active' },
    });
    const shifted = csvOf(rowsOf(5));
    expect((await upload(shifted, CSV, '?validate=true')).body).toMatchObject({ baseline: null });
    const form = new FormData();
    form.append('file', new Blob([shifted], { type: 'text/csv' }), 'second.csv');
    const second = await fetch(`${serving.url}/api/v1/models/m/baselines`, {
      method: 'POST',
      body: form,
    });
    expect(second.status).toBe(201);
    expect(await second.json()).toMatchObject({
      baseline: { version: 2, state: 'candidate', provenance: 'second.csv' },
      warnings: [{ check: 'own-binning', feature: 'x' }],
    });
    expect(await upload(shifted, CSV)).toMatchObject({
      status: 200,
      body: { known: true, baseline: { version: 2 } },
    });
    expect((await call('GET', '/models/m/baselines/2/diff')).body).toMatchObject({
      before: 1,
      after: 2,
      different: ['x'],
    });
    const shadow = await call('GET', '/models/m/baselines/2/shadow?days=3');
    expect(shadow.status).toBe(404);
    expect(shadow.body['detail']).toContain('nothing of the model m has been counted');
    await post('/models/m/baselines/2/activate', { reason: 'retrained' });
    expect(await post('/models/m/baselines/rollback', { reason: 'noisy' })).toMatchObject({
      status: 200,
      body: { version: 1, state: 'active' },
    });
    expect((await post('/models/m/baselines/rollback', { reason: 'x' })).status).toBe(404);
    for (const at of ['0000-01-01T00:00:00Z', '9999-12-31T23:59:59-14:00']) {
      const odd = { reason: 'odd', from: at, to: at };
      expect((await post('/models/m/baselines/promote', odd)).status).toBe(422);
    }
    const edge = { reason: 'the last', at: '9999-12-31T23:59:59-14:00' };
    expect((await post('/models/m/baselines/2/activate', edge)).status).toBe(200);
    expect((await post('/models/m/baselines/2/unschedule', { reason: 'no' })).status).toBe(200);
    const later = '2999-01-01T00:00:00Z';
    expect(
      (await post('/models/m/baselines/2/activate', { reason: 'then', at: later })).body,
    ).toMatchObject({ state: 'retired', activateAt: '2999-01-01T00:00:00.000Z' });
    const events = await call('GET', '/models/m/baseline-events');
    const two = await call('GET', '/models/m/baseline-events?limit=2&cursor=1');
    expect(two.body).toEqual({ items: (events.body['items'] as []).slice(1, 3), next: '3' });
    expect(
      (events.body['items'] as { action: string; actor: string }[]).map((e) => [e.action, e.actor]),
    ).toEqual([
      ['added', 'loopback'],
      ['activated', 'loopback'],
      ['added', 'loopback'],
      ['activated', 'loopback'],
      ['rolled-back', 'loopback'],
      ['scheduled', 'loopback'],
      ['unscheduled', 'loopback'],
      ['scheduled', 'loopback'],
    ]);
    const page = await call('GET', '/models/m/baselines?limit=1');
    expect(page.body).toMatchObject({ items: [{ version: 1 }], next: '1' });
    expect((await call('GET', '/models/m/baselines?limit=1&cursor=1')).body).toMatchObject({
      items: [{ version: 2 }],
      next: null,
    });
    expect((await call('GET', '/models/m/baselines?state=active')).body).toMatchObject({
      items: [{ version: 1 }],
    });
    const document = await call('GET', '/models/m/baselines/2/document');
    expect(document.body).toMatchObject({ model: 'm', rows: 600 });
    // What was exported can be uploaded: its content is known.
    expect(
      (
        await upload(JSON.stringify(document.body), {
          'content-type': 'application/vnd.driftd.baseline+json',
        })
      ).body,
    ).toMatchObject({ known: true, baseline: { version: 2 } });
  });

  it.each([
    [
      'NDJSON',
      'application/x-ndjson',
      (rows: object[]) => rows.map((row) => JSON.stringify(row)).join('\n'),
    ],
    ['JSON', 'application/json', (rows: object[]) => JSON.stringify(rows)],
    ['packed CSV', 'text/csv', (rows: object[]) => gzipSync(csvOf(rows))],
    [
      'Parquet',
      'application/vnd.apache.parquet',
      (rows: object[]) =>
        parquetWriteBuffer({
          columnData: ['ts', 'x', 'c'].map((name) => ({
            name,
            data: rows.map((row) => (row as Record<string, unknown>)[name]),
          })),
        }),
    ],
  ])('as %s', async (what, type, make) => {
    const body = make(rowsOf(Math.random()));
    const packed = what === 'packed CSV' ? { 'content-encoding': 'gzip' } : {};
    const answer = await upload(body as Body, { 'content-type': type, ...packed }, '', 'other');
    expect(answer).toMatchObject({ status: 201, body: { rows: 600 } });
  });
});

describe('what is refused leaves nothing', () => {
  const cell = (value: string): string => csvOf(rowsOf(0).map((row) => ({ ...row, c: value })));

  it.each<
    [
      what: string,
      body: () => Body,
      headers: Record<string, string>,
      query: string,
      status: number,
      detail: string,
    ]
  >([
    ['no body', () => '', CSV, '', 400, 'empty'],
    ['an unknown type', () => 'x', { 'content-type': 'image/png' }, '', 415, 'Unsupported'],
    ['no CSV', () => 'a,b\n1\n', CSV, '', 422, 'upload.csv:2'],
    ['a header only', () => 'a,b\n', CSV, '', 422, 'no rows'],
    ['too few rows', () => csvOf(rowsOf(0, 5)), CSV, '', 422, 'it has 5 rows'],
    ['a feature that is missing', () => cell(''), CSV, '', 422, 'c is missing in every row'],
    ['no JSON', () => '{"a":', { 'content-type': 'application/json' }, '', 422, 'no JSON'],
    [
      'no document',
      () => '{"model":"m"}',
      { 'content-type': 'application/vnd.driftd.baseline+json' },
      '',
      422,
      'no baseline',
    ],
    ['no gzip', () => 'abc', { ...CSV, 'content-encoding': 'gzip' }, '', 422, 'upload.csv.gz'],
    [
      'a line of 50 MB',
      () => `a\n${'x'.repeat(50_000_000)}\n`,
      CSV,
      '',
      422,
      'upload.csv:2: the line is longer',
    ],
    [
      'a JSON line of 50 MB',
      () => `{"a":"${'x'.repeat(50_000_000)}"}\n`,
      { 'content-type': 'application/x-ndjson' },
      '',
      422,
      'the line is longer',
    ],
    [
      'a million columns',
      () => `${Array.from({ length: 1_000_000 }, (_, i) => `c${i}`).join(',')}\n`,
      CSV,
      '',
      422,
      'upload.csv',
    ],
    [
      '20,000 columns',
      () => `${Array.from({ length: 20_000 }, (_, i) => `c${i}`).join(',')}\n`,
      CSV,
      '',
      422,
      'it has 20000 columns',
    ],
    [
      'no Parquet',
      () => 'PAR1'.repeat(10),
      { 'content-type': 'application/vnd.apache.parquet' },
      '',
      422,
      'upload.parquet',
    ],
    ['a model that is not there', () => csvOf(rowsOf(0)), CSV, 'nobody', 404, 'no model nobody'],
  ])('%s', async (_, body, headers, model, status, detail) => {
    const before = await versions();
    const answer = await upload(body(), headers, '', model === '' ? 'm' : model);
    expect(answer.body['detail']).toContain(detail);
    expect(answer.status).toBe(status);
    expect(answer.body['detail']).not.toContain(tmpdir());
    expect(await versions()).toBe(before);
    expect(await leftovers()).toEqual([]);
  });

  it('a gzip bomb', async () => {
    // 100 MB of one line in 100 kB; and of many lines.
    const line = gzipSync(Buffer.alloc(100_000_000, 'x'));
    expect(line.length).toBeLessThan(200_000);
    const headers = { ...CSV, 'content-encoding': 'gzip' };
    const refused = await upload(line, headers);
    expect(refused.status).toBe(422);
    expect(refused.body['detail']).toMatch(/the line is longer|unpacked it is larger/);
    const row = `1,${'x'.repeat(100_000)}\n`;
    const lines = gzipSync(Buffer.concat([Buffer.from('a,b\n'), Buffer.alloc(80_000_000, row)]));
    expect((await upload(lines, headers)).body['detail']).toContain('unpacked it is larger');
    expect(await leftovers()).toEqual([]);
  });

  it('Parquet that lies about its rows', async () => {
    const honest = Buffer.from(
      parquetWriteBuffer({ columnData: [{ name: 'x', data: rowsOf(0).map(({ x }) => x) }] }),
    );
    // Thrift: i64 num_rows 600 as zigzag varint b0 09, once for the file and once for the group.
    const rows = Buffer.from([0xb0, 0x09]);
    const places = [];
    for (let at = honest.indexOf(rows); at >= 0; at = honest.indexOf(rows, at + 1)) places.push(at);
    expect(places.length).toBeGreaterThan(1);
    for (const at of places.slice(-2)) {
      const lying = Buffer.from(honest);
      lying.set([0xfe, 0x7f], at);
      const answer = await upload(lying, { 'content-type': 'application/vnd.apache.parquet' });
      expect(answer.status).toBe(422);
      expect(answer.body['detail']).toMatch(/^upload\.parquet: /);
    }
    expect(await leftovers()).toEqual([]);
  });

  it('others are answered while a file is read', async () => {
    let done = false;
    const reading = upload(csvOf(rowsOf(0, LONG)), CSV, '?validate=true').finally(() => {
      done = true;
    });
    await expect.poll(leftovers).not.toEqual([]);
    expect((await call('GET', '/models/m/baselines')).status).toBe(200);
    expect(done).toBe(false);
    expect((await reading).status).toBe(200);
  });

  it('an upload that is cut off at 99 %', async () => {
    const before = await versions();
    const body = csvOf(rowsOf(0, 50_000));
    const { port } = new URL(serving.url);
    await new Promise<void>((resolve) => {
      const sent = request(
        {
          port,
          method: 'POST',
          path: '/api/v1/models/m/baselines',
          headers: { ...CSV, 'content-length': body.length },
        },
        () => undefined,
      );
      sent.on('error', () => {
        resolve();
      });
      sent.write(body.slice(0, Math.floor(body.length * 0.99)), () => {
        setTimeout(() => sent.destroy(new Error('gone')), 100);
      });
    });
    await expect.poll(leftovers).toEqual([]);
    expect(await versions()).toBe(before);
    expect((await call('GET', '/models/m/baselines')).status).toBe(200);
  });

  it('names are data: no paths, no formulas', async () => {
    const names = ['../../etc/passwd', 'C:\\x\\evil.csv', '=HYPERLINK("x").csv', '.hidden'];
    for (const name of names) {
      const query = `?name=${encodeURIComponent(name)}`;
      const { body } = await upload(csvOf(rowsOf(Math.random())), CSV, query, 'other');
      const { provenance } = body['baseline'] as { provenance: string };
      expect(provenance).toMatch(/^\w[\w.-]*\.csv$/);
    }
  });

  it('a long name is shown in part, whatever its script', async () => {
    for (const name of ['\u{6a21}'.repeat(150), '\u{2000b}'.repeat(100)]) {
      const query = `?name=${encodeURIComponent(name)}`;
      const answer = await upload(csvOf(rowsOf(Math.random())), CSV, query, 'other');
      expect(answer.status).toBe(201);
      const { provenance, version } = answer.body['baseline'] as Record<string, unknown>;
      expect(provenance).toBe(`${[...name].slice(-100).join('')}.csv`);
      await post(`/models/other/baselines/${String(version)}/discard`, { reason: 'a test' });
    }
  });

  it('two contents at once are two versions', async () => {
    const before = await versions();
    const answers = await Promise.all([20, 30].map((level) => upload(csvOf(rowsOf(level)), CSV)));
    expect(answers.map(({ status }) => status)).toEqual([201, 201]);
    expect(await versions()).toBe(before + 2);
    const made = answers.map(({ body }) => (body['baseline'] as { version: number }).version);
    expect(new Set(made).size).toBe(2);
  });

  it('two uploads of one content at once are one version', async () => {
    const before = await versions();
    const body = csvOf(rowsOf(9));
    const answers = await Promise.all([upload(body, CSV), upload(body, CSV)]);
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200, 201]));
    expect(await versions()).toBe(before + 1);
  });
});
