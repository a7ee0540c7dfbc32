import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import type { RowValue } from '../../core/baseline/row-value.ts';
import { DriftdError, toError } from '../../platform/errors.ts';
import { beginsList, elementsOf, JsonListError } from './json-list.ts';
import type { OpenBytes, ReadRequest, Row, RowStream } from './row-file.ts';

type Fields = Readonly<Record<string, unknown>>;

/** Different keys of a file's objects: many more than any model has features, so that looking at all rows takes no more memory. */
const MAX_COLUMNS = 100_000;

/** NDJSON: an object a line, whose lines need not all have the same keys: the columns are the keys of all. */
export async function readNdjson(request: ReadRequest): Promise<RowStream> {
  const { open, name, onBytes } = request;
  const columns =
    request.columns ??
    (await keysOf(
      objects(() => open(), name),
      request,
    ));
  const again = objects(() => open(onBytes), name);
  return { columns, rows: rowsOf(again, columns) };
}

/** The keys of all rows. @throws DriftdError INPUT_INVALID where they are more than columns can be */
async function keysOf(
  rows: AsyncIterable<Fields>,
  { name, limits }: ReadRequest,
): Promise<readonly string[]> {
  const most = limits?.columns ?? MAX_COLUMNS;
  const columns = new Set<string>();
  let isEmpty = true;
  for await (const fields of rows) {
    for (const key of Object.keys(fields)) columns.add(key);
    isEmpty = false;
    if (columns.size > most)
      throw new DriftdError('INPUT_INVALID', `${name}: its rows have more than ${most} columns`);
  }
  if (isEmpty) throw new DriftdError('INPUT_INVALID', `${name}: the file has no rows`);
  return [...columns];
}

/** The file is opened when the first of them is asked for, and let go of when no more are. */
async function* objects(open: () => Readable, name: string): AsyncGenerator<Fields> {
  let line = 0;
  const bytes = open();
  try {
    for await (const text of createInterface({ input: bytes, crlfDelay: Infinity })) {
      line += 1;
      const row = line === 1 ? withoutMark(text) : text;
      if (row.trim() !== '') yield parsedObject(row, `${name}:${line}`, 'each line');
    }
  } finally {
    bytes.destroy();
  }
}

/** The line of each row. */
export async function* ndjsonLines(open: OpenBytes): AsyncGenerator<number> {
  let line = 0;
  const bytes = open();
  try {
    for await (const text of createInterface({ input: bytes, crlfDelay: Infinity })) {
      line += 1;
      if (text.trim() !== '') yield line;
    }
  } finally {
    bytes.destroy();
  }
}

/** A byte order mark, as Windows writes it, is no part of the text. */
const withoutMark = (text: string): string => (text.startsWith('\uFEFF') ? text.slice(1) : text);

function parsedObject(text: string, where: string, what: string): Fields {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch (thrown) {
    throw new DriftdError('INPUT_INVALID', `${where}: no JSON: ${toError(thrown).message}`);
  }
  if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed)) {
    throw new DriftdError('INPUT_INVALID', `${where}: ${what} must be a JSON object`);
  }
  return parsed as Fields;
}

async function* rowsOf(
  fields: AsyncIterable<Fields>,
  columns: readonly string[],
): AsyncGenerator<Row> {
  for await (const row of fields) {
    yield columns.map((column) => (Object.hasOwn(row, column) ? cell(row[column]) : undefined));
  }
}

/** Lists and objects have no place in a histogram: their text stands for them, which a numeric feature counts as invalid. */
function cell(value: unknown): RowValue {
  if (value === null || value === undefined) return null;
  if (typeof value === 'number' || typeof value === 'string' || typeof value === 'boolean')
    return value;
  return JSON.stringify(value);
}

/** An object of columns is read whole: beyond this, a list of objects or NDJSON is asked for. */
const MAX_JSON_BYTES = 256 * 1024 * 1024;

/**
 * JSON: a list of objects, read an object at a time, whose columns are the keys of all of them; or an object of columns, each
 * a list of values.
 */
export async function readJson(request: ReadRequest): Promise<RowStream> {
  const { open, name, onBytes } = request;
  if (!(await isList(open))) return objectOfColumns(await parsedWhole(request), name);
  const columns =
    request.columns ??
    (await keysOf(
      entries(() => open(), name),
      request,
    ));
  const again = entries(() => open(onBytes), name);
  return { columns, rows: rowsOf(again, columns) };
}

async function isList(open: OpenBytes): Promise<boolean> {
  const bytes = open();
  try {
    for await (const chunk of bytes.setEncoding('utf8') as AsyncIterable<string>) {
      const begins = beginsList(chunk);
      if (begins !== null) return begins;
    }
    return false;
  } finally {
    bytes.destroy();
  }
}

/** The objects of a list. */
async function* entries(open: () => Readable, name: string): AsyncGenerator<Fields> {
  const bytes = open();
  let entry = 0;
  try {
    for await (const text of elementsOf(bytes.setEncoding('utf8') as AsyncIterable<string>)) {
      yield parsedObject(text, `${name}: entry ${entry}`, 'it');
      entry += 1;
    }
  } catch (thrown) {
    if (!(thrown instanceof JsonListError)) throw thrown;
    throw new DriftdError('INPUT_INVALID', `${name}: no JSON: ${thrown.message}`);
  } finally {
    bytes.destroy();
  }
}

async function parsedWhole({ open, name, onBytes }: ReadRequest): Promise<unknown> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of open(onBytes) as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > MAX_JSON_BYTES) {
      throw new DriftdError(
        'INPUT_INVALID',
        `${name}: an object of columns is read whole and this one is too large; write a list of objects or NDJSON`,
      );
    }
    chunks.push(chunk);
  }
  try {
    return JSON.parse(withoutMark(Buffer.concat(chunks).toString('utf8'))) as unknown;
  } catch (thrown) {
    throw new DriftdError('INPUT_INVALID', `${name}: no JSON: ${toError(thrown).message}`);
  }
}

async function* each<T>(list: readonly T[]): AsyncGenerator<T> {
  for (const entry of list) yield await Promise.resolve(entry);
}

function objectOfColumns(parsed: unknown, name: string): RowStream {
  if (typeof parsed !== 'object' || parsed === null) {
    throw new DriftdError(
      'INPUT_INVALID',
      `${name}: must hold a list of objects, or an object of columns`,
    );
  }
  const entries = Object.entries(parsed as Fields);
  const length = Array.isArray(entries[0]?.[1]) ? entries[0][1].length : 0;
  for (const [column, values] of entries) {
    if (!Array.isArray(values) || values.length !== length) {
      throw new DriftdError(
        'INPUT_INVALID',
        `${name}: column ${column} must be a list as long as the others`,
      );
    }
  }
  if (length === 0) throw new DriftdError('INPUT_INVALID', `${name}: the file has no rows`);
  const rows = Array.from({ length }, (_, i) =>
    entries.map(([, values]) => cell((values as unknown[])[i])),
  );
  return { columns: entries.map(([column]) => column), rows: each(rows) };
}
