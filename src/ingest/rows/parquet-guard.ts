import type { Compressors, FileMetaData } from 'hyparquet';
import { compressors } from 'hyparquet-compressors';
import { DriftdError } from '../../platform/errors.ts';
import type { RowLimits } from './row-file.ts';

/** A page is unpacked whole; writers make them of about a megabyte. */
const MAX_PAGE_BYTES = 256 * 1024 * 1024;
/** Runs of equal values take no space in a file, but time to read: as many as a text file of the greatest size holds. */
const MAX_CELLS = 2 ** 31;

/**
 * What the footer claims must fit together, into the file and within the limits, before a page is unpacked.
 * @param limits those of a packed file, whose values count as a byte at least; undefined: the file is the operator's own
 * @throws DriftdError INPUT_INVALID
 */
export function assertFooter(
  metadata: FileMetaData,
  columns: number,
  size: number,
  name: string,
  limits: RowLimits | undefined,
): void {
  assertConsistent(metadata, size, name);
  if (limits === undefined) return;
  const refuse = (what: string): DriftdError =>
    new DriftdError('INPUT_INVALID', `${name}: ${what}`);
  if (columns > limits.columns)
    throw refuse(`it has ${columns} columns, at most ${limits.columns} are taken`);
  const claimed = chunksOf(metadata).reduce(
    (sum, { chunk }) => sum + Math.max(0, Number(chunk.total_uncompressed_size)),
    0,
  );
  if (claimed > limits.unpackedBytes)
    throw refuse(`unpacked it is larger than ${limits.unpackedBytes} bytes`);
  const cells = Number(metadata.num_rows) * columns;
  const most = Math.min(limits.unpackedBytes, MAX_CELLS);
  if (cells > most)
    throw refuse(
      `it has ${metadata.num_rows} rows of ${columns} columns, at most ${most} values are taken of a file of its size`,
    );
}

function chunksOf({ row_groups: groups }: FileMetaData) {
  return groups.flatMap((group) =>
    group.columns.flatMap(({ meta_data: chunk }) =>
      chunk === undefined ? [] : [{ group, chunk }],
    ),
  );
}

function assertConsistent(metadata: FileMetaData, size: number, name: string): void {
  const groups = metadata.row_groups;
  const rows = groups.reduce((sum, group) => sum + group.num_rows, 0n);
  const chunks = chunksOf(metadata);
  // Lists have as many values as they like; they are not read.
  const repeated = new Set(
    metadata.schema.flatMap(({ name: of, repetition_type: times }) =>
      times === 'REPEATED' ? [of] : [],
    ),
  );
  const isFlat = ([first = '', ...deeper]: readonly string[]): boolean =>
    deeper.length === 0 && !repeated.has(first);
  const lies =
    rows !== metadata.num_rows ||
    groups.some((group) => group.num_rows < 0n) ||
    chunks.some(
      ({ group, chunk }) => isFlat(chunk.path_in_schema) && chunk.num_values !== group.num_rows,
    ) ||
    chunks.reduce((sum, { chunk }) => sum + chunk.total_compressed_size, 0n) > BigInt(size);
  if (!lies) return;
  const text = `${name}: its footer contradicts itself: rows, values or sizes do not add up`;
  throw new DriftdError('INPUT_INVALID', text);
}

/**
 * Unpacks pages, none beyond what a page may have: a page's own header tells how large it is, whatever the footer says of
 * its column.
 * @throws DriftdError INPUT_INVALID
 */
export function guardedCompressors(name: string): Compressors {
  return Object.fromEntries(
    Object.entries(compressors).map(([codec, unpack]) => [
      codec,
      (input: Uint8Array, length: number) => {
        if (length >= 0 && length <= MAX_PAGE_BYTES) return unpack(input, length);
        const text = `${name}: a page says it has ${length} bytes, at most ${MAX_PAGE_BYTES} are unpacked`;
        throw new DriftdError('INPUT_INVALID', text);
      },
    ]),
  );
}
