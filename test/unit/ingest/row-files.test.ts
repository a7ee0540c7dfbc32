import { readdirSync } from 'node:fs';
import { gzipSync } from 'node:zlib';
import { DuckDBInstance } from '@duckdb/node-api';
import { describe, expect, it, vi } from 'vitest';

import { openRowFile } from '../../../src/ingest/rows/row-file.ts';
import type { Row, RowFile } from '../../../src/ingest/rows/row-file.ts';
import { temporaryFile } from '../../support/temporary-file.ts';

const openFiles = (): number => readdirSync('/proc/self/fd').length;

async function firstRow(file: RowFile, wanted?: (column: string) => boolean): Promise<Row> {
  for await (const row of file.rows(undefined, wanted)) return row;
  throw new Error('no row');
}

describe('a file', () => {
  const lines = Array.from({ length: 50_000 }, (_, i) => `${String(i)},x`).join('\n');
  const objects = Array.from({ length: 50_000 }, (_, i) => `{"a":${String(i)}}`).join('\n');

  it.each([
    ['rows.csv', `a,b\n${lines}\n`],
    ['rows.csv.gz', gzipSync(`a,b\n${lines}\n`)],
    ['rows.ndjson', objects],
    ['rows.ndjson.gz', gzipSync(objects)],
  ])('%s is let go of by those who want its columns or a first row only', async (name, content) => {
    const file = openRowFile(await temporaryFile(name, content));
    const before = openFiles();
    for (let i = 0; i < 20; i += 1) {
      await file.columns();
      await firstRow(file);
    }
    // Closing is the system's business, a little later.
    await vi.waitFor(() => expect(openFiles()).toBeLessThanOrEqual(before), { timeout: 10_000 });
  });
});

describe('a Parquet file with columns that are no single values', () => {
  const WITH = `SELECT i AS x, [i, i + 1] AS tags, {'a': i} AS place, MAP {'k': i} AS labels,
    to_days(i::INT) AS took, 'v' || i AS name FROM range(3) t(i)`;

  async function written(select: string): Promise<string> {
    const path = await temporaryFile('rows.parquet', '');
    const database = await DuckDBInstance.create(':memory:');
    const connection = await database.connect();
    await connection.run(`COPY (${select}) TO '${path}' (FORMAT parquet)`);
    connection.closeSync();
    database.closeSync();
    return path;
  }

  it('has the others, and says which are left out', async () => {
    const file = openRowFile(await written(WITH));
    expect(await file.columns()).toEqual(['x', 'name']);
    expect(await file.skipped()).toEqual([
      { name: 'tags', holds: 'lists' },
      { name: 'place', holds: 'structs' },
      { name: 'labels', holds: 'maps' },
      { name: 'took', holds: 'intervals' },
    ]);
    expect(await firstRow(file)).toEqual([0, 'v0']);
  });

  it('is refused when it has nothing else', async () => {
    const file = openRowFile(await written('SELECT [1] AS tags'));
    await expect(file.columns()).rejects.toThrow('no column has single values, but lists');
  });

  it('reads only what is wanted', async () => {
    const file = openRowFile(await written(WITH));
    expect(await firstRow(file, (column) => column === 'name')).toEqual([null, 'v0']);
  });
});
