import { asyncBufferFromFile, parquetMetadataAsync, parquetRead, parquetSchema } from 'hyparquet';
import type { FileMetaData } from 'hyparquet';
import { compressors } from 'hyparquet-compressors';
import type { RowValue } from '../../core/baseline/row-value.ts';
import { DriftdError } from '../../platform/errors.ts';
import { createColumn, valueAt } from './column.ts';
import type { Column } from './column.ts';
import type { OpenBytes, Row, RowStream } from './row-file.ts';
import { openSpill } from './spill.ts';

/** Cells held at a time, 9 bytes each and what the texts take; a larger row group goes through a file. */
const CELLS_IN_MEMORY = 2_000_000;
/** Rows of one column that are decoded at a time. */
const MAX_ROWS = 2_000_000;

/** Parquet, a slice of rows at a time, column after column; flat columns. */
export async function readParquet(
  _open: OpenBytes,
  path: string,
  name: string,
  onBytes?: (bytes: number) => void,
): Promise<RowStream> {
  const file = await asyncBufferFromFile(path);
  const metadata = await parquetMetadataAsync(file);
  const columns = parquetSchema(metadata).children.map((child) => child.element.name);
  const total = Number(metadata.num_rows);
  if (columns.length === 0 || total === 0)
    throw new DriftdError('INPUT_INVALID', `${name}: the file has no rows`);
  assertConsistent(metadata, file.byteLength, name);

  /** One column of the rows from..to. Of more columns at once the decoded values would take too much memory. */
  async function readColumn(column: string, from: number, to: number): Promise<Column> {
    const cells = createColumn(to - from);
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
    for (const [from, to] of rangesOf(metadata, Math.ceil(CELLS_IN_MEMORY / columns.length))) {
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
  return { columns, rows: rows() };
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
  most: number,
): [from: number, to: number][] {
  const ranges: [number, number][] = [];
  let from = 0;
  let at = 0;
  for (const group of groups) {
    const end = at + Number(group.num_rows);
    if (end - from > most && at > from) {
      ranges.push([from, at]);
      from = at;
    }
    for (; end - from > MAX_ROWS; from += MAX_ROWS) ranges.push([from, from + MAX_ROWS]);
    at = end;
  }
  if (at > from) ranges.push([from, at]);
  return ranges;
}

/** What the footer claims must fit together, and into the file, before a page is unpacked. */
function assertConsistent(metadata: FileMetaData, size: number, name: string): void {
  const groups = metadata.row_groups;
  const rows = groups.reduce((sum, group) => sum + group.num_rows, 0n);
  const chunks = groups.flatMap((group) =>
    group.columns.flatMap(({ meta_data: chunk }) =>
      chunk === undefined ? [] : [{ group, chunk }],
    ),
  );
  const flat = metadata.schema.every((element) => element.repetition_type !== 'REPEATED');
  const lies =
    rows !== metadata.num_rows ||
    groups.some((group) => group.num_rows < 0n) ||
    (flat && chunks.some(({ group, chunk }) => chunk.num_values !== group.num_rows)) ||
    chunks.reduce((sum, { chunk }) => sum + chunk.total_compressed_size, 0n) > BigInt(size);
  if (!lies) return;
  const text = `${name}: its footer contradicts itself: rows, values or sizes do not add up`;
  throw new DriftdError('INPUT_INVALID', text);
}

function cell(value: unknown): RowValue {
  if (value === null || value === undefined) return null;
  if (typeof value === 'number' || typeof value === 'string' || typeof value === 'boolean')
    return value;
  if (typeof value === 'bigint') return Number(value);
  if (value instanceof Date) return value.toISOString();
  return JSON.stringify(value);
}
