import type { FeatureRole } from '../../../core/domain/feature.ts';
import { readBody } from '../bodies/read-body.ts';
import { namesOf } from '../bodies/body.ts';
import { csvTable } from '../bodies/csv.ts';
import { rowsTable } from '../bodies/tables.ts';
import { writeCall } from '../call.ts';
import type { Reading, Table } from '../call.ts';
import { fromBase64, parseDocument } from '../document.ts';
import { Rejected, isObject, own } from '../json-limits.ts';
import type { JsonObject } from '../json-limits.ts';
import { textOf } from '../record-text.ts';
import { textOrNull } from './json-shape.ts';
import type { JsonShape } from './json-shape.ts';

/**
 * A line of SageMaker's data capture: request, response or both of one call; or a line of ground truth. The lines name no
 * model, and CSV in them has no header: both come from the configuration.
 */
export const sagemaker: JsonShape = {
  name: 'sagemaker',
  matches: (event) =>
    isObject(own(event, 'captureData')) || isObject(own(event, 'groundTruthData')),
  read(event, reading) {
    const truth = own(event, 'groundTruthData');
    const tables: Partial<Record<FeatureRole, Table>> = {};
    if (isObject(truth)) tables.label = truthTable(truth, reading);
    else {
      const capture = own(event, 'captureData') as JsonObject;
      for (const [key, role] of [
        ['endpointInput', 'input'],
        ['endpointOutput', 'prediction'],
      ] as const) {
        const side = own(capture, key);
        if (side !== undefined && side !== null) tables[role] = sideTable(key, side, role, reading);
      }
      if (Object.keys(tables).length === 0) {
        throw new Rejected('invalid-shape', '"captureData" has neither input nor output');
      }
    }
    const said = own(event, 'eventMetadata');
    const meta = isObject(said) ? said : {};
    const custom = customAttributes(own(meta, 'customAttributes'));
    writeCall(
      {
        names: [],
        id: textOrNull(own(meta, 'inferenceId')) ?? textOrNull(own(meta, 'eventId')),
        version: null,
        time: own(meta, 'inferenceTime'),
        tables,
        attribute: (name) => custom.get(name),
      },
      reading,
    );
  },
};

function sideTable(
  key: string,
  side: unknown,
  role: 'input' | 'prediction',
  { mapping }: Reading,
): Table {
  const data = isObject(side) ? own(side, 'data') : undefined;
  if (!isObject(side) || typeof data !== 'string') {
    throw new Rejected('invalid-shape', `"${key}" must have "data", a text`);
  }
  const encoding = encodingOf(side);
  const observed = textOrNull(own(side, 'observedContentType'));
  const type =
    encoding === 'CSV' && observed?.toLowerCase().startsWith('text/csv') !== true
      ? 'text/csv'
      : observed;
  const value = encoding === 'BASE64' ? fromBase64(data, `"${key}.data"`) : data;
  const table = readBody(value, type, { side: role, mapping }).tables[role];
  if (table === undefined) {
    throw new Rejected('invalid-shape', `"${key}" holds the other side of a call`);
  }
  return table;
}

function encodingOf(data: JsonObject): string {
  return textOrNull(own(data, 'encoding'))?.toUpperCase() ?? '';
}

function truthTable(truth: JsonObject, { mapping }: Reading): Table {
  const data = own(truth, 'data');
  if (typeof data !== 'string') {
    throw new Rejected('invalid-shape', '"groundTruthData" must have "data", a text');
  }
  const encoding = encodingOf(truth);
  const text = encoding === 'BASE64' ? textOf(fromBase64(data, '"groundTruthData.data"')) : data;
  const names = namesOf(mapping, 'label');
  if (encoding !== 'JSON') return csvTable(text, false, names, '"groundTruthData"');
  return rowsTable([parseDocument(text, '"groundTruthData.data"')], names, '"groundTruthData"');
}

/** `key=value` pairs with commas or semicolons between them, or a JSON object; or a list of such texts. */
function customAttributes(value: unknown): ReadonlyMap<string, string> {
  const pairs = new Map<string, string>();
  for (const text of Array.isArray(value) ? value : [value]) {
    if (typeof text !== 'string') continue;
    for (const pair of text.split(/[,;]/)) {
      const at = pair.indexOf('=');
      if (at > 0) pairs.set(pair.slice(0, at).trim(), pair.slice(at + 1).trim());
    }
  }
  return pairs;
}
