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

async function allRows(file: RowFile): Promise<Row[]> {
  const rows: Row[] = [];
  for await (const row of file.rows()) rows.push(row);
  return rows;
}

describe('lines', () => {
  it.each(['a,b\r\n1,JFK\n2,LGA\r\n3,EWR\r', 'a,b\n1,JFK\r\n2,LGA\r3,EWR\n'])(
    'may end in several ways in one CSV: %j',
    async (text) => {
      const file = openRowFile(await temporaryFile('rows.csv', text));
      expect(await allRows(file)).toEqual([
        ['1', 'JFK'],
        ['2', 'LGA'],
        ['3', 'EWR'],
      ]);
    },
  );

  it.each([
    ['rows.csv', 'a,b\r\n1,x\n\n2,"two\nlines"\n\n3,x\n', [2, 4, 7]],
    ['rows.csv.gz', gzipSync('a\n1\n\n2\n'), [2, 4]],
    ['rows.ndjson', '{"a":1}\n\n{"a":2}\n', [1, 3]],
  ])('of the rows of %s are told as an editor counts them', async (name, content, lines) => {
    const file = openRowFile(await temporaryFile(name, content));
    const places = await Promise.all(lines.map((_, row) => file.placeOf(row)));
    expect(places).toEqual(lines.map((line) => `${name}:${String(line)}`));
  });

  it('are none in a JSON list, whose rows have numbers', async () => {
    const file = openRowFile(await temporaryFile('rows.json', '[{"a":1},{"a":2}]'));
    expect(await file.placeOf(1)).toBe('rows.json: row 2');
  });
});

describe('NDJSON', () => {
  const many = Array.from({ length: 1500 }, (_, i) => `{"a":${String(i)}}`).join('\n');

  it('has the columns of all its rows', async () => {
    const file = openRowFile(await temporaryFile('rows.ndjson', `${many}\n{"late":7}\n`));
    expect(await file.columns()).toEqual(['a', 'late']);
    expect((await allRows(file)).at(-1)).toEqual([undefined, 7]);
  });

  it('is refused when its keys are more than columns can be', async () => {
    const keys = Array.from({ length: 30 }, (_, i) => `{"k${String(i)}":1}`).join('\n');
    const limits = { unpackedBytes: 1e6, lineBytes: 1e4, columns: 20 };
    const file = openRowFile(await temporaryFile('rows.ndjson', keys), limits);
    await expect(file.columns()).rejects.toThrow('rows.ndjson: its rows have more than 20 columns');
  });
});

describe('text', () => {
  it.each([
    ['rows.csv', '\uFEFFa\n1\n', ['1']],
    ['rows.ndjson', '\uFEFF{"a":1}\n', [1]],
    ['rows.json', '\uFEFF[{"a":1}]', [1]],
    ['rows.json', '\uFEFF{"a":[1]}', [1]],
  ])('may begin with a byte order mark: %s', async (name, text, row) => {
    const file = openRowFile(await temporaryFile(name, text));
    expect(await file.columns()).toEqual(['a']);
    expect(await allRows(file)).toEqual([row]);
  });

  const rows = Array.from({ length: 40_000 }, (_, i) => `"Zürich 中 😀 ${String(i)}"`);

  it('whose characters are cut by chunks is UTF-8', async () => {
    for (const pad of ['a', 'ab', 'abc', 'abcd']) {
      const file = openRowFile(await temporaryFile('rows.csv', `${pad}\n${rows.join('\n')}\n`));
      expect(await allRows(file)).toHaveLength(rows.length);
    }
  });

  const LATIN_1 = Buffer.from('Zürich', 'latin1');

  it.each([
    ['rows.csv', Buffer.concat([Buffer.from('a\n1\n'), LATIN_1, Buffer.from('\n2\n')]), 3],
    ['rows.csv', Buffer.concat([Buffer.from(`a\n${rows.join('\n')}\n`), LATIN_1]), 40_002],
    ['rows.csv.gz', gzipSync(Buffer.concat([Buffer.from('a\nx\n'), LATIN_1])), 3],
    ['rows.csv', Buffer.concat([Buffer.from('a\n1\n'), Buffer.from('ü').subarray(0, 1)]), 3],
    ['rows.ndjson', Buffer.concat([Buffer.from('{"a":1}\n{"a":"'), LATIN_1, Buffer.from('"}')]), 2],
    ['rows.json', Buffer.concat([Buffer.from('[{"a":"'), LATIN_1, Buffer.from('"}]')]), 1],
  ])('that is no UTF-8 is refused with its line: %s', async (name, content, line) => {
    const path = await temporaryFile(name, content);
    await expect(
      (async () => {
        const file = openRowFile(path);
        await file.columns();
        await allRows(file);
      })(),
    ).rejects.toThrow(`${name}:${String(line)}: the text is no UTF-8; save it as UTF-8`);
  });
});
