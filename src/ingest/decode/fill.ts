import { SLOT } from '../../core/domain/event-frame.ts';
import type { EventFrame, ModelSchema } from '../../core/domain/event-frame.ts';
import type { FeatureRole } from '../../core/domain/feature.ts';
import { Rejected, checkKeys, checkName, checkText, checkValue, isObject } from './json-limits.ts';
import type { JsonObject, Seen } from './json-limits.ts';

/*
 * What an event's values become in a frame. Every shape goes through here, so that a value means the same in all of them.
 */

/** From here on the event speaks about every feature of the role: what it does not name is missing. */
export function speakOf(frame: EventFrame, schema: ModelSchema, role: FeatureRole): void {
  const { features } = schema;
  for (let i = 0; i < features.length; i += 1) {
    if (features[i]?.role === role) frame.slots[i] = SLOT.missing;
  }
}

/**
 * One value by name. `input` values may name predictions and labels too (a row of a file has them side by side);
 * `prediction` and `label` name features of their own role only. Names that nobody counts are counted as unknown.
 */
export function fillNamed(
  frame: EventFrame,
  schema: ModelSchema,
  role: FeatureRole,
  name: string,
  value: unknown,
): void {
  const meaning = meaningOf(schema, role, name);
  if (meaning >= 0) setSlot(frame, meaning, value);
  else if (meaning === UNKNOWN) fillUnknown(frame, name);
}

/**
 * Every feature of the role is spoken about: what the object lacks is missing. Its limits are checked on the way.
 * @param values an object of the event itself
 * @throws Rejected limit-exceeded, invalid-encoding
 */
export function fillRole(
  frame: EventFrame,
  schema: ModelSchema,
  values: JsonObject,
  role: FeatureRole,
  seen: Seen,
): void {
  const order = orderOf(schema, role);
  const { names, meanings, own } = order;
  const { slots, numbers, texts } = frame;
  const { missing, number, text } = SLOT;
  for (let i = 0; i < own.length; i += 1) slots[own[i] as number] = missing;
  let place = 0;
  for (const name in values) {
    const value = values[name];
    // Within the list's length: texts are compared with texts alone, which is quicker from then on.
    if (place >= names.length || names[place] !== name) {
      checkName(name, seen);
      checkKeys(place + 1);
      names[place] = name;
      meanings[place] = meaningOf(schema, role, name);
    }
    const meaning = meanings[place] as number;
    place += 1;
    if (meaning < 0) {
      checkValue(value, 2, seen);
      if (meaning === UNKNOWN) fillUnknown(frame, name);
    } else if (typeof value === 'number') {
      slots[meaning] = number;
      numbers[meaning] = value;
    } else if (typeof value === 'string') {
      checkText(value, seen);
      slots[meaning] = text;
      texts[meaning] = value;
    } else {
      checkValue(value, 2, seen);
      setSlot(frame, meaning, value);
    }
  }
  seen.keys += place;
  checkKeys(seen.keys);
}

function fillUnknown(frame: EventFrame, name: string | null): void {
  frame.unknownFeatures += 1;
  if (name !== null) frame.unknownNames?.push(name);
}

const UNKNOWN = -1;
const IGNORED = -2;

/** What the keys of a role were at their places in the event before, and what they mean: most often the same again. */
interface NameOrder {
  readonly names: string[];
  /** Index of the feature, UNKNOWN or IGNORED. */
  readonly meanings: number[];
  /** The features of the role. */
  readonly own: Uint16Array;
}

const orders = new WeakMap<ModelSchema, Record<FeatureRole, NameOrder>>();
/** The schema of the last event: most often that of the next one, too. */
let latest: {
  readonly schema: ModelSchema;
  readonly orders: Record<FeatureRole, NameOrder>;
} | null = null;

function orderOf(schema: ModelSchema, role: FeatureRole): NameOrder {
  if (latest?.schema === schema) return latest.orders[role];
  let known = orders.get(schema);
  if (known === undefined) {
    const first = (of: FeatureRole): NameOrder => ({
      names: [],
      meanings: [],
      own: Uint16Array.from(
        schema.features.flatMap((feature, i) => (feature.role === of ? [i] : [])),
      ),
    });
    known = { input: first('input'), prediction: first('prediction'), label: first('label') };
    orders.set(schema, known);
  }
  latest = { schema, orders: known };
  return known[role];
}

function meaningOf(schema: ModelSchema, role: FeatureRole, name: string): number {
  const index = schema.indexOf.get(name);
  if (index !== undefined && (role === 'input' || schema.features[index]?.role === role))
    return index;
  return schema.ignored?.has(name) === true ? IGNORED : UNKNOWN;
}

/**
 * A value without a name: of the model's only feature of the role.
 * @throws Rejected when the model has several
 */
export function fillOnly(
  frame: EventFrame,
  schema: ModelSchema,
  value: unknown,
  role: FeatureRole,
): void {
  const only = schema.features.findIndex((feature) => feature.role === role);
  if (only < 0) {
    // What has no name of its own goes by that of its role; an input without one is just a column.
    fillUnknown(frame, role === 'input' ? null : role);
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

/** A prediction or label: one value for the model's only feature of that role, or an object by name. */
export function fillOutcome(
  frame: EventFrame,
  schema: ModelSchema,
  value: unknown,
  role: FeatureRole,
  seen: Seen,
): void {
  if (value === undefined) return;
  if (isObject(value)) fillRole(frame, schema, value, role, seen);
  else {
    checkValue(value, 1, seen);
    fillOnly(frame, schema, value, role);
  }
}

/** What an attribute is as a text; null when it is no text, number or boolean. */
export function attributeText(value: unknown): string | null {
  if (typeof value === 'string') return value;
  return typeof value === 'number' || typeof value === 'boolean' ? String(value) : null;
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
