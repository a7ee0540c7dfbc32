import {
  asyncBufferFromFile,
  parquetMetadataAsync,
  parquetReadObjects,
  parquetSchema,
} from 'hyparquet';
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

function cell(value: unknown): RowValue {
  if (value === null || value === undefined) return null;
  if (typeof value === 'number' || typeof value === 'string' || typeof value === 'boolean')
    return value;
  if (typeof value === 'bigint') return Number(value);
  if (value instanceof Date) return value.toISOString();
  return JSON.stringify(value);
}
