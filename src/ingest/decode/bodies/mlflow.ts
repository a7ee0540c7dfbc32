import { Rejected, isObject, own } from '../json-limits.ts';
import { sideOnly } from './body.ts';
import type { BodyShape } from './body.ts';
import { columnName, putByPosition, rowsTable } from './tables.ts';

/** Where names of values by position stand. */
const COLUMNS = '"dataframe_split.columns"';

/** MLflow's scoring server: a data frame in one of two forms. Its other bodies are those of the V1 protocol. */
export const mlflow: BodyShape = {
  name: 'mlflow',
  matches: (body) =>
    own(body, 'dataframe_split') !== undefined || own(body, 'dataframe_records') !== undefined,
  read(body) {
    const split = own(body, 'dataframe_split');
    if (split === undefined) {
      const records = own(body, 'dataframe_records');
      if (!Array.isArray(records) || !records.every(isObject)) {
        throw new Rejected('invalid-shape', '"dataframe_records" must be a list of objects');
      }
      return sideOnly(
        'input',
        rowsTable(records, { list: undefined, place: COLUMNS }, '"dataframe_records"'),
      );
    }
    const columns = isObject(split) ? own(split, 'columns') : undefined;
    const data = isObject(split) ? own(split, 'data') : undefined;
    if (!Array.isArray(columns) || !Array.isArray(data) || !data.every(Array.isArray)) {
      throw new Rejected(
        'invalid-shape',
        '"dataframe_split" must have "columns" and "data", a list of rows',
      );
    }
    const names = { list: columns.map(columnName), place: COLUMNS };
    return sideOnly('input', {
      rows: data.length,
      read(row, put) {
        putByPosition(data[row] as readonly unknown[], names, put, '"dataframe_split"');
      },
    });
  },
};
