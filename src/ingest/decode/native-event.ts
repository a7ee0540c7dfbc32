import type { EventFrame, ModelSchema } from '../../core/domain/event-frame.ts';
import { TimeReader } from './bytes/time-reader.ts';
import { parseEventTime } from './event-time.ts';
import { attributeText, fillOutcome, fillRole } from './fill.ts';
import { Rejected, isObject, own } from './json-limits.ts';
import type { JsonObject } from './json-limits.ts';

const times = new TimeReader();

/**
 * Fills a frame from a native event that is parsed already. docs/events.md says what each part may hold and what becomes
 * of odd values.
 * @param recordTime when the event has no time of its own, it happened when its record was written
 * @throws Rejected invalid-shape, invalid-timestamp
 */
export function fillNativeEvent(
  frame: EventFrame,
  schema: ModelSchema,
  event: JsonObject,
  recordTime: number,
): void {
  let ts: unknown;
  let id: unknown;
  let version: unknown;
  let features: unknown;
  let prediction: unknown;
  let label: unknown;
  let attributes: unknown;
  // In one pass over its own keys, which costs less than to ask for one after another.
  for (const key in event) {
    const value = event[key];
    if (key === 'ts') ts = value;
    else if (key === 'features') features = value;
    else if (key === 'id') id = value;
    else if (key === 'version') version = value;
    else if (key === 'prediction') prediction = value;
    else if (key === 'label') label = value;
    else if (key === 'attributes') attributes = value;
  }
  const usual = typeof ts === 'string' ? times.readText(ts) : -1;
  const time = usual >= 0 ? usual : parseEventTime(ts ?? recordTime);
  if (time === null) {
    throw new Rejected(
      'invalid-timestamp',
      '"ts" must be RFC 3339 with a zone, or epoch milliseconds',
    );
  }
  frame.time = time;
  frame.id = typeof id === 'string' ? id : typeof id === 'number' ? String(id) : null;
  frame.version = typeof version === 'string' ? version : null;
  const named = objectOrAbsent(features, 'features');
  if (named !== null) fillRole(frame, schema, named, 'input');
  fillOutcome(frame, schema, prediction, 'prediction');
  fillOutcome(frame, schema, label, 'label');
  const sliced = objectOrAbsent(attributes, 'attributes');
  schema.attributes.forEach((name, i) => {
    frame.attributes[i] = sliced === null ? null : attributeText(own(sliced, name));
  });
}

/** The model that a native event names. @throws Rejected invalid-shape */
export function modelOfNative(event: JsonObject): string {
  const value = own(event, 'model');
  if (typeof value === 'string' && value !== '') return value;
  throw new Rejected('invalid-shape', '"model" must be a text');
}

function objectOrAbsent(value: unknown, key: string): JsonObject | null {
  if (value === undefined || value === null) return null;
  if (isObject(value)) return value;
  throw new Rejected('invalid-shape', `"${key}" must be an object`);
}
