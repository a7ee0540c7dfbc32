import { createReadStream, statSync } from 'node:fs';
import { basename } from 'node:path';
import { Transform } from 'node:stream';
import type { Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import type { RowValue } from '../../core/baseline/row-value.ts';
import { DriftdError, toError } from '../../platform/errors.ts';
import { csvLines, readCsv } from './csv.ts';
import { ndjsonLines, readJson, readNdjson } from './json.ts';
import { readParquet } from './parquet.ts';
import { createUtf8Check } from './utf8.ts';

/** One row: a value a column, in the order of `columns`; undefined where the row does not have the column. */
export type Row = readonly (RowValue | undefined)[];

/** A file of rows, read as a stream; every call of `rows` reads it from the start again. */
export interface RowFile {
  /** Without its folder. */
  readonly name: string;
  /** Bytes on disk. */
  readonly size: number;
  columns(): Promise<readonly string[]>;
  /** Columns that are left out, because their values have no place in a histogram (Parquet's lists and structs). */
  skipped(): Promise<readonly SkippedColumn[]>;
  /**
   * @param onBytes told how many bytes of the file have been read so far
   * @param wanted columns whose values are needed; the others may be null where not reading them is cheaper. All by default
   */
  rows(onBytes?: (bytes: number) => void, wanted?: (column: string) => boolean): AsyncIterable<Row>;
  /** Where a row stands, for errors: file and line (of formats without lines its number). Reads the file up to there. */
  placeOf(row: number): Promise<string>;
}

export interface SkippedColumn {
  readonly name: string;
  /** What it holds, in words. */
  readonly holds: string;
}

/** Bounds for files of strangers. */
export interface RowLimits {
  /** Bytes of the file, unpacked; of a packed one at most 200 times what it has, or 64 MiB. */
  readonly unpackedBytes: number;
  /** Bytes of a line. */
  readonly lineBytes: number;
  readonly columns: number;
}

/** What a format's reader yields: the columns first, once, then the rows. */
export interface RowStream {
  readonly columns: readonly string[];
  readonly skipped?: readonly SkippedColumn[];
  readonly rows: AsyncIterable<Row>;
  /** Lets go of the file, for a stream whose rows nobody has begun to read; those that were read have let go themselves. */
  readonly close?: () => void;
}

/** Opens the bytes of a file, unpacked. */
export type OpenBytes = (onBytes?: (bytes: number) => void) => Readable;

/** A file to be read from its start. */
export interface ReadRequest {
  readonly open: OpenBytes;
  readonly path: string;
  /** For errors. */
  readonly name: string;
  readonly onBytes?: ((bytes: number) => void) | undefined;
  /** Those of an earlier look, which then need not be searched for. */
  readonly columns?: readonly string[] | undefined;
  /** As of `RowFile.rows`. */
  readonly wanted?: ((column: string) => boolean) | undefined;
  /** For readers that do not read through `open`. */
  readonly limits?: RowLimits | undefined;
}

type Reader = (request: ReadRequest) => Promise<RowStream>;
/** The line of each row. */
type Lines = (open: OpenBytes) => AsyncIterable<number>;

const READERS: readonly (readonly [ending: string, reader: Reader, lines?: Lines])[] = [
  ['.csv', readCsv, csvLines],
  ['.csv.gz', readCsv, csvLines],
  ['.ndjson', readNdjson, ndjsonLines],
  ['.ndjson.gz', readNdjson, ndjsonLines],
  ['.jsonl', readNdjson, ndjsonLines],
  ['.json', readJson],
  ['.json.gz', readJson],
  ['.parquet', readParquet],
];

/** Endings that can be read. */
export const ROW_FILE_ENDINGS = READERS.map(([ending]) => ending);

/**
 * Opens a file of rows by its ending: CSV, NDJSON, JSON (a list of objects, or an object of columns), Parquet; gz too.
 * @param limits beyond them the file is refused
 * @param ending what it is taken for, e.g. `.json.gz`, whatever it is called
 * @throws DriftdError INPUT_UNREADABLE | INPUT_INVALID, naming file and line
 */
export function openRowFile(path: string, limits?: RowLimits, ending?: string): RowFile {
  const name = basename(path);
  const kind = (ending ?? name).toLowerCase();
  const [, reader, lines] = READERS.find(([known]) => kind.endsWith(known)) ?? [];
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
    const unpacked = kind.endsWith('.gz') ? createGunzip() : null;
    if (unpacked !== null) {
      raw.on('error', (error) => unpacked.destroy(error)).pipe(unpacked);
      // A pipe does not let go of its source when its end is given up.
      unpacked.on('close', () => raw.destroy());
    }
    const packed: Readable = unpacked ?? raw;
    const bytes = kind.endsWith('.parquet') ? packed : piped(packed, createUtf8Check(name));
    if (limits === undefined) return bytes;
    const guard = createGuard(
      name,
      unpacked === null ? limits : ofPacked(limits, size),
      !/\.json(\.gz)?$/.test(kind),
    );
    return piped(bytes, guard);
  };
  const ofFile = limits === undefined ? undefined : ofPacked(limits, size);
  let known: readonly string[] | undefined;
  const look = async (): Promise<RowStream> => {
    const request = { open, path, name, columns: known, limits: ofFile };
    const stream = await guarded(name, () => reader(request));
    stream.close?.();
    known = stream.columns;
    return stream;
  };
  return {
    name,
    size,
    async columns() {
      const { columns } = await look();
      assertColumns(columns, name, limits);
      return columns;
    },
    skipped: async () => (await look()).skipped ?? [],
    async *rows(onBytes, wanted) {
      const stream = await guarded(name, () =>
        reader({ open, path, name, columns: known, onBytes, wanted, limits: ofFile }),
      );
      try {
        yield* stream.rows;
      } catch (thrown) {
        throw asInputError(name, thrown);
      }
    },
    async placeOf(row) {
      let at = 0;
      for await (const line of lines?.(open) ?? []) {
        if (at === row) return `${name}:${line}`;
        at += 1;
      }
      return `${name}: row ${row + 1}`;
    },
  };
}

/** A pipe that hands on what goes wrong, and lets go of its source when its end is given up. */
function piped(from: Readable, to: Transform): Transform {
  from.on('error', (error) => to.destroy(error));
  to.on('close', () => from.destroy());
  return from.pipe(to);
}

/** Whatever the format: a feature needs a name, and only one column has it. */
function assertColumns(
  columns: readonly string[],
  name: string,
  limits: RowLimits | undefined,
): void {
  const refuse = (what: string): DriftdError =>
    new DriftdError('INPUT_INVALID', `${name}: ${what}`);
  if (limits !== undefined && columns.length > limits.columns)
    throw refuse(`it has ${columns.length} columns, at most ${limits.columns} are taken`);
  const unnamed = columns.indexOf('');
  if (unnamed >= 0) throw refuse(`column ${unnamed + 1} has no name; give it one`);
  const seen = new Set<string>();
  const twice = columns.find((column) => seen.size === seen.add(column).size);
  if (twice !== undefined) throw refuse(`column ${twice} stands there twice; rename one`);
}

/** Rows pack by 10 or 20 to 1, Parquet by more; what unpacks to much more was made to. */
function ofPacked(limits: RowLimits, size: number): RowLimits {
  const likely = Math.max(64 * 1024 * 1024, 200 * size);
  return { ...limits, unpackedBytes: Math.min(limits.unpackedBytes, likely) };
}

/** Passes bytes on up to the limits. @param lines whether the format is made of lines */
function createGuard(name: string, limits: RowLimits, lines: boolean): Transform {
  let total = 0;
  let ofLine = 0;
  let line = 1;
  const refuse = (what: string): DriftdError => new DriftdError('INPUT_INVALID', `${name}${what}`);
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      total += chunk.length;
      if (total > limits.unpackedBytes) {
        done(refuse(`: unpacked it is larger than ${limits.unpackedBytes} bytes`));
        return;
      }
      for (let at = 0; lines && at < chunk.length;) {
        const end = chunk.indexOf(10, at);
        ofLine += (end < 0 ? chunk.length : end) - at;
        if (ofLine > limits.lineBytes) {
          done(refuse(`:${line}: the line is longer than ${limits.lineBytes} bytes`));
          return;
        }
        if (end < 0) break;
        at = end + 1;
        ofLine = 0;
        line += 1;
      }
      done(null, chunk);
    },
  });
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
