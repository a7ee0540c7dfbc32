import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { parquetWriteBuffer } from 'hyparquet-writer';

import { openRowFile } from '../../../src/ingest/rows/row-file.ts';
import type { Row } from '../../../src/ingest/rows/row-file.ts';

const START = Date.UTC(2024, 0, 1);

/** What row i holds: times, texts that repeat, gaps, whole numbers, booleans. */
const expected = (i: number): Row => [
  new Date(START + i * 1_000).toISOString(),
  `v${i % 7}`,
  i % 11 === 0 ? null : i / 4,
  i,
  i % 2 === 0,
];

async function read(rows: number, rowGroupSize: number): Promise<{ count: number; wrong: number }> {
  const columns = ['time', 'text', 'gaps', 'whole', 'flag'];
  const all = Array.from({ length: rows }, (_, i) => expected(i));
  const buffer = parquetWriteBuffer({
    columnData: columns.map((name, at) => ({
      name,
      data: all.map((row) => (name === 'time' ? new Date(String(row[at])) : row[at])),
    })),
    rowGroupSize,
  });
  const folder = await mkdtemp(join(tmpdir(), 'driftd-test-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  const path = join(folder, 'rows.parquet');
  await writeFile(path, new Uint8Array(buffer));
  const file = openRowFile(path);
  expect(await file.columns()).toEqual(columns);
  let count = 0;
  let wrong = 0;
  for await (const row of file.rows()) {
    if (row.some((value, at) => value !== all[count]?.[at])) wrong += 1;
    count += 1;
  }
  return { count, wrong };
}

it.each([
  ['many small row groups, read together', 5_000, 300],
  ['a row group that is read through a file', 410_000, 1_000_000],
])('%s', async (_, rows, rowGroupSize) => {
  expect(await read(rows, rowGroupSize)).toEqual({ count: rows, wrong: 0 });
});
