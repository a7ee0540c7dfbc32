import { mkdtemp, rm } from 'node:fs/promises';
import { request } from 'node:http';
import type { ClientRequest } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';

import { createLog } from '../../src/platform/log.ts';
import { createTokenStore } from '../../src/storage/postgres/api/token-store.ts';
import { createPool } from '../../src/storage/postgres/pool.ts';
import type { Pool } from '../../src/storage/postgres/pool.ts';
import { freshDatabase } from '../support/servers.ts';
import { serve } from '../support/served.ts';
import type { Served } from '../support/served.ts';
import {
  appendTo,
  callApi,
  leftovers,
  paddedCsv,
  sendDirect,
  shaOf,
  uploadAt,
} from '../support/uploads.ts';
import type { UploadAnswer } from '../support/uploads.ts';

const CONFIG = `
models: [{ name: m, time_column: ts }, { name: other }]
monitors: [{ name: daily, model: m, schedule: '0 0 * * *', windows: [24h] }]
`;
const MIB = 1024 * 1024;
const MAX_BYTES = 1024 * MIB;

let folder = '';
let database = '';
let pool: Pool;
let serving: Served;

beforeAll(async () => {
  // Uploads of others lie beside those of this test else.
  folder = await mkdtemp(join(tmpdir(), 'driftd-test-'));
  vi.stubEnv('TMPDIR', folder);
  database = await freshDatabase();
  serving = await serve(database, `${CONFIG}http: { listen: '127.0.0.1:0' }\n`);
  pool = createPool({ url: database, max: 2, applicationName: 'test', log: createLog('silent') });
});
afterEach(() => {
  vi.useRealTimers();
});
afterAll(async () => {
  await serving.stop();
  await pool.end();
  vi.unstubAllEnvs();
  await rm(folder, { recursive: true });
});

const call = (method: string, path: string, init: RequestInit = {}): Promise<UploadAnswer> =>
  callApi(serving.url, method, path, init);
const append = (
  sha256: string,
  offset: number,
  bytes: Buffer,
  more: Parameters<typeof appendTo>[4] = {},
): Promise<UploadAnswer> => appendTo(serving.url, sha256, offset, bytes, more);
const direct = (bytes: Buffer, model?: string): Promise<UploadAnswer> =>
  sendDirect(serving.url, bytes, model);
const finish = (
  sha256: string,
  query = 'format=csv&ignore=pad',
  model = 'm',
): Promise<UploadAnswer> => call('POST', `${uploadAt(sha256, model)}?${query}`);
const find = (sha256: string): Promise<UploadAnswer> =>
  call('GET', `${uploadAt(sha256)}?format=csv&ignore=pad`);
const versions = async (): Promise<number> =>
  (await pool.query<{ n: number }>('SELECT count(*)::int AS n FROM baseline')).rows[0]?.n ?? -1;

/** A request that is not at its end: what it has sent is there. */
async function begin(
  sha256: string,
  offset: number,
  bytes: Buffer,
  length: number,
): Promise<{ sending: ClientRequest; ended: Promise<number | 'broken'> }> {
  const sending = request({
    port: new URL(serving.url).port,
    method: 'PATCH',
    path: `/api/v1${uploadAt(sha256)}`,
    headers: {
      'content-type': 'application/octet-stream',
      'content-length': length,
      'upload-offset': offset,
    },
  });
  const ended = new Promise<number | 'broken'>((resolve) => {
    sending.on('error', () => {
      resolve('broken');
    });
    sending.on('response', (response) => {
      response.resume();
      resolve(response.statusCode ?? 0);
    });
  });
  sending.write(bytes);
  const there = String(offset + bytes.length);
  await expect.poll(async () => (await find(sha256)).offset).toBe(there);
  return { sending, ended };
}

describe('an upload in parts', () => {
  it('goes on where its connection broke, and is what it would be at once', async () => {
    const bytes = paddedCsv(2_000, 1_000);
    const sha256 = shaOf(bytes);
    expect(await find(sha256)).toMatchObject({ status: 404, offset: '0' });
    let here = 0;
    for (const share of [0.4, 0.99]) {
      const to = Math.floor(bytes.length * share);
      const { sending, ended } = await begin(
        sha256,
        here,
        bytes.subarray(here, to),
        bytes.length - here,
      );
      sending.destroy();
      expect(await ended).toBe('broken');
      here = to;
      expect(await find(sha256)).toMatchObject({ status: 404, offset: String(to) });
      expect((await call('HEAD', uploadAt(sha256))).offset).toBe(String(to));
    }
    // The one that broke is over, and another one may follow.
    await expect
      .poll(() => append(sha256, here, bytes.subarray(here)))
      .toMatchObject({ status: 204, offset: String(bytes.length) });
    const query = 'name=july.csv&reason=retrained&ignore=pad';
    const done = await finish(sha256, query);
    expect(done).toMatchObject({
      status: 201,
      body: { known: false, rows: 2_000, baseline: { version: 1, provenance: 'july.csv' } },
    });
    expect(await leftovers()).toEqual([]);

    const again = await direct(bytes);
    expect(again).toMatchObject({ status: 200, body: { known: true, baseline: { version: 1 } } });
    const { fingerprint } = done.body['baseline'] as { fingerprint: string };
    expect((again.body['baseline'] as typeof done.body)['fingerprint']).toBe(fingerprint);
    expect(await find(sha256)).toMatchObject({ status: 200, body: { known: true } });
    expect(await versions()).toBe(1);
    const { body } = await call('GET', '/models/m/baseline-events');
    expect(body['items']).toMatchObject([
      { version: 1, action: 'added', actor: 'loopback', reason: 'retrained' },
    ]);
  });

  it('is read as it says it is: packed, checked only', async () => {
    const bytes = gzipSync(paddedCsv(600));
    const sha256 = shaOf(bytes);
    const before = await versions();
    for (const query of ['format=csv&packed=true', 'name=rows.csv.gz']) {
      await append(sha256, 0, bytes, { type: 'application/octet-stream' });
      expect(await finish(sha256, `${query}&ignore=pad&validate=true`)).toMatchObject({
        status: 200,
        body: { baseline: null, rows: 600 },
      });
    }
    expect(await versions()).toBe(before);
    expect(await leftovers()).toEqual([]);
  });

  it('from a wrong offset is told the right one, and stays as it is', async () => {
    const bytes = paddedCsv(600);
    const sha256 = shaOf(bytes);
    const wrong = await append(sha256, 5, bytes.subarray(5));
    expect(wrong).toMatchObject({ status: 409, offset: '0' });
    await append(sha256, 0, bytes.subarray(0, 100));
    for (const offset of [0, 99, 101]) {
      const answer = await append(sha256, offset, bytes.subarray(offset));
      expect(answer).toMatchObject({ status: 409, offset: '100' });
      expect(answer.body['detail']).toContain('100 bytes of it are here');
    }
    await append(sha256, 100, bytes.subarray(100));
    expect(await finish(sha256, 'format=csv&ignore=pad&validate=true')).toMatchObject({
      status: 200,
    });
  });

  it('with other bytes than its fingerprint is refused, and nothing of it stays', async () => {
    const bytes = paddedCsv(600);
    const sha256 = shaOf(bytes);
    const other = Buffer.from(bytes);
    other[300] = (other[300] ?? 0) ^ 1;
    const before = await versions();
    for (const wrong of [other, bytes.subarray(1), Buffer.concat([bytes, bytes])]) {
      await append(sha256, 0, wrong);
      const answer = await finish(sha256);
      expect(answer.status).toBe(422);
      expect(answer.body['detail']).toContain(`SHA-256 ${shaOf(wrong)}, not ${sha256}`);
      expect(await find(sha256)).toMatchObject({ status: 404, offset: '0' });
      expect(await leftovers()).toEqual([]);
    }
    expect(await versions()).toBe(before);
  });

  it('of rows that are refused leaves nothing either', async () => {
    const bytes = paddedCsv(5);
    await append(shaOf(bytes), 0, bytes);
    const answer = await finish(shaOf(bytes));
    expect(answer.status).toBe(422);
    expect(answer.body['detail']).toContain('it has 5 rows');
    expect(await leftovers()).toEqual([]);
    expect(await finish(shaOf(bytes))).toMatchObject({ status: 409, offset: '0' });
  });

  it('that is too large is refused before it is sent', async () => {
    const bytes = paddedCsv(600);
    const sha256 = shaOf(bytes);
    await append(sha256, 0, bytes.subarray(0, 100));
    const answered = new Promise<number>((resolve) => {
      const sending = request(
        {
          port: new URL(serving.url).port,
          method: 'PATCH',
          path: `/api/v1${uploadAt(sha256)}`,
          headers: {
            'content-type': 'application/octet-stream',
            'content-length': MAX_BYTES - 100 + 1,
            'upload-offset': 100,
          },
        },
        (response) => {
          resolve(response.statusCode ?? 0);
          sending.destroy();
        },
      );
      sending.on('error', () => undefined);
      sending.write('a');
    });
    expect(await answered).toBe(413);
    expect(await leftovers()).toEqual([]);
    expect(await find(sha256)).toMatchObject({ offset: '0' });
  });

  it('is no path and no other type, and of a model that there is', async () => {
    const bytes = paddedCsv(600);
    const sha256 = shaOf(bytes);
    for (const name of ['..%2F..%2Fx', sha256.toUpperCase(), sha256.slice(1)])
      expect((await append(name, 0, bytes)).status).toBe(400);
    expect((await append(sha256, 0, bytes, { type: 'text/csv' })).status).toBe(415);
    const json = await append(sha256, 0, Buffer.from('{}'), { type: 'application/json' });
    expect(json.status).toBe(415);
    const upload = await call('POST', '/models/m/baselines', {
      body: new Uint8Array(bytes),
      headers: { 'content-type': 'application/offset+octet-stream' },
    });
    expect(upload.status).toBe(415);
    for (const offset of ['-1', '1.5', 'x', '0x1'])
      expect(
        (await append(sha256, 0, bytes, { headers: { 'upload-offset': offset } })).status,
      ).toBe(400);
    expect((await append(sha256, 0, bytes, { model: 'nobody' })).status).toBe(404);
    expect(await leftovers()).toEqual([]);
    await append(sha256, 0, bytes);
    expect((await finish(sha256, 'name=rows.txt')).status).toBe(422);
    // Nobody has said what it is: that can be said again.
    expect((await finish(sha256, 'name=rows.csv&ignore=pad&validate=true')).status).toBe(200);
  });
});

describe('at once', () => {
  it('a second one that sends the same waits for the first', async () => {
    const bytes = paddedCsv(600);
    const sha256 = shaOf(bytes);
    const { sending, ended } = await begin(sha256, 0, bytes.subarray(0, 500), bytes.length);
    for (const offset of [0, 500])
      expect(await append(sha256, offset, bytes.subarray(offset))).toMatchObject({
        status: 409,
        after: '2',
      });
    expect(await finish(sha256)).toMatchObject({ status: 409, after: '2' });
    sending.end(bytes.subarray(500));
    expect(await ended).toBe(204);
    const both = await Promise.all([finish(sha256), finish(sha256)]);
    expect(new Set(both.map(({ status }) => status))).toEqual(new Set([201, 409]));
    expect(await leftovers()).toEqual([]);
  });

  it('one that has fallen silent is cut off by the next', async () => {
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() });
    const bytes = paddedCsv(600);
    const sha256 = shaOf(bytes);
    const { ended } = await begin(sha256, 0, bytes.subarray(0, 500), bytes.length);
    vi.setSystemTime(Date.now() + 10_000);
    expect(await append(sha256, 500, bytes.subarray(500))).toMatchObject({ status: 204 });
    expect(await ended).toBe('broken');
    expect(await finish(sha256, 'format=csv&ignore=pad&validate=true')).toMatchObject({
      status: 200,
    });
  });

  it('stays while others are read, to be asked for again', async () => {
    const bytes = paddedCsv(600);
    const sha256 = shaOf(bytes);
    await append(sha256, 0, bytes);
    // Read for seconds: time enough to ask for something else meanwhile.
    const long = paddedCsv(300_000);
    const reading = [1, 2].map(() => direct(long, 'other'));
    await expect.poll(async () => (await leftovers()).length).toBe(3);
    expect(await finish(sha256)).toMatchObject({ status: 503, after: '10' });
    expect(await find(sha256)).toMatchObject({ offset: String(bytes.length) });
    await Promise.all(reading);
    expect((await finish(sha256)).status).toBe(201);
  });
});

describe('what nobody comes back for', () => {
  it('is forgotten after an hour', async () => {
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() });
    const bytes = paddedCsv(600);
    const sha256 = shaOf(bytes);
    await append(sha256, 0, bytes.subarray(0, 100));
    vi.setSystemTime(Date.now() + 3_599_000);
    await append(shaOf(paddedCsv(1)), 0, bytes.subarray(0, 1));
    expect(await leftovers()).toHaveLength(2);
    vi.setSystemTime(Date.now() + 1_000);
    expect(await append(sha256, 100, bytes.subarray(100))).toMatchObject({
      status: 409,
      offset: '0',
    });
    expect(await leftovers()).toHaveLength(1);
    vi.setSystemTime(Date.now() + 3_600_000);
    expect(await finish(sha256)).toMatchObject({ status: 409, offset: '0' });
    expect(await leftovers()).toEqual([]);
  });

  it('goes when driftd stops, and is of the token that sent it', async () => {
    const tokens = createTokenStore(pool);
    const [one, another] = await Promise.all(
      ['one', 'another'].map(async (name) => {
        const made = await tokens.create(
          { name, scopes: ['baseline:write'], models: ['m'], lifetimeMs: null },
          { name: 'test', requestId: null },
        );
        return { authorization: `Bearer ${made?.token ?? ''}` };
      }),
    );
    const second = await serve(database, `${CONFIG}http: { listen: '127.0.0.1:0', auth: token }\n`);
    const { url } = second;
    const bytes = paddedCsv(600);
    const sha256 = shaOf(bytes);
    try {
      await appendTo(url, sha256, 0, bytes.subarray(0, 100), { headers: one ?? {} });
      const mine = await callApi(url, 'GET', uploadAt(sha256), { headers: one ?? {} });
      expect(mine).toMatchObject({ status: 404, offset: '100' });
      const others = await callApi(url, 'GET', uploadAt(sha256), { headers: another ?? {} });
      expect(others).toMatchObject({ status: 404, offset: '0' });
      const foreign = await appendTo(url, sha256, 0, bytes, { headers: one ?? {}, model: 'other' });
      expect(foreign.status).toBe(403);
      expect(await leftovers()).toHaveLength(1);
    } finally {
      await second.stop();
    }
    expect(await leftovers()).toEqual([]);
  });
});
