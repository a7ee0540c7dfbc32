import { createHash } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

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

beforeAll(async () => {
  database = await freshDatabase();
  serving = await serve(database, `${CONFIG}http: { listen: '127.0.0.1:0' }\n`);
  pool = createPool({ url: database, max: 2, applicationName: 'test', log: createLog('silent') });
});
afterAll(async () => {
  await serving.stop();
  await pool.end();
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

describe('what is said of an upload', () => {
  const features = async (version: unknown): Promise<unknown[]> => {
    const { body } = await call('GET', `/models/other/baselines/${String(version)}`);
    return (body['features'] as Record<string, unknown>[]).map(({ feature, kind, role }) =>
      [feature, kind, role].join(' '),
    );
  };
  const sendForm = async (
    fields: Record<string, string>,
    text = csvOf(rowsOf(60)),
  ): Promise<Answer> => {
    const form = new FormData();
    for (const [key, value] of Object.entries(fields)) form.append(key, value);
    form.append('file', new Blob([text], { type: 'text/csv' }), 'form.csv');
    return upload(form, {}, '', 'other');
  };

  it('may stand in fields of the form, and of documents as of rows', async () => {
    const sent = await sendForm({
      reason: 'by form',
      prediction: 'x',
      ignore: 'ts',
      critical: 'c',
    });
    expect(sent.status).toBe(201);
    const { version } = sent.body['baseline'] as { version: number };
    expect(await features(version)).toEqual(['x numeric prediction', 'c categorical input']);
    const { rows } = await pool.query<object>(
      `SELECT e.reason, f.tier FROM baseline_event e JOIN baseline b USING (model_id, version)
       JOIN baseline_feature f ON f.baseline_id = b.id JOIN feature n ON n.id = f.feature_id
       WHERE b.version = $1 AND n.name = 'c' AND n.model_id = (SELECT id FROM model WHERE name = 'other')`,
      [version],
    );
    expect(rows).toEqual([{ reason: 'by form', tier: 'critical' }]);
    const document = await call('GET', `/models/other/baselines/${version}/document`);
    const again = (query: string): Promise<Answer> =>
      upload(
        JSON.stringify(document.body),
        { 'content-type': 'application/vnd.driftd.baseline+json' },
        query,
        'other',
      );
    const declared = await again('?label=x&ignore=c');
    const second = (declared.body['baseline'] as { version: number }).version;
    expect(await features(second)).toEqual(['x numeric label']);
    expect((await again('?categorical=x')).body['detail']).toContain(
      'x is counted as numeric and declared categorical',
    );
    for (const left of [version, second])
      await post(`/models/other/baselines/${left}/discard`, { reason: 'a test' });
  });

  it('names the categories that are tracked, of rows, and of documents that are counted on them', async () => {
    const json = { 'content-type': 'application/vnd.driftd.baseline+json' };
    const declare = (categories: object, more = ''): string =>
      `?${more}categories=${encodeURIComponent(JSON.stringify(categories))}`;
    const sent = await upload(csvOf(rowsOf(62)), CSV, declare({ c: ['a', 'z'] }), 'other');
    expect(sent.status).toBe(201);
    const { version } = sent.body['baseline'] as { version: number };
    const { body: document } = await call('GET', `/models/other/baselines/${version}/document`);
    expect((document['features'] as object[])[1]).toMatchObject({
      feature: 'c',
      binning: { categories: ['a', 'z'] },
      counts: [200, 0],
      other: 400,
    });
    const text = JSON.stringify(document);
    const same = await upload(text, json, declare({ c: ['z', 'a'] }, 'validate=true&'), 'other');
    expect(same.status).toBe(200);
    const wrong = await upload(text, json, declare({ c: ['a', 'b'] }), 'other');
    expect(wrong.body['detail']).toContain('c is counted on other categories than those declared');
    const missing = await upload(csvOf(rowsOf(63)), CSV, declare({ d: ['a'] }), 'other');
    expect(missing.body['detail']).toContain('has no d, of which something is declared');
    for (const bad of [{ c: [] }, { c: 'a' }, ['c'], { c: Array.from({ length: 65 }, String) }])
      expect((await upload('x', CSV, declare(bad), 'other')).status).toBe(400);
    await post(`/models/other/baselines/${version}/discard`, { reason: 'a test' });
  });

  it('says the unit of numbers, which holds with the version', async () => {
    const units = async (): Promise<unknown[]> => {
      const { body } = await call('GET', '/models/other/features');
      return (body['items'] as { name: string; unit: string | null }[])
        .filter(({ name }) => ['x', 'c'].includes(name))
        .map(({ name, unit }) => `${name} ${String(unit)}`)
        .toSorted();
    };
    const text = csvOf(rowsOf(60));
    const sent = await sendForm({ reason: 'with units', unit: '{"x":"°F"}', time: 'ts' }, text);
    expect(sent.status).toBe(201);
    const { version } = sent.body['baseline'] as { version: number };
    const otherUnit = await sendForm({ unit: '{"x":"m"}', critical: 'c', time: 'ts' }, text);
    expect([otherUnit.status, otherUnit.body['known']]).toEqual([200, true]);
    expect((otherUnit.body['warnings'] as { text: string }[]).map(({ text }) => text)).toContain(
      `the same content is version ${version} already, which keeps what was said of its features: units and tiers of x, c are not taken; say them in the configuration`,
    );
    await post(`/models/other/baselines/${version}/activate`, { reason: 'a test' });
    expect(await units()).toEqual(['c null', 'x °F']);
    expect(await units()).toEqual(['c null', 'x °F']);
    for (const bad of ['{"x":""}', '{"x":"a\nb"}', `{"x":"${'m'.repeat(33)}"}`, '{"x":1}', 'x=m']) {
      const { status, body } = await sendForm({ unit: bad });
      expect([status, body['detail']]).toEqual([400, expect.stringContaining('unit')]);
    }
    expect((await sendForm({ unit: '{"d":"m"}' })).body['detail']).toContain('has no d');
  });

  it('is refused by name when nothing is called so', async () => {
    const wrong = await upload(csvOf(rowsOf(61)), CSV, '?categorical=c,d&time=when', 'other');
    expect(wrong).toMatchObject({ status: 422 });
    expect(wrong.body['detail']).toBe(
      'upload.csv has no d, when, of which something is declared: correct the names',
    );
    const unknown = await sendForm({ categories: 'c' });
    expect(unknown.status).toBe(400);
    expect(unknown.body['detail']).toContain('categories');
  });
});

describe('a file that may be known', () => {
  it('is asked for by its SHA-256 before it is sent, and answered as it was', async () => {
    const text = csvOf(rowsOf(40).map((row, i) => ({ ...row, c: i === 0 ? 'a' : 'a' })));
    const sha256 = createHash('sha256').update(text).digest('hex');
    const known = (query: string) => call('GET', `/models/m/uploads/${sha256}${query}`);
    expect((await known('')).status).toBe(404);
    const first = await upload(text, CSV, '?ignore=x');
    expect(first.body['warnings']).not.toEqual([]);
    const again = { ...first.body, known: true };
    expect(await known('?ignore=x')).toEqual({ status: 200, body: again });
    expect(await upload(text, CSV, '?ignore=x')).toEqual({ status: 200, body: again });
    // Read otherwise it is another one.
    for (const query of ['', '?ignore=x&format=ndjson', '?ignore=x&packed=true'])
      expect((await known(query)).status).toBe(404);
  });
});
