import type { FeatureRole } from '../../../core/domain/feature.ts';
import { namesOf } from '../bodies/body.ts';
import { bodyShapeOf, readJsonBody } from '../bodies/read-body.ts';
import { rowsTable } from '../bodies/tables.ts';
import { writeCall } from '../call.ts';
import type { Reading, Table } from '../call.ts';
import { parseDocument } from '../document.ts';
import { attributeText } from '../fill.ts';
import { Rejected, isObject, own } from '../json-limits.ts';
import { textOrNull } from './json-shape.ts';
import type { JsonShape } from './json-shape.ts';

/** A row of Vertex AI's request-response log as JSON: payloads are lists of texts, an instance or prediction each. */
export const vertex: JsonShape = {
  name: 'vertex',
  matches: (event) =>
    own(event, 'endpoint') !== undefined &&
    (own(event, 'request_payload') !== undefined || own(event, 'response_payload') !== undefined),
  read(event, reading) {
    const tables: Partial<Record<FeatureRole, Table>> = {};
    for (const [key, role] of [
      ['request_payload', 'input'],
      ['response_payload', 'prediction'],
    ] as const) {
      const payload = own(event, key);
      if (payload === undefined || payload === null) continue;
      if (Array.isArray(payload) && payload.length === 0) continue;
      tables[role] = payloadTable(key, payload, role, reading);
    }
    if (tables.input === undefined && tables.prediction === undefined) {
      throw new Rejected('invalid-shape', 'the row has no payload');
    }
    const endpoint = textOrNull(own(event, 'endpoint'));
    const deployed = attributeText(own(event, 'deployed_model_id'));
    writeCall(
      {
        names: [endpoint, endpoint?.split('/').at(-1) ?? null, deployed],
        id: attributeText(own(event, 'request_id')),
        version: deployed,
        time: timeOf(own(event, 'logging_time')),
        tables,
        attribute: (name) => own(event, name),
      },
      reading,
    );
  },
};

function payloadTable(
  key: string,
  payload: unknown,
  role: 'input' | 'prediction',
  { mapping }: Reading,
): Table {
  const texts: readonly unknown[] = Array.isArray(payload) ? payload : [payload];
  const values = texts.map((text) =>
    typeof text === 'string' ? parseDocument(text, `"${key}"`) : text,
  );
  const [first] = values;
  if (values.length === 1 && isObject(first) && bodyShapeOf(first) !== null) {
    const table = readJsonBody(first, { side: role, mapping }).tables[role];
    if (table !== undefined) return table;
    throw new Rejected('invalid-shape', `"${key}" holds the other side of a call`);
  }
  return rowsTable(values, namesOf(mapping, role), `"${key}"`);
}

/** BigQuery writes "2024-01-31 12:00:00.123456 UTC". */
function timeOf(time: unknown): unknown {
  return typeof time === 'string' ? time.replace(/ UTC$/, 'Z') : time;
}
