import { mkdtemp, open, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough, Readable } from 'node:stream';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

import { FORGOTTEN_MS, createPartials } from '../../../src/expose/api/baselines/partials.ts';
import type { Partials } from '../../../src/expose/api/baselines/partials.ts';

const KEY = { caller: 'ci', model: '../m', sha256: 'a'.repeat(64) };
const OTHER = { ...KEY, caller: 'another' };
const LIMITS = { uploads: 3, ofCaller: 2, bytes: 20, uploadBytes: 12 };

let folder = '';
let now = 0;
let partials: Partials;
const clock = { now: () => now };

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'driftd-test-'));
  vi.stubEnv('TMPDIR', folder);
  now = Date.UTC(2024, 0, 1);
  partials = createPartials(clock, LIMITS);
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await rm(folder, { recursive: true });
});

/** As a request whose body is all there, which ends with its last chunk. */
const send = (offset: number, text: string, key = KEY, length: number | null = null) => {
  const bytes = new Readable({ read: () => undefined });
  bytes.push(text);
  bytes.push(null);
  return partials.append(key, offset, bytes, length);
};
/** Of what is refused: its status and what its headers say. */
const refusal = (statusCode: number, headers: Record<string, string> = {}) => ({
  statusCode,
  headers: expect.objectContaining(headers) as Record<string, string>,
});
const lying = (): Promise<string[]> => readdir(folder);

describe('parts of an upload', () => {
  it('come one after another, each where the one before ended', async () => {
    expect(await send(0, 'abc')).toBe(3);
    expect(await send(3, 'defg', KEY, 4)).toBe(7);
    expect(partials.received(KEY)).toBe(7);
    const { path, discard } = await partials.claim(KEY, '.csv');
    expect(path).toMatch(/driftd-upload-[^/]*\/upload\.csv$/);
    expect(await readFile(path, 'utf8')).toBe('abcdefg');
    await discard();
    expect(partials.received(KEY)).toBe(0);
    expect(await lying()).toEqual([]);
  });

  it('from elsewhere are refused with where to go on', async () => {
    await expect(send(1, 'b')).rejects.toMatchObject(refusal(409, { 'upload-offset': '0' }));
    await send(0, 'abc');
    for (const offset of [0, 2, 4])
      await expect(send(offset, 'x')).rejects.toMatchObject(refusal(409, { 'upload-offset': '3' }));
    const { path } = await partials.claim(KEY, '.csv');
    expect(await readFile(path, 'utf8')).toBe('abc');
  });

  it('stay when the connection breaks', async () => {
    const bytes = new PassThrough();
    bytes.write('abc');
    const sending = partials.append(KEY, 0, bytes, 9);
    await expect.poll(() => partials.received(KEY)).toBe(3);
    bytes.destroy(new Error('reset'));
    await expect(sending).rejects.toMatchObject({ statusCode: 400 });
    expect(await send(3, 'def')).toBe(6);
  });

  it('are of one caller', async () => {
    await send(0, 'abc');
    expect(partials.received(OTHER)).toBe(0);
    await expect(partials.claim(OTHER, '.csv')).rejects.toMatchObject(
      refusal(409, { 'upload-offset': '0' }),
    );
    expect(await send(0, 'xy', OTHER)).toBe(2);
    expect(partials.received(KEY)).toBe(3);
  });

  it('of nothing are nothing', async () => {
    expect(await send(0, '')).toBe(0);
    expect(await send(0, '', KEY, 0)).toBe(0);
    expect(await lying()).toEqual([]);
  });
});

describe('who sends', () => {
  it('is alone; who has fallen silent is cut off by the next', async () => {
    const first = new PassThrough();
    first.write('abc');
    const sending = partials.append(KEY, 0, first, null);
    const broken = sending.catch((thrown: unknown) => thrown);
    await expect.poll(() => partials.received(KEY)).toBe(3);
    now += 9_999;
    await expect(send(3, 'x')).rejects.toMatchObject(refusal(409, { 'retry-after': '2' }));
    await expect(partials.claim(KEY, '.csv')).rejects.toMatchObject(refusal(409));
    now += 1;
    expect(await send(3, 'def')).toBe(6);
    expect(await broken).toMatchObject({ statusCode: 400 });
    expect(first.destroyed).toBe(true);
  });

  it('is one of two that begin at once', async () => {
    const ended = await Promise.allSettled([send(0, 'abc'), send(0, 'abc')]);
    expect(ended.map(({ status }) => status).toSorted()).toEqual(['fulfilled', 'rejected']);
    expect(partials.received(KEY)).toBe(3);
  });

  it('waits while it is read, however long', async () => {
    await send(0, 'abc');
    const { release } = await partials.claim(KEY, '.csv');
    now += 2 * FORGOTTEN_MS;
    await expect(send(3, 'x')).rejects.toMatchObject(refusal(409, { 'retry-after': '10' }));
    await expect(partials.claim(KEY, '.csv')).rejects.toMatchObject(refusal(409));
    expect(partials.received(KEY)).toBe(3);
    release();
    expect(await send(3, 'd')).toBe(4);
  });
});

describe('limits', () => {
  it('refuse what is too large as soon as that is known, and keep nothing of it', async () => {
    await send(0, 'abc');
    const unread = new PassThrough();
    await expect(partials.append(KEY, 3, unread, 10)).rejects.toMatchObject(refusal(413));
    expect(partials.received(KEY)).toBe(0);
    await send(0, 'x'.repeat(12));
    const more = new PassThrough();
    more.write('y');
    await expect(partials.append(KEY, 12, more, null)).rejects.toMatchObject(refusal(413));
    // There is somebody to be told, who hears it once the rest of the body has gone through.
    expect(more.destroyed).toBe(false);
    expect(more.readableFlowing).toBe(true);
    expect(await lying()).toEqual([]);
  });

  it('hold for all of them together', async () => {
    await send(0, 'x'.repeat(12));
    await send(0, 'x'.repeat(8), OTHER);
    await expect(send(8, 'x', OTHER)).rejects.toMatchObject(refusal(503, { 'retry-after': '60' }));
    expect(partials.received(OTHER)).toBe(8);
    await (await partials.claim(KEY, '.csv')).discard();
    expect(await send(8, 'x', OTHER)).toBe(9);
  });

  it('leave room for others', async () => {
    const of = (caller: string, model: string) => ({ ...KEY, caller, model });
    for (const model of ['m', 'n']) await send(0, 'x', of('one', model));
    const third = send(0, 'x', of('one', 'o'));
    await expect(third).rejects.toMatchObject(refusal(429, { 'retry-after': '60' }));
    expect(await send(0, 'x', of('another', 'm'))).toBe(1);
    const fourth = send(0, 'x', of('another', 'n'));
    await expect(fourth).rejects.toMatchObject(refusal(503, { 'retry-after': '60' }));
    expect(await send(1, 'x', of('one', 'm'))).toBe(2);
  });

  it('a full disk is told, and what came before it stays', async () => {
    let room = 5;
    const full = Object.assign(new Error('no space'), { code: 'ENOSPC' });
    const opening: typeof open = async (...of) => {
      const file = await open(...of);
      const write = file.write.bind(file) as (...args: unknown[]) => Promise<unknown>;
      const limited = (chunk: Buffer, at: number, length: number, position: number) => {
        if (room === 0) return Promise.reject(full);
        const some = Math.min(room, length);
        room -= some;
        return write(chunk, at, some, position);
      };
      return Object.assign(file, { write: limited });
    };
    partials = createPartials(clock, LIMITS, { open: opening });
    await expect(send(0, 'abcdefg')).rejects.toMatchObject(refusal(507, { 'retry-after': '60' }));
    expect(partials.received(KEY)).toBe(5);
    room = 100;
    expect(await send(5, 'fg')).toBe(7);
    const { path } = await partials.claim(KEY, '.csv');
    expect(await readFile(path, 'utf8')).toBe('abcdefg');
  });
});

describe('what nobody comes back for', () => {
  it('is forgotten an hour after its last byte', async () => {
    await send(0, 'abc');
    now += FORGOTTEN_MS - 1;
    await send(3, 'd');
    now += FORGOTTEN_MS - 1;
    await partials.forget();
    expect(partials.received(KEY)).toBe(4);
    now += 1;
    await partials.forget();
    expect(partials.received(KEY)).toBe(0);
    expect(await lying()).toEqual([]);
  });

  it('is begun anew when something else has cleared the folder', async () => {
    await send(0, 'abc');
    for (const name of await lying()) await rm(join(folder, name), { recursive: true });
    await expect(send(3, 'd')).rejects.toMatchObject(refusal(409, { 'upload-offset': '0' }));
    expect(await send(0, 'abcd')).toBe(4);
    for (const name of await lying()) await rm(join(folder, name), { recursive: true });
    await expect(partials.claim(KEY, '.csv')).rejects.toMatchObject(
      refusal(409, { 'upload-offset': '0' }),
    );
    expect(partials.received(KEY)).toBe(0);
  });

  it('goes at the end, also what is being sent', async () => {
    await send(0, 'abc', OTHER);
    const bytes = new PassThrough();
    bytes.write('abc');
    const sending = partials.append(KEY, 0, bytes, null);
    const broken = sending.catch((thrown: unknown) => thrown);
    await expect.poll(() => partials.received(KEY)).toBe(3);
    await partials.close();
    expect(await broken).toMatchObject({ statusCode: 400 });
    expect(await lying()).toEqual([]);
    await expect(send(0, 'abc')).rejects.toMatchObject(refusal(503));
    expect(await lying()).toEqual([]);
  });
});
