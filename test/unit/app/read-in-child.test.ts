import { describe, expect, it } from 'vitest';

import { READING_LIMITS, readInChild } from '../../../src/app/baselines/reading/in-child.ts';
import type { ReadRequest } from '../../../src/app/baselines/reading/read-file.ts';
import { temporaryFile } from '../../support/temporary-file.ts';

const MIB = 1024 * 1024;

async function requestFor(text: string): Promise<ReadRequest> {
  return {
    path: await temporaryFile('rows.csv', text),
    model: 'm',
    provenance: 'test',
    declarations: { timeColumn: null, declared: [], attributes: [], slots: false },
    current: new Map(),
  };
}
const rows = (count: number): string =>
  ['x,c', ...Array.from({ length: count }, (_, i) => `${i},word number ${i}`)].join('\n');

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

  it('tells what is wrong as it would here, with its code', async () => {
    await expect(readInChild()(await requestFor('x\n'))).rejects.toMatchObject({
      code: 'BASELINE_INVALID',
      message: 'rows.csv: the file has a header, but no rows',
    });
  });
});
