import type { PutValue, Table } from '../call.ts';
import { Rejected, isObject, own } from '../json-limits.ts';
import type { JsonObject } from '../json-limits.ts';
import type { Names } from './body.ts';

/**
 * Rows as a list: objects by name, lists by position, or single values.
 * @param names of what comes by position
 * @param what is called so in an error
 */
export function rowsTable(rows: readonly unknown[], names: Names, what: string): Table {
  return {
    rows: rows.length,
    read(row, put) {
      putRow(rows[row], names, put, what);
    },
  };
}

/** Columns by name, each a list with one value a row. @throws Rejected when their lengths differ */
export function columnsTable(columns: JsonObject, what: string): Table {
  const lists: (readonly [string, readonly unknown[]])[] = [];
  for (const name in columns) {
    const values = columns[name];
    // A single value is a column of one row.
    lists.push([name, Array.isArray(values) ? values : [values]]);
  }
  const rows = lists[0]?.[1].length ?? 0;
  if (lists.some(([, values]) => values.length !== rows)) {
    throw new Rejected('invalid-shape', `the columns of ${what} are not of the same length`);
  }
  return {
    rows,
    lone: lists.length === 1,
    read(row, put) {
      for (const [name, values] of lists) put(name, unwrap(values[row]));
    },
  };
}

function putRow(row: unknown, names: Names, put: PutValue, what: string): void {
  if (Array.isArray(row)) {
    putByPosition(row, names, put, what);
  } else if (isObject(row)) {
    const features = own(row, 'features');
    if (Array.isArray(features)) putByPosition(features, names, put, what);
    else for (const name in row) put(name, unwrap(row[name]));
  } else {
    put(names.list?.length === 1 ? (names.list[0] ?? null) : null, row);
  }
}

/** @throws Rejected when there is not one name for each value */
export function putByPosition(
  values: readonly unknown[],
  { list: names, place }: Names,
  put: PutValue,
  what: string,
): void {
  if (names === undefined) {
    if (values.length === 1) {
      put(null, unwrap(values[0]));
      return;
    }
    throw new Rejected(
      'invalid-shape',
      `${what} has ${values.length} values by position: say their names under ${place}`,
    );
  }
  if (names.length !== values.length) {
    throw new Rejected(
      'invalid-shape',
      `${what} has ${values.length} values in a row, ${place} names ${names.length}`,
    );
  }
  for (let i = 0; i < values.length; i += 1) put(names[i] ?? null, unwrap(values[i]));
}

/** What a body calls a column, whatever it is: pandas numbers those that have no names, and names others by lists. */
export function columnName(name: unknown): string {
  // String would ask the objects of strangers for their own idea of a text.
  return typeof name === 'string' ? name : JSON.stringify(name);
}

/** Serving systems write a value as a tensor of one: `[39]` is 39. */
function unwrap(value: unknown): unknown {
  return Array.isArray(value) && value.length === 1 ? value[0] : value;
}
