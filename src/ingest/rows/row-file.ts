import { createReadStream, statSync } from 'node:fs';
import { basename } from 'node:path';
import type { Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import type { RowValue } from '../../core/baseline/row-value.ts';
import { DriftdError, toError } from '../../platform/errors.ts';
import { readCsv } from './csv.ts';
import { readJson, readNdjson } from './json.ts';
import { readParquet } from './parquet.ts';

/** One row: a value a column, in the order of `columns`; undefined where the row does not have the column. */
export type Row = readonly (RowValue | undefined)[];

/** A file of rows, read as a stream; every call of `rows` reads it from the start again. */
export interface RowFile {
  /** Without its folder. */
  readonly name: string;
  /** Bytes on disk. */
  readonly size: number;
  columns(): Promise<readonly string[]>;
  /** @param onBytes told how many bytes of the file have been read so far */
  rows(onBytes?: (bytes: number) => void): AsyncIterable<Row>;
}

/** What a format's reader yields: the columns first, once, then the rows. */
export interface RowStream {
  readonly columns: readonly string[];
  readonly rows: AsyncIterable<Row>;
}

/** Opens the bytes of a file, unpacked. */
export type OpenBytes = (onBytes?: (bytes: number) => void) => Readable;

type Reader = (
  open: OpenBytes,
  path: string,
  name: string,
  onBytes?: (bytes: number) => void,
) => Promise<RowStream>;

const READERS: readonly (readonly [ending: string, reader: Reader])[] = [
  ['.csv', readCsv],
  ['.csv.gz', readCsv],
  ['.ndjson', readNdjson],
  ['.ndjson.gz', readNdjson],
  ['.jsonl', readNdjson],
  ['.json', readJson],
  ['.json.gz', readJson],
  ['.parquet', readParquet],
];

/** Endings that can be read. */
export const ROW_FILE_ENDINGS = READERS.map(([ending]) => ending);

/**
 * Opens a file of rows by its ending: CSV, NDJSON, JSON (a list of objects, or an object of columns), Parquet; gz too.
 * @throws DriftdError INPUT_UNREADABLE | INPUT_INVALID, naming file and line
 */
export function openRowFile(path: string): RowFile {
  const name = basename(path);
  const reader = READERS.find(([ending]) => name.toLowerCase().endsWith(ending))?.[1];
  if (reader === undefined) {
    throw new DriftdError(
      'INPUT_INVALID',
      `${name}: unknown kind of file; driftd reads ${ROW_FILE_ENDINGS.join(', ')}`,
    );
  }
  let size: number;
  try {
    const found = statSync(path);
    if (!found.isFile()) throw new Error('it is no file');
    size = found.size;
  } catch (thrown) {
    throw new DriftdError(
      'INPUT_UNREADABLE',
      `${path} cannot be read: ${toError(thrown).message}`,
      { cause: thrown },
    );
  }
  if (size === 0) throw new DriftdError('INPUT_INVALID', `${name}: the file is empty`);
  const open: OpenBytes = (onBytes) => {
    const raw = createReadStream(path);
    let read = 0;
    if (onBytes !== undefined) {
      raw.on('data', (chunk) => {
        read += chunk.length;
        onBytes(read);
      });
    }
    if (!name.toLowerCase().endsWith('.gz')) return raw;
    const unpacked = createGunzip();
    raw.on('error', (error) => unpacked.destroy(error));
    return raw.pipe(unpacked);
  };
  return {
    name,
    size,
    async columns() {
      return (await guarded(name, () => reader(open, path, name))).columns;
    },
    async *rows(onBytes) {
      const stream = await guarded(name, () => reader(open, path, name, onBytes));
      try {
        yield* stream.rows;
      } catch (thrown) {
        throw asInputError(name, thrown);
      }
    },
  };
}

async function guarded<T>(name: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (thrown) {
    throw asInputError(name, thrown);
  }
}

function asInputError(name: string, thrown: unknown): DriftdError {
  if (thrown instanceof DriftdError) return thrown;
  return new DriftdError('INPUT_INVALID', `${name}: ${toError(thrown).message}`, { cause: thrown });
}
