import {
  asyncBufferFromFile,
  parquetMetadataAsync,
  parquetReadObjects,
  parquetSchema,
} from 'hyparquet';
import type { FileMetaData } from 'hyparquet';
import { compressors } from 'hyparquet-compressors';
import type { RowValue } from '../../core/baseline/row-value.ts';
import { DriftdError } from '../../platform/errors.ts';
import type { OpenBytes, Row, RowStream } from './row-file.ts';

/** Rows decoded at a time. */
const ROWS_AT_ONCE = 10_000;

/** Parquet, a slice of rows at a time; flat columns. */
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
  async function* rows(): AsyncGenerator<Row> {
    for (let rowStart = 0; rowStart < total; rowStart += ROWS_AT_ONCE) {
      const rowEnd = Math.min(total, rowStart + ROWS_AT_ONCE);
      const slice = await parquetReadObjects({ file, metadata, compressors, rowStart, rowEnd });
      onBytes?.(Math.round((file.byteLength * rowEnd) / total));
      if (slice.length !== rowEnd - rowStart) {
        const text = `${name}: it claims ${total} rows, and has no more than ${rowStart + slice.length}`;
        throw new DriftdError('INPUT_INVALID', text);
      }
      for (const row of slice) yield columns.map((column) => cell(row[column]));
    }
  }
  return { columns, rows: rows() };
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
