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
  const ts = own(event, 'ts');
  const usual = typeof ts === 'string' ? times.readText(ts) : -1;
  const time = usual >= 0 ? usual : parseEventTime(ts ?? recordTime);
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
    frame.attributes[i] = attributes === null ? null : attributeText(own(attributes, name));
  });
}

/** The model that a native event names. @throws Rejected invalid-shape */
export function modelOfNative(event: JsonObject): string {
  const value = own(event, 'model');
  if (typeof value === 'string' && value !== '') return value;
  throw new Rejected('invalid-shape', '"model" must be a text');
}

function objectOrAbsent(event: JsonObject, key: string): JsonObject | null {
  const value = own(event, key);
  if (value === undefined || value === null) return null;
  if (isObject(value)) return value;
  throw new Rejected('invalid-shape', `"${key}" must be an object`);
}
