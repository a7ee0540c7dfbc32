import { isUtf8 } from 'node:buffer';
import { parse } from 'csv-parse/sync';
import { DriftdError } from '../../platform/errors.ts';
import { eventRecord, faulty } from './file-record.ts';
import type { FileRecord, FileRecords } from './file-record.ts';
import { linesOf } from './lines.ts';
import type { Line } from './lines.ts';
import type { RowWriter } from './row-event.ts';

const [QUOTE, LINE_FEED] = [0x22, Buffer.from('\n')];

/** Lines that are one record: more than one where quoted text holds line ends. */
interface Raw {
  readonly line: number;
  readonly bytes: Buffer;
  readonly cut: number;
  /** A quote opens in it and does not close within the limit, or closes where none may. */
  readonly broken: boolean;
}

/**
 * The rows of a CSV file with a header as flat events, every value a text. A row that is none (another width, stray
 * quotes, too long, no UTF-8) is one faulty record, and the next line is the next row.
 * @param from rows before this one are counted, but not made
 * @throws DriftdError INPUT_INVALID when there is no usable header
 */
export async function* csvRecords(
  chunks: AsyncIterable<Buffer>,
  limits: { readonly recordBytes: number; readonly from: number },
  writerOf: (columns: readonly string[]) => RowWriter,
): FileRecords {
  let write: RowWriter | null = null;
  let width = 0;
  let row = 0;
  for await (const raws of rawRecords(chunks, limits.recordBytes)) {
    const records: (FileRecord | null)[] = [];
    for (const raw of raws) {
      if (write === null) {
        const columns = headerOf(raw);
        width = columns.length;
        write = writerOf(columns);
        continue;
      }
      records.push(row < limits.from ? null : recordOf(raw, width, write));
      row += 1;
    }
    if (records.length > 0) yield records;
  }
  if (write === null) throw new DriftdError('INPUT_INVALID', 'the file has no header line');
}

function headerOf({ bytes, broken, cut }: Raw): readonly string[] {
  const fields = broken || cut > 0 ? null : fieldsOf(bytes.toString('utf8').replace(/^\uFEFF/, ''));
  const wrong =
    fields === null || fields.includes('')
      ? 'cannot be read: each column needs a name'
      : new Set(fields).size < fields.length
        ? 'has a name twice'
        : null;
  if (fields === null || wrong !== null)
    throw new DriftdError('INPUT_INVALID', `the header line ${wrong ?? ''}`);
  return fields;
}

function recordOf({ line, bytes, cut, broken }: Raw, width: number, write: RowWriter): FileRecord {
  if (cut > 0)
    return faulty(bytes, 'too-large', `the row of line ${line} has ${bytes.length + cut} bytes`);
  if (!isUtf8(bytes)) return faulty(bytes, 'invalid-encoding', `line ${line} is not UTF-8`);
  const fields = broken ? null : fieldsOf(bytes.toString('utf8'));
  if (fields === null)
    return faulty(bytes, 'invalid-shape', `the quotes of line ${line} are not those of CSV`);
  if (fields.length !== width)
    return faulty(
      bytes,
      'invalid-shape',
      `the row of line ${line} has ${fields.length} fields, the header ${width}`,
    );
  return eventRecord(write(fields.map((field) => (field === '' ? null : field))), `line ${line}: `);
}

/** The fields of one record; null when its quotes are wrong. */
function fieldsOf(text: string): readonly string[] | null {
  if (!text.includes('"')) return text.split(',');
  try {
    const rows: string[][] = parse(text, { relax_column_count: true, record_delimiter: '\0' });
    return rows.length === 1 ? (rows[0] ?? null) : null;
  } catch {
    return null;
  }
}

/** Joins lines while a quote is open. When that does not come to a record, the first line is one of its own, and broken. */
async function* rawRecords(
  chunks: AsyncIterable<Buffer>,
  maxBytes: number,
): AsyncGenerator<readonly Raw[]> {
  let open: Line[] = [];
  let bytes = 0;
  let quotes = 0;

  const reset = (): void => {
    [open, bytes, quotes] = [[], 0, 0];
  };
  /** Takes lines in, and again those that a broken record had swallowed. */
  const take = (lines: readonly Line[], raws: Raw[]): void => {
    const queue = [...lines].reverse();
    for (let line = queue.pop(); line !== undefined; line = queue.pop()) {
      open.push(line);
      bytes += line.bytes.length + line.cut + 1;
      quotes += quotesIn(line.bytes);
      const whole = quotes % 2 === 0;
      if (!whole && bytes <= maxBytes) continue;
      if (open.length === 1) raws.push({ ...rawOf(line), broken: !whole });
      else if (whole && bytes <= maxBytes && fieldsOf(joined(open).toString('utf8')) !== null)
        raws.push({ line: open[0]?.number ?? 0, bytes: joined(open), cut: 0, broken: false });
      else breakUp(raws, queue);
      reset();
    }
  };
  const breakUp = (raws: Raw[], queue: Line[]): void => {
    const [first, ...rest] = open;
    if (first !== undefined) raws.push({ ...rawOf(first), broken: true });
    queue.push(...rest.reverse());
  };

  for await (const lines of linesOf(chunks, maxBytes)) {
    const raws: Raw[] = [];
    take(lines, raws);
    if (raws.length > 0) yield raws;
  }
  // A quote that is open at the end of the file.
  while (open.length > 0) {
    const raws: Raw[] = [];
    const queue: Line[] = [];
    breakUp(raws, queue);
    reset();
    take(queue.reverse(), raws);
    yield raws;
  }
}

function rawOf({ number, bytes, cut }: Line): Omit<Raw, 'broken'> {
  return { line: number, bytes, cut };
}

function joined(lines: readonly Line[]): Buffer {
  return Buffer.concat(lines.flatMap(({ bytes }, i) => (i === 0 ? [bytes] : [LINE_FEED, bytes])));
}

function quotesIn(bytes: Buffer): number {
  let quotes = 0;
  for (let at = bytes.indexOf(QUOTE); at >= 0; at = bytes.indexOf(QUOTE, at + 1)) quotes += 1;
  return quotes;
}
