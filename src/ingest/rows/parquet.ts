import { asyncBufferFromFile, parquetMetadataAsync, parquetRead, parquetSchema } from 'hyparquet';
import type { FileMetaData, SchemaTree } from 'hyparquet';
import type { RowValue } from '../../core/baseline/row-value.ts';
import { DriftdError } from '../../platform/errors.ts';
import { createColumn, valueAt } from './column.ts';
import type { Column } from './column.ts';
import { assertFooter, guardedCompressors } from './parquet-guard.ts';
import type { ReadRequest, Row, RowStream, SkippedColumn } from './row-file.ts';
import { CELL_BYTES, openSpill } from './spill.ts';

/** Cells held at a time, 9 bytes each and what the texts take; a larger row group goes through a file. */
const CELLS_IN_MEMORY = 2_000_000;
/** Rows of one column that are decoded at a time. */
const MAX_ROWS = 2_000_000;
/** On disk at a time: rows are fewer where columns are many. */
const MAX_SPILL_BYTES = 2 * 1024 ** 3;

/** Parquet, a slice of rows at a time, column after column; flat columns, the others are left out. */
export async function readParquet(request: ReadRequest): Promise<RowStream> {
  const { path, name, onBytes, wanted, limits } = request;
  const file = await asyncBufferFromFile(path);
  const metadata = await parquetMetadataAsync(file);
  const { columns, skipped } = columnsOf(metadata);
  const total = Number(metadata.num_rows);
  if (columns.length + skipped.length === 0 || total === 0)
    throw new DriftdError('INPUT_INVALID', `${name}: the file has no rows`);
  if (columns.length === 0) {
    const held = [...new Set(skipped.map(({ holds }) => holds))].join(', ');
    throw new DriftdError('INPUT_INVALID', `${name}: no column has single values, but ${held}`);
  }
  assertFooter(metadata, columns.length + skipped.length, file.byteLength, name, limits);
  const compressors = guardedCompressors(name);

  /** One column of the rows from..to. Of more columns at once the decoded values would take too much memory. */
  async function readColumn(column: string, from: number, to: number): Promise<Column> {
    const cells = createColumn(to - from);
    // Missing all along: nobody asks for it.
    if (wanted?.(column) === false) return cells;
    let filled = 0;
    // Times stay numbers while they are decoded: a million objects would take too much.
    const times = timeParsers();
    await parquetRead({
      file,
      metadata,
      compressors,
      columns: [column],
      rowStart: from,
      rowEnd: to,
      useOffsetIndex: true,
      parsers: times.parsers,
      onChunk: ({ columnData, rowStart }) => {
        const first = Math.max(0, from - rowStart);
        const last = Math.min(columnData.length, to - rowStart);
        for (let i = first; i < last; i += 1) {
          cells.set(rowStart + i - from, cell(columnData[i]), times.seen);
          filled += 1;
        }
      },
    });
    if (filled === to - from) return cells;
    const text = `${name}: column ${column} claims ${to - from} values from row ${from} on, and has ${filled}`;
    throw new DriftdError('INPUT_INVALID', text);
  }

  async function* rows(): AsyncGenerator<Row> {
    for (const [from, to] of rangesOf(metadata, columns.length)) {
      const count = to - from;
      if (count * columns.length <= CELLS_IN_MEMORY) {
        const held: Column[] = [];
        for (const column of columns) held.push(await readColumn(column, from, to));
        yield* rowsOf(held, count);
      } else {
        const slice = Math.max(1, Math.ceil(CELLS_IN_MEMORY / 4 / columns.length));
        const spill = await openSpill(count, slice);
        try {
          for (const column of columns) await spill.add(await readColumn(column, from, to));
          for (let at = 0; at < count; at += slice) {
            const size = Math.min(slice, count - at);
            yield* rowsOf(await spill.read(at, size), size);
          }
        } finally {
          await spill.close();
        }
      }
      onBytes?.(Math.round((file.byteLength * to) / total));
    }
  }
  return { columns, skipped, rows: rows() };
}

function columnsOf(metadata: FileMetaData): { columns: string[]; skipped: SkippedColumn[] } {
  const columns: string[] = [];
  const skipped: SkippedColumn[] = [];
  for (const child of parquetSchema(metadata).children) {
    const { name } = child.element;
    const holds = whatIsNoValue(child);
    if (holds === null) columns.push(name);
    else skipped.push({ name, holds });
  }
  return { columns, skipped };
}

/** Logical types of single values that are neither numbers nor names. */
const NO_VALUES: ReadonlySet<string> = new Set(['VARIANT', 'GEOMETRY', 'GEOGRAPHY']);

/** What a column holds instead of single numbers, texts, times or booleans; null: it holds these. */
function whatIsNoValue({ element, children }: SchemaTree): string | null {
  const { converted_type: converted, logical_type: logical } = element;
  if (converted === 'LIST' || logical?.type === 'LIST') return 'lists';
  if (element.repetition_type === 'REPEATED') return 'lists';
  if (converted === 'MAP' || converted === 'MAP_KEY_VALUE' || logical?.type === 'MAP')
    return 'maps';
  if (logical !== undefined && NO_VALUES.has(logical.type)) return logical.type.toLowerCase();
  if (children.length > 0) return 'structs';
  return converted === 'INTERVAL' ? 'intervals' : null;
}

/** Parsers that give ms since the epoch, and tell whether they were asked. */
function timeParsers() {
  const times = { seen: false };
  const asMs = (ms: number): number => {
    times.seen = true;
    return ms;
  };
  const parsers = {
    timestampFromMilliseconds: (ms: bigint) => asMs(Number(ms)),
    timestampFromMicroseconds: (us: bigint) => asMs(Number(us / 1000n)),
    timestampFromNanoseconds: (ns: bigint) => asMs(Number(ns / 1_000_000n)),
    dateFromDays: (days: number) => asMs(days * 86_400_000),
  };
  return Object.assign(times, { parsers });
}

function* rowsOf(columns: readonly Column[], rows: number): Generator<Row> {
  for (let row = 0; row < rows; row += 1) yield columns.map((column) => valueAt(column, row));
}

/** Whole row groups, small ones together: a part of one costs as much to decode as the whole. */
function rangesOf(
  { row_groups: groups }: FileMetaData,
  columns: number,
): [from: number, to: number][] {
  const most = Math.ceil(CELLS_IN_MEMORY / columns);
  const largest = Math.min(MAX_ROWS, Math.ceil(MAX_SPILL_BYTES / CELL_BYTES / columns));
  const ranges: [number, number][] = [];
  let from = 0;
  let at = 0;
  for (const group of groups) {
    const end = at + Number(group.num_rows);
    if (end - from > most && at > from) {
      ranges.push([from, at]);
      from = at;
    }
    for (; end - from > largest; from += largest) ranges.push([from, from + largest]);
    at = end;
  }
  if (at > from) ranges.push([from, at]);
  return ranges;
}

function cell(value: unknown): RowValue {
  if (value === null || value === undefined) return null;
  if (typeof value === 'number' || typeof value === 'string' || typeof value === 'boolean')
    return value;
  if (typeof value === 'bigint') return Number(value);
  if (value instanceof Date) return value.toISOString();
  return JSON.stringify(value);
}
