import { parse } from 'csv-parse/sync';
import type { Table } from '../call.ts';
import { Rejected } from '../json-limits.ts';
import type { Names } from './body.ts';
import { putByPosition } from './tables.ts';

/**
 * Lines of comma-separated values, without a header unless `header` says so: their names come from the configuration.
 * @throws Rejected invalid-shape
 */
export function csvTable(text: string, header: boolean, names: Names, what: string): Table {
  let lines: string[][];
  try {
    lines = parse(text, {
      bom: true,
      relax_column_count: true,
      skip_empty_lines: true,
      trim: true,
    });
  } catch {
    throw new Rejected('invalid-shape', `${what} is not CSV`);
  }
  const columns = header ? { list: lines.shift() ?? [], place: 'its header' } : names;
  return {
    rows: lines.length,
    texts: true,
    lone: header && columns.list?.length === 1,
    read(row, put) {
      putByPosition(lines[row] ?? [], columns, put, what);
    },
  };
}
