import { asyncBufferFromFile, parquetMetadataAsync, parquetRead, parquetSchema } from 'hyparquet';
import type { FileMetaData } from 'hyparquet';
import { compressors } from 'hyparquet-compressors';
import type { RowValue } from '../../core/baseline/row-value.ts';
import { DriftdError } from '../../platform/errors.ts';
import { createColumn } from './column.ts';
import type { Column } from './column.ts';
import type { OpenBytes, Row, RowStream } from './row-file.ts';

/** Cells held at a time: 9 bytes each, and what the texts take. */
const CELLS_AT_ONCE = 10_000_000;

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
    await parquetRead({
      file,
      metadata,
      compressors,
      columns: [column],
      rowStart: from,
      rowEnd: to,
      useOffsetIndex: true,
      onChunk: ({ columnData, rowStart }) => {
        const first = Math.max(0, from - rowStart);
        const last = Math.min(columnData.length, to - rowStart);
        for (let i = first; i < last; i += 1) {
          cells.set(rowStart + i - from, cell(columnData[i]));
          filled += 1;
        }
      },
    });
    if (filled === to - from) return cells;
    const text = `${name}: column ${column} claims ${to - from} values from row ${from} on, and has ${filled}`;
    throw new DriftdError('INPUT_INVALID', text);
  }

  async function* rows(): AsyncGenerator<Row> {
    for (const [from, to] of slicesOf(metadata, Math.ceil(CELLS_AT_ONCE / columns.length))) {
      const slice: Column[] = [];
      for (const column of columns) slice.push(await readColumn(column, from, to));
      for (let i = 0; i < to - from; i += 1) yield slice.map((cells) => cells.get(i));
      onBytes?.(Math.round((file.byteLength * to) / total));
    }
  }
  return { columns, rows: rows() };
}

/** Whole row groups where they fit: a part of one costs as much to decode as the whole. */
function slicesOf(
  { row_groups: groups }: FileMetaData,
  most: number,
): [from: number, to: number][] {
  const slices: [number, number][] = [];
  let from = 0;
  let at = 0;
  for (const group of groups) {
    const end = at + Number(group.num_rows);
    if (end - from > most && at > from) {
      slices.push([from, at]);
      from = at;
    }
    for (; end - from > most; from += most) slices.push([from, from + most]);
    at = end;
  }
  if (at > from) slices.push([from, at]);
  return slices;
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

function cell(value: unknown): RowValue | Date {
  if (value === null || value === undefined) return null;
  if (typeof value === 'number' || typeof value === 'string' || typeof value === 'boolean')
    return value;
  if (typeof value === 'bigint') return Number(value);
  if (value instanceof Date) return value;
  return JSON.stringify(value);
}
