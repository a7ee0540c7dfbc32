import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import type { RowValue } from '../../core/baseline/row-value.ts';
import { DriftdError, toError } from '../../platform/errors.ts';
import type { ReadRequest, Row, RowStream } from './row-file.ts';

type Fields = Readonly<Record<string, unknown>>;

/** Rows looked at to learn the columns of NDJSON, whose lines need not all have the same keys. */
const COLUMN_ROWS = 1_000;

/** NDJSON: an object a line; the columns are the keys of the first 1,000 rows. */
export async function readNdjson({ open, name, onBytes }: ReadRequest): Promise<RowStream> {
  const columns = new Set<string>();
  let rows = 0;
  for await (const fields of objects(() => open(), name)) {
    for (const key of Object.keys(fields)) columns.add(key);
    rows += 1;
    if (rows >= COLUMN_ROWS) break;
  }
  if (rows === 0) throw new DriftdError('INPUT_INVALID', `${name}: the file has no rows`);
  const list = [...columns];
  const again = objects(() => open(onBytes), name);
  return { columns: list, rows: rowsOf(again, list) };
}

/** The file is opened when the first of them is asked for, and let go of when no more are. */
async function* objects(open: () => Readable, name: string): AsyncGenerator<Fields> {
  let line = 0;
  const bytes = open();
  try {
    for await (const text of createInterface({ input: bytes, crlfDelay: Infinity })) {
      line += 1;
      if (text.trim() !== '') yield parsedObject(text, `${name}:${line}`);
    }
  } finally {
    bytes.destroy();
  }
}

function parsedObject(text: string, where: string): Fields {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch (thrown) {
    throw new DriftdError('INPUT_INVALID', `${where}: no JSON: ${toError(thrown).message}`);
  }
  if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed)) {
    throw new DriftdError('INPUT_INVALID', `${where}: each line must be a JSON object`);
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

/** A JSON file is read whole: beyond this, NDJSON is asked for. */
const MAX_JSON_BYTES = 256 * 1024 * 1024;

/** JSON: a list of objects, or an object of columns, each a list of values. */
export async function readJson({ open, name, onBytes }: ReadRequest): Promise<RowStream> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of open(onBytes) as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > MAX_JSON_BYTES) {
      throw new DriftdError(
        'INPUT_INVALID',
        `${name}: a JSON file is read whole and this one is too large; write NDJSON`,
      );
    }
    chunks.push(chunk);
  }
  let parsed: unknown;
  try {
    parsed = JSON.parse(Buffer.concat(chunks).toString('utf8'));
  } catch (thrown) {
    throw new DriftdError('INPUT_INVALID', `${name}: no JSON: ${toError(thrown).message}`);
  }
  return Array.isArray(parsed) ? listOfObjects(parsed, name) : objectOfColumns(parsed, name);
}

function listOfObjects(list: readonly unknown[], name: string): RowStream {
  const columns = new Set<string>();
  list.forEach((row, i) => {
    if (typeof row !== 'object' || row === null || Array.isArray(row)) {
      throw new DriftdError('INPUT_INVALID', `${name}: entry ${i} must be an object`);
    }
    for (const key of Object.keys(row)) columns.add(key);
  });
  if (list.length === 0) throw new DriftdError('INPUT_INVALID', `${name}: the file has no rows`);
  const names = [...columns];
  return { columns: names, rows: rowsOf(each(list as readonly Fields[]), names) };
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
