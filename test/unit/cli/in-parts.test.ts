import { mkdtemp, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';

import { createAsking } from '../../../src/cli/baseline/asking.ts';
import { sendInParts } from '../../../src/cli/baseline/in-parts.ts';
import type { Found } from '../../../src/cli/baseline/in-parts.ts';

const MIB = 1024 * 1024;
const SIZE = 20 * MIB;
const DONE = { known: false, rows: 7 };
const NOTHING: Found = { known: null, offset: 0 };
const asking = createAsking('http://driftd.example', null);

let folder = '';
let path = '';
/** Bytes that the server has. */
let here = 0;
/** What was asked, and where parts began. */
let asked: string[] = [];
const waits: number[] = [];
const backoff = { delay: (tries: number) => (waits.push(tries), 0) };

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'driftd-test-'));
  path = join(folder, 'rows.csv');
  await writeFile(path, Buffer.alloc(SIZE, 'x'));
  here = 0;
  asked = [];
  waits.length = 0;
});
afterEach(async () => {
  vi.restoreAllMocks();
  await rm(folder, { recursive: true });
});

const problem = (status: number, headers: Record<string, string> = {}): Response =>
  new Response(JSON.stringify({ detail: `a ${status}` }), { status, headers });

/** A server that takes what `taken` lets of each part; an answer in place of a number is given as it is. */
function serve(
  taken: (length: number) => number | Response,
  finish: () => Response = () => new Response(JSON.stringify(DONE)),
): void {
  vi.spyOn(globalThis, 'fetch').mockImplementation(async (_, init) => {
    const offset = new Headers(init?.headers).get('upload-offset');
    asked.push(`${init?.method ?? ''} ${offset ?? ''}`.trim());
    if (init?.method !== 'PATCH') return finish();
    const { length } = Buffer.from(await new Response(init.body).arrayBuffer());
    const some = taken(length);
    if (typeof some !== 'number') return some;
    if (Number(offset) !== here) return problem(409, { 'upload-offset': String(here) });
    here += some;
    if (some < length) throw new TypeError('fetch failed', { cause: new Error('reset') });
    return new Response(null, { status: 204, headers: { 'upload-offset': String(here) } });
  });
}
const send = (found: Found = NOTHING, look?: () => Promise<Found>) =>
  sendInParts(
    asking,
    {
      address: 'm/uploads/f',
      query: 'name=rows.csv',
      path,
      size: SIZE,
      look: look ?? (() => Promise.resolve({ known: null, offset: here })),
    },
    found,
    backoff,
  );

it('sends one part after another, and asks for the rest', async () => {
  serve((length) => length);
  expect(await send()).toEqual(DONE);
  expect(asked).toEqual(['PATCH 0', `PATCH ${8 * MIB}`, `PATCH ${16 * MIB}`, 'POST']);
});

it('goes on from where a connection broke, as long as that brings it further', async () => {
  serve((length) => Math.min(length, MIB));
  expect(await send()).toEqual(DONE);
  // The last one is whole.
  expect(asked).toHaveLength(20 + 1);
  expect(new Set(waits)).toEqual(new Set([0]));
});

it('gives up after ten more tries that bring nothing', async () => {
  serve((length) => Math.min(length, 10));
  await expect(send()).rejects.toMatchObject({
    code: 'DAEMON_UNREACHABLE',
    message: expect.stringContaining('reset') as string,
  });
  expect(asked).toHaveLength(11);
  expect(waits).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
});

it('comes again when what is between has a bad moment, and goes by what is there then', async () => {
  let moments = 0;
  serve((length) => (moments++ === 1 ? problem(502) : length));
  expect(await send()).toEqual(DONE);
  expect(asked).toHaveLength(5);

  asked = [];
  let looks = 0;
  serve(
    (length) => length,
    () => problem(504),
  );
  const version = { ...DONE, known: true } as unknown as Found['known'];
  const found = await send({ known: null, offset: here }, async () =>
    looks++ === 0 ? { known: null, offset: here } : { known: version, offset: null },
  );
  expect(found).toEqual(version);
  expect(asked).toEqual(['POST', 'POST']);
});

it('begins anew where nothing is left of it', async () => {
  let parts = 0;
  serve((length) => {
    // A restart between the second and the third.
    if (++parts === 3) here = 0;
    return length;
  });
  expect(await send()).toEqual(DONE);
  expect(asked).toEqual([
    'PATCH 0',
    `PATCH ${8 * MIB}`,
    `PATCH ${16 * MIB}`,
    'PATCH 0',
    `PATCH ${8 * MIB}`,
    `PATCH ${16 * MIB}`,
    'POST',
  ]);
});

it.each([405, 429, 501, 503])(
  'leaves it to a whole upload where parts are answered %i',
  async (status) => {
    serve(() => problem(status));
    expect(await send()).toBeNull();
    expect(asked).toEqual(['PATCH 0']);
  },
);

it('tells what is refused at once', async () => {
  serve(() => problem(413));
  await expect(send()).rejects.toMatchObject({ code: 'BASELINE_INVALID', message: 'a 413' });
  serve(
    (length) => length,
    () => problem(429, { 'retry-after': '3000' }),
  );
  await expect(send()).rejects.toMatchObject({
    code: 'DAEMON_BUSY',
    message: 'a 429 (in 3000 seconds)',
  });
  expect(waits).toEqual([]);
});

it('a file that shrinks or goes on the way is an error, and no endless loop', async () => {
  serve((length) => length);
  await truncate(path, MIB);
  await expect(send()).rejects.toMatchObject({ code: 'INPUT_INVALID' });
  await rm(path);
  await expect(send()).rejects.toMatchObject({
    code: 'INPUT_UNREADABLE',
    message: expect.stringContaining('there is no such file') as string,
  });
});
