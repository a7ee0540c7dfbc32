import { CsvError, parse } from 'csv-parse';
import { DriftdError } from '../../platform/errors.ts';
import type { OpenBytes, Row, RowStream } from './row-file.ts';

/**
 * CSV with a header line. Values stay text: what a column is, is decided over all its rows. An empty field is missing.
 */
export async function readCsv(
  open: OpenBytes,
  _path: string,
  name: string,
  onBytes?: (bytes: number) => void,
): Promise<RowStream> {
  const parser = open(onBytes)
    .on('error', (error) => parser.destroy(error))
    .pipe(parse({ bom: true, skip_empty_lines: true, relax_column_count: false }));
  const records = (parser as AsyncIterable<string[]>)[Symbol.asyncIterator]();
  const header = await next(records, name);
  if (header === null)
    throw new DriftdError('INPUT_INVALID', `${name}: the file has no header line`);
  checkHeader(header, name);
  return { columns: header, rows: rowsOf(records, name, parser) };
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
  parser: { destroy: () => unknown },
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
    parser.destroy();
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
