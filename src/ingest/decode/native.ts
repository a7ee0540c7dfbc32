import { EventFrame, SLOT } from '../../core/domain/event-frame.ts';
import type { ModelSchema } from '../../core/domain/event-frame.ts';
import type { FeatureRole } from '../../core/domain/feature.ts';
import type { Rejection } from '../../core/domain/ingestion.ts';
import { LIMITS } from '../decoder.ts';
import type { Decoder } from '../decoder.ts';
import { parseEventTime } from './event-time.ts';

const utf8 = new TextDecoder('utf-8', { fatal: true });

type Fields = Readonly<Record<string, unknown>>;

class Rejected extends Error {
  readonly rejection: Rejection;

  constructor(reason: Rejection['reason'], detail: string) {
    super(detail);
    this.rejection = { reason, detail };
  }
}

/**
 * The native event: {"id"?, "model", "version"?, "ts", "features": {name: value}, "prediction"?, "label"?, "attributes"?}.
 * docs/events.md says what each part may hold and what becomes of odd values.
 */
export function createNativeDecoder(): Decoder {
  const frame = new EventFrame();
  return {
    decode(record, schemas, emit) {
      try {
        const event = parse(record.value ?? new Uint8Array(0));
        const model = textField(event, 'model');
        const schema = schemas.schema(model);
        if (schema === null) {
          throw new Rejected('unknown-model', `no model named "${shorten(model)}" is declared`);
        }
        fill(frame, schema, event, record.timestamp);
        emit(frame);
        return null;
      } catch (thrown) {
        if (thrown instanceof Rejected) return thrown.rejection;
        throw thrown;
      }
    },
  };
}

function parse(value: Uint8Array): Fields {
  if (value.length > LIMITS.recordBytes) {
    throw new Rejected(
      'too-large',
      `${value.length} bytes; at most ${LIMITS.recordBytes} are read`,
    );
  }
  let text: string;
  try {
    text = utf8.decode(value);
  } catch {
    throw new Rejected('invalid-encoding', 'the value is not UTF-8');
  }
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch (error) {
    throw new Rejected('invalid-json', `not JSON: ${shorten((error as Error).message)}`);
  }
  if (!isObject(parsed)) throw new Rejected('invalid-shape', 'the value must be a JSON object');
  checkLimits(parsed);
  return parsed;
}

function isObject(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Depth, keys, string lengths and characters that no database text can hold, in one walk without recursion. */
function checkLimits(root: Fields): void {
  let keys = 0;
  let level: unknown[] = [root];
  for (let depth = 0; level.length > 0; depth += 1) {
    if (depth > LIMITS.depth) {
      throw new Rejected('limit-exceeded', `nested deeper than ${LIMITS.depth} levels`);
    }
    const next: unknown[] = [];
    for (const node of level) {
      if (typeof node === 'string') checkText(node, LIMITS.stringLength);
      else if (Array.isArray(node)) {
        keys += node.length;
        for (const value of node)
          if (typeof value === 'object' || typeof value === 'string') next.push(value);
      } else if (isObject(node)) {
        for (const key in node) {
          keys += 1;
          checkText(key, LIMITS.nameBytes);
          const value = node[key];
          if (typeof value === 'string') checkText(value, LIMITS.stringLength);
          else if (typeof value === 'object' && value !== null) next.push(value);
        }
      }
      if (keys > LIMITS.keys) {
        throw new Rejected('limit-exceeded', `more than ${LIMITS.keys} keys and list entries`);
      }
    }
    level = next;
  }
}

function checkText(text: string, limit: number): void {
  if (text.length > limit) {
    throw new Rejected(
      'limit-exceeded',
      `a text of ${text.length} characters; at most ${limit} are read`,
    );
  }
  if (!text.isWellFormed() || text.includes('\0')) {
    throw new Rejected('invalid-encoding', 'a text holds U+0000 or half a surrogate pair');
  }
}

function shorten(text: string): string {
  return text.length > 100 ? `${text.slice(0, 97)}...` : text;
}

function textField(event: Fields, key: string): string {
  const value = own(event, key);
  if (typeof value === 'string' && value !== '') return value;
  throw new Rejected('invalid-shape', `"${key}" must be a text`);
}

/** Own keys only: "__proto__" is a name like any other. */
function own(fields: Fields, key: string): unknown {
  return Object.hasOwn(fields, key) ? fields[key] : undefined;
}

function objectOrAbsent(event: Fields, key: string): Fields | null {
  const value = own(event, key);
  if (value === undefined || value === null) return null;
  if (isObject(value)) return value;
  throw new Rejected('invalid-shape', `"${key}" must be an object`);
}

function fill(frame: EventFrame, schema: ModelSchema, event: Fields, recordTime: number): void {
  frame.reset(schema);
  const ts = own(event, 'ts');
  const time = ts === undefined || ts === null ? recordTime : parseEventTime(ts);
  if (time === null) {
    throw new Rejected(
      'invalid-timestamp',
      '"ts" must be RFC 3339 with a zone, or epoch milliseconds',
    );
  }
  frame.time = time;
  const id = own(event, 'id');
  frame.id = typeof id === 'string' ? id : typeof id === 'number' ? String(id) : null;
  const version = own(event, 'version');
  frame.version = typeof version === 'string' ? version : null;
  const features = objectOrAbsent(event, 'features');
  if (features !== null) fillRole(frame, schema, features, 'input');
  fillOutcome(frame, schema, own(event, 'prediction'), 'prediction');
  fillOutcome(frame, schema, own(event, 'label'), 'label');
  const attributes = objectOrAbsent(event, 'attributes');
  schema.attributes.forEach((name, i) => {
    const value = attributes === null ? undefined : own(attributes, name);
    frame.attributes[i] =
      typeof value === 'string'
        ? value
        : typeof value === 'number' || typeof value === 'boolean'
          ? String(value)
          : null;
  });
}

/** Every feature of the role is spoken about: what the object lacks is missing. */
function fillRole(frame: EventFrame, schema: ModelSchema, values: Fields, role: FeatureRole): void {
  schema.features.forEach((feature, i) => {
    if (feature.role === role) frame.slots[i] = SLOT.missing;
  });
  for (const name in values) {
    const index = schema.indexOf.get(name);
    if (index === undefined) frame.unknownFeatures += 1;
    else setSlot(frame, index, values[name]);
  }
}

/** A prediction or label: one value for the model's only feature of that role, or an object by name. */
function fillOutcome(
  frame: EventFrame,
  schema: ModelSchema,
  value: unknown,
  role: FeatureRole,
): void {
  if (value === undefined) return;
  if (isObject(value)) {
    fillRole(frame, schema, value, role);
    return;
  }
  const only = schema.features.findIndex((feature) => feature.role === role);
  if (only < 0) {
    frame.unknownFeatures += 1;
    return;
  }
  const several = schema.features.findIndex((feature, i) => i > only && feature.role === role) >= 0;
  if (several) {
    throw new Rejected(
      'invalid-shape',
      `"${role}" must be an object by name: the model has several of them`,
    );
  }
  setSlot(frame, only, value);
}

function setSlot(frame: EventFrame, index: number, value: unknown): void {
  if (typeof value === 'number') {
    frame.slots[index] = SLOT.number;
    frame.numbers[index] = value;
  } else if (typeof value === 'string') {
    frame.slots[index] = SLOT.text;
    frame.texts[index] = value;
  } else if (typeof value === 'boolean') {
    frame.slots[index] = SLOT.boolean;
    frame.numbers[index] = value ? 1 : 0;
  } else {
    frame.slots[index] = value === null ? SLOT.missing : SLOT.invalid;
  }
}
