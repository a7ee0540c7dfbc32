import type { Table } from '../call.ts';
import { Rejected, isObject, own } from '../json-limits.ts';
import type { JsonObject } from '../json-limits.ts';
import type { EventMapping } from '../../../config/types.ts';
import { namesOf, sideOnly } from './body.ts';
import type { BodyShape } from './body.ts';
import { columnName, putByPosition } from './tables.ts';

/**
 * Seldon Core's own message: `data` with `names` and an `ndarray` or a `tensor`. Requests and responses look alike: the
 * header `type` tells them apart.
 */
export const seldonMessage: BodyShape = {
  name: 'seldon-message',
  matches: (body) =>
    isObject(own(body, 'data')) || ['strData', 'binData', 'jsonData'].some((key) => key in body),
  read(body, { side, mapping }) {
    if (side === null) {
      throw new Rejected(
        'invalid-shape',
        'a Seldon message is a request or a response: only the header "type" tells',
      );
    }
    return sideOnly(side, messageTable(body, side, mapping));
  },
};

/** The labels of a feedback message: its `truth`. Null when it has none. */
export function feedbackTruth(body: JsonObject, mapping: EventMapping): Table | null {
  const truth = own(body, 'truth');
  if (truth === undefined || truth === null) return null;
  if (!isObject(truth)) throw new Rejected('invalid-shape', '"truth" must be a Seldon message');
  return messageTable(truth, 'label', mapping);
}

function messageTable(
  body: JsonObject,
  role: 'input' | 'prediction' | 'label',
  mapping: EventMapping,
): Table {
  const data = own(body, 'data');
  if (!isObject(data)) {
    throw new Rejected(
      'unsupported-payload',
      'a Seldon message without "data" (strData, binData, jsonData) has no features',
    );
  }
  const said = own(data, 'names');
  const named = Array.isArray(said) && said.length > 0 ? said.map(columnName) : undefined;
  const rows = rowsOf(data, named?.length ?? 0);
  const width = rows[0]?.length ?? 0;
  const configured = namesOf(mapping, role);
  // What the configuration names is what the baseline calls it; the model's own names are often "t:0".
  const names =
    configured.list?.length === width || named === undefined
      ? configured
      : { list: named, place: '"data.names"' };
  return {
    rows: rows.length,
    lone: width === 1,
    read(row, put) {
      putByPosition(rows[row] ?? [], names, put, '"data"');
    },
  };
}

function rowsOf(data: JsonObject, names: number): readonly (readonly unknown[])[] {
  const tensor = own(data, 'tensor');
  if (isObject(tensor)) return tensorRows(tensor);
  const array = own(data, 'ndarray');
  if (!Array.isArray(array)) {
    throw new Rejected('invalid-shape', '"data" must have an "ndarray" or a "tensor"');
  }
  if (array.every(Array.isArray)) return array as readonly (readonly unknown[])[];
  // One dimension: one row when there is a name for each value, else one value a row.
  return names > 1 && names === array.length ? [array] : array.map((value: unknown) => [value]);
}

function tensorRows(tensor: JsonObject): readonly (readonly unknown[])[] {
  const shape = own(tensor, 'shape');
  const values = own(tensor, 'values');
  if (
    !Array.isArray(shape) ||
    !Array.isArray(values) ||
    !shape.every((size) => Number.isSafeInteger(size) && size >= 0)
  ) {
    throw new Rejected('invalid-shape', '"tensor" must have a "shape" and "values"');
  }
  const sizes = shape as readonly number[];
  const width = sizes.slice(1).reduce((product, size) => product * size, 1);
  const rows = sizes[0] ?? 1;
  if (values.length !== rows * width) {
    throw new Rejected(
      'invalid-shape',
      `"tensor" has ${values.length} values, its shape says ${rows * width}`,
    );
  }
  return Array.from({ length: width === 0 ? 0 : rows }, (_, i) =>
    values.slice(i * width, (i + 1) * width),
  );
}
