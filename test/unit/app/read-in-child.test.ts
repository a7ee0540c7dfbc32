import { existsSync, readFileSync, readdirSync } from 'node:fs';

import { describe, expect, it } from 'vitest';

import { readInChild } from '../../../src/app/baselines/reading/in-child.ts';
import { READING_LIMITS } from '../../../src/app/baselines/reading/limits.ts';
import type { ReadRequest } from '../../../src/app/baselines/reading/read-file.ts';
import { temporaryFile } from '../../support/temporary-file.ts';

const MIB = 1024 * 1024;

async function requestFor(text: string, name = 'rows.csv'): Promise<ReadRequest> {
  return {
    path: await temporaryFile(name, text),
    model: 'm',
    provenance: 'test',
    declarations: { timeColumn: null, declared: [], attributes: [], slots: false },
    history: new Map(),
  };
}
const rows = (count: number): string =>
  ['x,c', ...Array.from({ length: count }, (_, i) => `${i},word number ${i}`)].join('\n');

/** Processes that this one has started. */
const childrenOf = (): string[] =>
  readdirSync('/proc/self/task').flatMap((task) => childrenOfThread(task));

/** A thread may have ended since it was listed. */
function childrenOfThread(task: string): string[] {
  const list = `/proc/self/task/${task}/children`;
  return existsSync(list) ? readFileSync(list, 'utf8').trim().split(' ').filter(Boolean) : [];
}

describe('a file read in a process of its own', () => {
  it('gives the baseline, and says how far it is', async () => {
    const told: number[] = [];
    const request = await requestFor(rows(100_000));
    const baseline = await readInChild()({
      ...request,
      onProgress: (share) => told.push(share),
    });
    expect(baseline.rows).toBe(100_000);
    expect(baseline.features.map(({ name, kind }) => [name, kind])).toEqual([
      ['x', 'numeric'],
      ['c', 'categorical'],
    ]);
    expect(told.length).toBeGreaterThan(2);
    expect(told).toEqual(told.toSorted((a, b) => a - b));
  });

  it('is ended when it takes too much memory', async () => {
    const read = readInChild({ ...READING_LIMITS, memoryBytes: 70 * MIB });
    await expect(read(await requestFor(rows(400_000)))).rejects.toThrow(
      'the file cannot be read: it takes more than 70 MiB of memory',
    );
  });

  it('is ended when it takes too long', async () => {
    const read = readInChild({ ...READING_LIMITS, timeMs: 20 });
    await expect(read(await requestFor(rows(100)))).rejects.toThrow(
      'the file cannot be read: it takes longer than 0.02 seconds',
    );
  });

  it('takes epoch times of any unit, also with fractions, for whole milliseconds', async () => {
    const at = Date.UTC(2024, 0, 1);
    for (const unit of [1e-3, 1, 1e3, 1e6]) {
      const lines = Array.from({ length: 60 }, (_, i) => `${(at + i) * unit},${i % 7}`);
      const request = await requestFor(['ts,x', ...lines].join('\n'));
      const declarations = { ...request.declarations, timeColumn: 'ts' };
      const { from, to } = await readInChild()({ ...request, declarations });
      expect([from, to]).toEqual([at, at + 59]);
    }
  });

  it.each([
    ['1e30', '1e30'],
    ['0000-01-01T00:00:00Z', '0000'],
    ['+123456-01-01T00:00:00Z', '+123456'],
  ])('refuses the time %s', async (time, shown) => {
    const request = await requestFor(`ts,x\n${time},1\n`);
    const declarations = { ...request.declarations, timeColumn: 'ts' };
    await expect(readInChild()({ ...request, declarations })).rejects.toMatchObject({
      code: 'INPUT_INVALID',
      message: expect.stringContaining(`"${shown}`) as string,
    });
  });

  it.each(['rows.ndjson', 'rows.json'])('refuses a key without a name in %s', async (name) => {
    const row = '{"":1,"x":2}';
    const request = await requestFor(name === 'rows.json' ? `[${row}]` : row, name);
    await expect(readInChild()(request)).rejects.toMatchObject({
      code: 'INPUT_INVALID',
      message: `${name}: column 1 has no name; give it one`,
    });
  });

  it('refuses what its child makes, when that is no baseline', async () => {
    const request = await requestFor(rows(100));
    // A name of a model that no document has: what the child answers cannot be taken.
    await expect(readInChild()({ ...request, model: '' })).rejects.toMatchObject({
      code: 'INPUT_INVALID',
      message: expect.stringContaining('"model" must be a text') as string,
    });
  });

  it('is refused when its reader is killed', async () => {
    // Those of the tests before may be ending still.
    const before = childrenOf();
    const started = (): string | undefined => childrenOf().find((pid) => !before.includes(pid));
    const reading = readInChild()(await requestFor(rows(400_000))).catch(
      (thrown: unknown) => thrown,
    );
    await expect.poll(started).toBeDefined();
    process.kill(Number(started()), 'SIGKILL');
    expect(await reading).toMatchObject({
      code: 'INPUT_INVALID',
      message: 'the file cannot be read: its reader ended with SIGKILL',
    });
  });

  it('tells what is wrong as it would here, with its code', async () => {
    await expect(readInChild()(await requestFor('x\n'))).rejects.toMatchObject({
      code: 'BASELINE_INVALID',
      message: 'rows.csv: the file has a header, but no rows',
    });
  });
});
