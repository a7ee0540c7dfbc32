import type { FeatureRole } from '../../../core/domain/feature.ts';
import { readJsonBody } from '../bodies/read-body.ts';
import { writeCall } from '../call.ts';
import type { Reading, Table } from '../call.ts';
import { parseDocument } from '../document.ts';
import { attributeText } from '../fill.ts';
import { Rejected, isObject, own } from '../json-limits.ts';
import type { JsonObject } from '../json-limits.ts';
import { textOrNull } from './json-shape.ts';
import type { JsonShape } from './json-shape.ts';

/** A row of a Databricks inference table as JSON: request and response are bodies of MLflow, as text. */
export const databricks: JsonShape = {
  name: 'databricks',
  matches: (event) => own(event, 'databricks_request_id') !== undefined,
  read(event, reading) {
    const tables: Partial<Record<FeatureRole, Table>> = {};
    put(tables, 'input', own(event, 'request'), reading);
    // What a call that failed answers is a message, no prediction.
    const status = own(event, 'status_code');
    if (status === undefined || status === null || Number(attributeText(status)) === 200) {
      put(tables, 'prediction', own(event, 'response'), reading);
    }
    if (tables.input === undefined && tables.prediction === undefined) {
      throw new Rejected('invalid-shape', 'the row has neither "request" nor "response"');
    }
    const metadata = metadataOf(own(event, 'request_metadata'));
    const said = (key: string): string | null =>
      textOrNull(own(metadata, key)) ?? textOrNull(own(event, key));
    writeCall(
      {
        names: [said('endpoint_name'), said('model_name'), said('served_entity_id')],
        id: textOrNull(own(event, 'databricks_request_id')),
        version: attributeText(own(metadata, 'model_version')),
        time: timeOf(event),
        tables,
        attribute: (name) => own(metadata, name) ?? own(event, name),
      },
      reading,
    );
  },
};

function put(
  tables: Partial<Record<FeatureRole, Table>>,
  side: 'input' | 'prediction',
  text: unknown,
  { mapping }: Reading,
): void {
  if (text === undefined || text === null) return;
  const what = side === 'input' ? '"request"' : '"response"';
  const body = typeof text === 'string' ? parseDocument(text, what) : text;
  const table = readJsonBody(body, { side, mapping }).tables[side];
  if (table === undefined) {
    throw new Rejected('invalid-shape', `${what} holds the other side of a call`);
  }
  tables[side] = table;
}

/** A map column comes as an object, or as JSON text when the export was CSV first. */
function metadataOf(value: unknown): JsonObject {
  const metadata = typeof value === 'string' ? parseDocument(value, '"request_metadata"') : value;
  return isObject(metadata) ? metadata : {};
}

/** Exports write numbers of 64 bits as texts too. */
function timeOf(event: JsonObject): unknown {
  const time = own(event, 'timestamp_ms') ?? own(event, 'request_time');
  return typeof time === 'string' && /^\d+$/.test(time) ? Number(time) : time;
}
