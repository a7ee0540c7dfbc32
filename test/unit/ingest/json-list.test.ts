import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { elementsOf } from '../../../src/ingest/rows/json-list.ts';
import { openRowFile } from '../../../src/ingest/rows/row-file.ts';
import type { Row } from '../../../src/ingest/rows/row-file.ts';
import { temporaryFile } from '../../support/temporary-file.ts';

async function* piecesOf(text: string, length: number): AsyncGenerator<string> {
  for (let at = 0; at < text.length; at += length)
    yield await Promise.resolve(text.slice(at, at + length));
}

async function listOf<T>(items: AsyncIterable<T>): Promise<T[]> {
  const list: T[] = [];
  for await (const item of items) list.push(item);
  return list;
}

async function read(text: string): Promise<{ columns: readonly string[]; rows: Row[] }> {
  const file = openRowFile(await temporaryFile('rows.json', text));
  const columns = await file.columns();
  return { columns, rows: await listOf(file.rows()) };
}

describe('a JSON list, an element at a time', () => {
  it('is what JSON.parse makes of the whole, wherever it is cut', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.jsonValue(), { maxLength: 6 }),
        fc.constantFrom(undefined, 1, '\t'),
        fc.integer({ min: 1, max: 40 }),
        async (list, space, length) => {
          const text = `\uFEFF ${JSON.stringify(list, null, space)}\n`;
          const elements = await listOf(elementsOf(piecesOf(text, length)));
          expect(elements.map((element) => JSON.parse(element) as unknown)).toEqual(
            JSON.parse(JSON.stringify(list)),
          );
        },
      ),
      { numRuns: 200 },
    );
  });
});

describe('a JSON file of rows', () => {
  it('is a list of objects, whose columns are the keys of all', async () => {
    const late = [...Array.from({ length: 2000 }, (_, i) => ({ a: i })), { b: 'x,]"', a: null }];
    const { columns, rows } = await read(JSON.stringify(late));
    expect(columns).toEqual(['a', 'b']);
    expect(rows).toHaveLength(2001);
    expect([rows[0], rows[2000]]).toEqual([
      [0, undefined],
      [null, 'x,]"'],
    ]);
  });

  it('or an object of columns', async () => {
    const { columns, rows } = await read('{"a":[1,2],"b":["x",null]}');
    expect([columns, rows]).toEqual([
      ['a', 'b'],
      [
        [1, 'x'],
        [2, null],
      ],
    ]);
  });

  it.each([
    ['[]', 'the file has no rows'],
    ['', 'the file is empty'],
    ['   ', 'no JSON'],
    ['"rows"', 'must hold a list of objects, or an object of columns'],
    ['[{"a":1}', 'no JSON: the list does not end'],
    ['[{"a":"1}]', 'no JSON: the list does not end'],
    ['[{"a":1}] {}', 'no JSON: something follows the list'],
    ['[{"a":1},]', 'entry 1: no JSON'],
    ['[{"a":1},,{"a":1}]', 'entry 1: no JSON'],
    ['[{"a":1} {"a":1}]', 'entry 0: no JSON'],
    ['[{"a":1},[2]]', 'entry 1: it must be a JSON object'],
    ['[{"a":1},2]', 'entry 1: it must be a JSON object'],
    ['{"a":[1],"b":[1,2]}', 'column b must be a list as long as the others'],
  ])('%j is none: %s', async (text, message) => {
    await expect(read(text)).rejects.toThrow(message);
  });
});
