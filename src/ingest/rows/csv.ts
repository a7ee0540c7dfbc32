import { CsvError, parse } from 'csv-parse';
import { DriftdError } from '../../platform/errors.ts';
import type { OpenBytes, ReadRequest, Row, RowStream } from './row-file.ts';

/** Each line may end in its own way: files are joined from several. */
const FORMAT = {
  bom: true,
  skip_empty_lines: true,
  relax_column_count: false,
  record_delimiter: ['\r\n', '\n', '\r'],
};

/**
 * CSV with a header line. Values stay text: what a column is, is decided over all its rows. An empty field is missing.
 */
export async function readCsv({ open, name, onBytes }: ReadRequest): Promise<RowStream> {
  const bytes = open(onBytes);
  const parser = bytes.on('error', (error) => parser.destroy(error)).pipe(parse(FORMAT));
  const close = (): void => {
    parser.destroy();
    bytes.destroy();
  };
  try {
    const records = (parser as AsyncIterable<string[]>)[Symbol.asyncIterator]();
    const header = await next(records, name);
    if (header === null)
      throw new DriftdError('INPUT_INVALID', `${name}: the file has no header line`);
    checkHeader(header, name);
    return { columns: header, rows: rowsOf(records, name, close), close };
  } catch (thrown) {
    close();
    throw thrown;
  }
}

/** The line that each row begins in. */
export async function* csvLines(open: OpenBytes): AsyncGenerator<number> {
  const bytes = open();
  const parser = bytes
    .on('error', (error) => parser.destroy(error))
    .pipe(parse({ ...FORMAT, info: true }));
  let isHeader = true;
  try {
    for await (const { record, info } of parser as AsyncIterable<WithLine>) {
      const within = record.reduce((sum, field) => sum + field.split(/\r\n|\n|\r/).length - 1, 0);
      if (!isHeader) yield info.lines - within;
      isHeader = false;
    }
  } finally {
    parser.destroy();
    bytes.destroy();
  }
}

interface WithLine {
  readonly record: readonly string[];
  /** Of the record's end. */
  readonly info: { readonly lines: number };
}

function checkHeader(header: readonly string[], name: string): void {
  const seen = new Set<string>();
  header.forEach((column, i) => {
    if (column === '') {
      throw new DriftdError('INPUT_INVALID', `${name}:1: column ${i + 1} has no name; give it one`);
    }
    if (seen.has(column)) {
      throw new DriftdError(
        'INPUT_INVALID',
        `${name}:1: column ${column} stands there twice; rename one`,
      );
    }
    seen.add(column);
  });
}

async function* rowsOf(
  records: AsyncIterator<string[]>,
  name: string,
  close: () => void,
): AsyncGenerator<Row> {
  try {
    for (
      let record = await next(records, name);
      record !== null;
      record = await next(records, name)
    ) {
      yield record.map((field) => (field === '' ? null : field));
    }
  } finally {
    close();
  }
}

async function next(records: AsyncIterator<string[]>, name: string): Promise<string[] | null> {
  try {
    const { value, done } = await records.next();
    return done === true ? null : value;
  } catch (thrown) {
    if (!(thrown instanceof CsvError)) throw thrown;
    const line = (thrown as CsvError & { lines?: number }).lines ?? 0;
    throw new DriftdError('INPUT_INVALID', `${name}:${line}: ${thrown.message}`, { cause: thrown });
  }
}
