import type { EventFrame, ModelSchema } from '../../core/domain/event-frame.ts';
import { TimeReader } from './bytes/time-reader.ts';
import { NO_TIME, parseEventTime } from '../../core/domain/event-time.ts';
import { attributeText, fillOutcome, fillRole } from './fill.ts';
import { Rejected, checkKeys, checkName, checkValue, isObject, own } from './json-limits.ts';
import type { JsonObject, Seen } from './json-limits.ts';

const times = new TimeReader();

/** The parts of a native event as they were found; undefined: it has none. */
export interface NativeParts {
  readonly model: unknown;
  readonly ts: unknown;
  readonly id: unknown;
  readonly version: unknown;
  readonly features: unknown;
  readonly prediction: unknown;
  readonly label: unknown;
  readonly attributes: unknown;
  readonly seen: Seen;
}

/**
 * The parts of a native event, in one pass over its own keys, which costs less than to ask for one after another. Limits
 * are checked but those of features, predictions and labels, which fillNativeEvent looks at anyway.
 * @throws Rejected limit-exceeded, invalid-encoding
 */
export function partsOfNative(event: JsonObject, seen: Seen): NativeParts {
  let model: unknown;
  let ts: unknown;
  let id: unknown;
  let version: unknown;
  let features: unknown;
  let prediction: unknown;
  let label: unknown;
  let attributes: unknown;
  for (const key in event) {
    const value = event[key];
    seen.keys += 1;
    if (key === 'features') features = value;
    else if (key === 'prediction') prediction = value;
    else if (key === 'label') label = value;
    else {
      checkValue(value, 1, seen);
      if (key === 'id') id = value;
      else if (key === 'model') model = value;
      else if (key === 'version') version = value;
      else if (key === 'ts') ts = value;
      else if (key === 'attributes') attributes = value;
      else checkName(key, seen);
    }
  }
  return { model, ts, id, version, features, prediction, label, attributes, seen };
}

/**
 * Fills a frame from a native event. docs/events.md says what each part may hold and what becomes of odd values.
 * @param recordTime when the event has no time of its own, it happened when its record was written; negative: nobody knows
 * @throws Rejected invalid-shape, invalid-timestamp, limit-exceeded, invalid-encoding
 */
export function fillNativeEvent(
  frame: EventFrame,
  schema: ModelSchema,
  event: NativeParts,
  recordTime: number,
): void {
  const { ts, id, version, seen } = event;
  const usual = typeof ts === 'string' ? times.readText(ts) : -1;
  const time = usual >= 0 ? usual : parseEventTime(ts ?? recordTime);
  if (time === null) {
    const wrong = '"ts" must be RFC 3339 with a zone, or epoch milliseconds';
    throw new Rejected('invalid-timestamp', (ts ?? null) === null ? NO_TIME : wrong);
  }
  frame.time = time;
  frame.id = typeof id === 'string' ? id : typeof id === 'number' ? String(id) : null;
  frame.version = typeof version === 'string' ? version : null;
  const named = objectOrAbsent(event.features, 'features');
  if (named === null) checkKeys(seen.keys);
  else fillRole(frame, schema, named, 'input', seen);
  fillOutcome(frame, schema, event.prediction, 'prediction', seen);
  fillOutcome(frame, schema, event.label, 'label', seen);
  const sliced = objectOrAbsent(event.attributes, 'attributes');
  if (sliced === null) return;
  for (const [i, name] of schema.attributes.entries())
    frame.attributes[i] = attributeText(own(sliced, name));
}

/** The model that a native event names. @throws Rejected invalid-shape */
export function modelOfNative({ model }: NativeParts): string {
  if (typeof model === 'string' && model !== '') return model;
  throw new Rejected('invalid-shape', '"model" must be a text');
}

function objectOrAbsent(value: unknown, key: string): JsonObject | null {
  if (value === undefined || value === null) return null;
  if (isObject(value)) return value;
  throw new Rejected('invalid-shape', `"${key}" must be an object`);
}
