import { SLOT } from '../../core/domain/event-frame.ts';
import type { EventFrame, ModelSchema } from '../../core/domain/event-frame.ts';
import type { FeatureRole } from '../../core/domain/feature.ts';
import type { Decoder } from '../decoder.ts';
import { parseEventTime } from './event-time.ts';
import { Rejected, isObject, own, parseObject, shorten } from './json-limits.ts';
import type { JsonObject } from './json-limits.ts';

/**
 * The native event: {"id"?, "model", "version"?, "ts", "features": {name: value}, "prediction"?, "label"?, "attributes"?}.
 * docs/events.md says what each part may hold and what becomes of odd values.
 */
export function createNativeDecoder(): Decoder {
  return {
    decode(record, schemas, into) {
      try {
        const event = parseObject(record.value ?? new Uint8Array(0));
        const model = textField(event, 'model');
        const schema = schemas.schema(model);
        if (schema === null) {
          throw new Rejected('unknown-model', `no model named "${shorten(model)}" is declared`);
        }
        fill(into.add(schema), schema, event, record.timestamp);
        return null;
      } catch (thrown) {
        if (thrown instanceof Rejected) return thrown.rejection;
        throw thrown;
      }
    },
  };
}

function textField(event: JsonObject, key: string): string {
  const value = own(event, key);
  if (typeof value === 'string' && value !== '') return value;
  throw new Rejected('invalid-shape', `"${key}" must be a text`);
}

function objectOrAbsent(event: JsonObject, key: string): JsonObject | null {
  const value = own(event, key);
  if (value === undefined || value === null) return null;
  if (isObject(value)) return value;
  throw new Rejected('invalid-shape', `"${key}" must be an object`);
}

function fill(frame: EventFrame, schema: ModelSchema, event: JsonObject, recordTime: number): void {
  const ts = own(event, 'ts');
  // Without a time of its own an event happened when its record was written.
  const time = parseEventTime(ts === undefined || ts === null ? recordTime : ts);
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

/**
 * Every feature of the role is spoken about: what the object lacks is missing. `features` may name predictions and labels
 * too (a row of a file has them side by side); `prediction` and `label` name features of their own role only.
 */
function fillRole(
  frame: EventFrame,
  schema: ModelSchema,
  values: JsonObject,
  role: FeatureRole,
): void {
  const { features, indexOf } = schema;
  for (let i = 0; i < features.length; i += 1) {
    if (features[i]?.role === role) frame.slots[i] = SLOT.missing;
  }
  for (const name in values) {
    const index = indexOf.get(name);
    if (index === undefined || (role !== 'input' && features[index]?.role !== role)) {
      if (schema.ignored?.has(name) !== true) frame.unknownFeatures += 1;
    } else setSlot(frame, index, values[name]);
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
  if (schema.features.findLastIndex((feature) => feature.role === role) !== only) {
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
