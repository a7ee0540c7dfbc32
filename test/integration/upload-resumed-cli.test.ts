import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';

import { createBaselineClient } from '../../src/cli/baseline/client.ts';
import { startFlakyProxy } from '../support/flaky-proxy.ts';
import { runCliIn } from '../support/run-cli.ts';
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

const CONFIG = `
models: [{ name: m }, { name: other }]
monitors: [{ name: daily, model: m, schedule: '0 0 * * *', windows: [24h] }]
http: { listen: '127.0.0.1:0' }
`;
const MIB = 1024 * 1024;

let folder = '';
let serving: Served;

beforeAll(async () => {
  // Uploads of others lie beside those of this test else.
  folder = await mkdtemp(join(tmpdir(), 'driftd-test-'));
  vi.stubEnv('TMPDIR', folder);
  serving = await serve(await freshDatabase(), CONFIG);
});
afterAll(async () => {
  await serving.stop();
  vi.unstubAllEnvs();
  await rm(folder, { recursive: true });
});

describe('driftd baseline upload --server', () => {
  const SIZE = 20 * MIB;
  /** @returns where it is, and its bytes */
  async function fileOf(name: string): Promise<{ path: string; bytes: Buffer }> {
    const path = join(folder, name);
    const bytes = paddedCsv(2_000, Math.ceil(SIZE / 2_000));
    await writeFile(path, bytes);
    return { path, bytes };
  }

  it('goes on through connections that break', async () => {
    const { path, bytes } = await fileOf('large.csv');
    const proxy = await startFlakyProxy(
      serving.url,
      [3, 6, 2, 4].map((share) => share * MIB),
    );
    try {
      const args = ['baseline', 'upload', 'other', path, '--ignore', 'pad', '--server', proxy.url];
      const done = await runCliIn({ CI: '1' }, ...args);
      expect(done.err).toBe('');
      expect(done.out).toContain('2000 rows are version');
      expect(done.code).toBe(0);
      // Each of them broke one request; nothing that had come was sent again but what was on its way.
      expect(proxy.connections()).toBeGreaterThan(4);
      expect(proxy.forwarded()).toBeLessThan(bytes.length + 2 * MIB);
    } finally {
      await proxy.close();
    }
    expect(await sendDirect(serving.url, bytes, 'other')).toMatchObject({
      status: 200,
      body: { known: true },
    });
    expect(await leftovers()).toEqual([]);
  });

  it('tells a progress that goes on from there', async () => {
    const { path, bytes } = await fileOf('progress.csv');
    const sha256 = shaOf(bytes);
    await appendTo(serving.url, sha256, 0, bytes.subarray(0, 10 * MIB), { model: 'other' });
    const proxy = await startFlakyProxy(serving.url, [5 * MIB]);
    const shares: number[] = [];
    const client = createBaselineClient(proxy.url, null);
    const done = await client.upload('other', {
      path,
      actor: 'test',
      reason: '',
      validateOnly: true,
      declared: { ignore: ['pad'] },
      onProgress: (share) => shares.push(share),
    });
    await proxy.close();
    expect(done).toMatchObject({ baseline: null, rows: 2_000 });
    expect(Math.min(...shares)).toBeGreaterThan(0.49);
    expect(shares.at(-1)).toBe(1);
    expect(proxy.forwarded()).toBeLessThan(bytes.length / 2 + 2 * MIB);
  });

  it('sends a file at once where there is no room for more parts', async () => {
    const { path } = await fileOf('crowded.csv');
    const others = Array.from({ length: 4 }, (_, i) => paddedCsv(i + 1));
    for (const bytes of others) await appendTo(serving.url, shaOf(bytes), 0, bytes);
    expect(await appendTo(serving.url, shaOf(paddedCsv(9)), 0, paddedCsv(9))).toMatchObject({
      status: 429,
      after: '60',
    });
    const args = ['baseline', 'validate', 'm', path, '--ignore', 'pad', '--server', serving.url];
    expect(await runCliIn({ CI: '1' }, ...args)).toMatchObject({ code: 0, err: '' });
    for (const bytes of others) {
      const path = `${uploadAt(shaOf(bytes))}?format=csv`;
      expect((await callApi(serving.url, 'POST', path)).status).toBe(422);
    }
    expect(await leftovers()).toEqual([]);
  });

  it('sends a file at once to a server that takes no parts', async () => {
    const { path, bytes } = await fileOf('old.csv');
    const asked: string[] = [];
    const fetched = globalThis.fetch;
    vi.spyOn(globalThis, 'fetch').mockImplementation(async (url, init) => {
      asked.push(`${init?.method ?? ''} ${(url as URL).pathname}`);
      const response = await fetched(url, init);
      if (response.status !== 404) return response;
      // As one of before: it says nothing of an offset.
      return new Response(await response.text(), { status: 404 });
    });
    const args = ['baseline', 'validate', 'm', path, '--ignore', 'pad', '--server', serving.url];
    const done = await runCliIn({ CI: '1' }, ...args);
    vi.restoreAllMocks();
    expect(done.code).toBe(0);
    expect(asked).toEqual([
      `GET /api/v1${uploadAt(shaOf(bytes))}`,
      'POST /api/v1/models/m/baselines',
    ]);
  });
});
