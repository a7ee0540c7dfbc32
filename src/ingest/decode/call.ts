import { categoryText, parseNumber } from '../../core/baseline/row-value.ts';
import type { EventFrame, ModelSchema } from '../../core/domain/event-frame.ts';
import { FEATURE_ROLES } from '../../core/domain/feature.ts';
import type { FeatureRole } from '../../core/domain/feature.ts';
import type { SourceRecord } from '../../core/domain/ingestion.ts';
import { LIMITS } from '../decoder.ts';
import type { FrameList, SchemaSource } from '../decoder.ts';
import { NO_TIME, parseEventTime } from '../../core/domain/event-time.ts';
import { attributeText, fillNamed, fillOnly, speakOf } from './fill.ts';
import { Rejected, shorten } from './json-limits.ts';
import type { EventMapping } from '../../config/types.ts';

/** What reading one record has at hand. */
export interface Reading {
  readonly record: SourceRecord;
  readonly schemas: SchemaSource;
  readonly into: FrameList;
  readonly mapping: EventMapping;
  /** Whose mapping that is, for people: `the topic`, `http_source`. */
  readonly settings: string;
  /** The values of flat events are all texts, as in CSV. */
  readonly texts: boolean;
}

/** Takes one value: by name, or without one when it is the only of its role. */
export type PutValue = (name: string | null, value: unknown) => void;

/** Rows of values, as a body of any shape holds them. */
export interface Table {
  readonly rows: number;
  /** @throws Rejected */
  read(row: number, put: PutValue): void;
  /** Every value is a text, as in CSV: numbers are made of them where the feature is numeric. */
  readonly texts?: boolean;
  /**
   * Its one value a row has a name that is the server's rather than the model's ("predict", "dense_1"): when no feature
   * has that name it is the only prediction or label.
   */
  readonly lone?: boolean;
}

/** One call of a model, or one side of it: a request with its inputs, a response with its predictions, or both. */
export interface Call {
  /** What the producer calls the model, the surest name first. */
  readonly names: readonly (string | null)[];
  readonly id: string | null;
  readonly version: string | null;
  /** RFC 3339 or epoch ms; undefined or null: the record's time. */
  readonly time: unknown;
  readonly tables: Readonly<Partial<Record<FeatureRole, Table>>>;
  readonly attribute: (name: string) => unknown;
}

/**
 * The model that a call is of: what the configuration says, else the first of its names that is a model.
 * @throws Rejected unknown-model, invalid-shape
 */
export function findSchema(names: readonly (string | null)[], reading: Reading): ModelSchema {
  const { mapping, schemas, settings } = reading;
  if (mapping.model !== undefined) return declared(mapping.model, schemas);
  let first: string | null = null;
  for (const name of names) {
    if (name === null || name === '') continue;
    first ??= name;
    const schema = schemas.schema(mapping.models?.get(name) ?? name);
    if (schema !== null) return schema;
  }
  if (first === null) {
    throw new Rejected(
      'invalid-shape',
      `the event names no model: say which it is in the event, or under "mapping" of ${settings}`,
    );
  }
  return declared(first, schemas);
}

function declared(name: string, schemas: SchemaSource): ModelSchema {
  const schema = schemas.schema(name);
  if (schema !== null) return schema;
  throw new Rejected('unknown-model', `no model named "${shorten(name)}" is declared`);
}

/** A frame for one more event of the record. @throws Rejected limit-exceeded */
export function addFrame(into: FrameList, schema: ModelSchema): EventFrame {
  if (into.length >= LIMITS.events) {
    throw new Rejected('limit-exceeded', `more than ${LIMITS.events} events in a record`);
  }
  if ((into.length + 1) * schema.features.length > LIMITS.values) {
    throw new Rejected(
      'limit-exceeded',
      `events times features of the model come to more than ${LIMITS.values}`,
    );
  }
  return into.add(schema);
}

/**
 * One event a row. Inputs, predictions and labels of one call stand side by side, row by row; where only one side is
 * known the event speaks about that side alone. Counts are kept feature by feature, so that a call whose sides come in
 * two records is counted exactly as one that comes whole.
 * @throws Rejected
 */
export function writeCall(call: Call, reading: Reading): void {
  const schema = findSchema(call.names, reading);
  const time = parseEventTime(call.time ?? reading.record.timestamp);
  if (time === null) {
    const wrong = 'the time must be RFC 3339 with a zone, or epoch milliseconds';
    throw new Rejected('invalid-timestamp', (call.time ?? null) === null ? NO_TIME : wrong);
  }
  const rows = rowsOf(call.tables);
  for (let row = 0; row < rows; row += 1) {
    const frame = addFrame(reading.into, schema);
    frame.time = time;
    frame.version = call.version;
    // Request and response share the id of their call, and all rows do: as events they are told apart.
    const side = FEATURE_ROLES.filter((role) => call.tables[role] !== undefined).join('+');
    frame.id = call.id === null ? null : `${call.id}/${side}/${row}`;
    const seen = new Map<string, unknown>();
    for (const role of FEATURE_ROLES) fillSide(frame, schema, role, call.tables[role], row, seen);
    schema.attributes.forEach((name, i) => {
      frame.attributes[i] = attributeOf(call.attribute(name) ?? seen.get(name));
    });
  }
}

/** The rows that all sides have. @throws Rejected when they differ */
function rowsOf(tables: Call['tables']): number {
  let rows: number | null = null;
  for (const role of FEATURE_ROLES) {
    const table = tables[role];
    if (table === undefined) continue;
    if (rows !== null && rows !== table.rows) {
      throw new Rejected(
        'invalid-shape',
        `${table.rows} rows of ${role}s beside ${rows} rows of the other side`,
      );
    }
    rows = table.rows;
  }
  return rows ?? 0;
}

function fillSide(
  frame: EventFrame,
  schema: ModelSchema,
  role: FeatureRole,
  table: Table | undefined,
  row: number,
  seen: Map<string, unknown>,
): void {
  if (table === undefined) return;
  speakOf(frame, schema, role);
  let values = 0;
  table.read(row, (said, raw) => {
    const name = table.lone === true && isServersName(schema, role, said) ? null : said;
    values += 1;
    if (values > LIMITS.keys) {
      throw new Rejected('limit-exceeded', `more than ${LIMITS.keys} values in an event`);
    }
    checkLength(raw);
    if (name === null) {
      fillOnly(
        frame,
        schema,
        table.texts === true ? typed(raw, onlyKind(schema, role)) : raw,
        role,
      );
      return;
    }
    if (schema.attributes.includes(name)) seen.set(name, raw);
    const index = schema.indexOf.get(name);
    const kind = index === undefined ? undefined : schema.features[index]?.kind;
    fillNamed(frame, schema, role, name, table.texts === true ? typed(raw, kind) : raw);
  });
}

function isServersName(schema: ModelSchema, role: FeatureRole, name: string | null): boolean {
  return role !== 'input' && name !== null && !schema.indexOf.has(name);
}

function onlyKind(schema: ModelSchema, role: FeatureRole): string | undefined {
  return schema.features.find((feature) => feature.role === role)?.kind;
}

/** A field of CSV as the value it stands for: read as the same field of a baseline's file is. */
function typed(raw: unknown, kind: string | undefined): unknown {
  if (typeof raw !== 'string') return raw;
  if (raw === '') return null;
  if (kind === 'categorical') return categoryText(raw);
  const number = parseNumber(raw);
  return Number.isNaN(number) ? raw : number;
}

/** @throws Rejected limit-exceeded */
function checkLength(value: unknown): void {
  if (typeof value !== 'string' || value.length * 3 <= LIMITS.stringBytes) return;
  if (Buffer.byteLength(value) > LIMITS.stringBytes) {
    throw new Rejected('limit-exceeded', `a text of more than ${LIMITS.stringBytes} bytes`);
  }
}

function attributeOf(value: unknown): string | null {
  checkLength(value);
  return attributeText(value);
}
