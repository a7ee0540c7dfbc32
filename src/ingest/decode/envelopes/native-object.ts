import { addFrame, findSchema } from '../call.ts';
import type { Call, Reading } from '../call.ts';
import { parseEventTime } from '../../../core/domain/event-time.ts';
import { Rejected, isObject, own } from '../json-limits.ts';
import type { JsonObject } from '../json-limits.ts';
import { fillNativeEvent, partsOfNative } from '../native-event.ts';
import type { NativeParts } from '../native-event.ts';

/** What an envelope adds where the event itself is silent. */
export type Defaults = Pick<Call, 'names' | 'id' | 'time'>;

export const NO_DEFAULTS: Defaults = { names: [], id: null, time: null };

/** A driftd event names its features under `features`, or what came of them under `prediction` or `label`. */
export function isNative(event: JsonObject): boolean {
  if (isObject(own(event, 'features'))) return true;
  return (
    typeof own(event, 'model') === 'string' &&
    (own(event, 'prediction') !== undefined || own(event, 'label') !== undefined)
  );
}

/** Does it say anything that could be counted? An empty object of features does: all of them are missing. */
function saysValues({ features, prediction, label }: NativeParts): boolean {
  return (features ?? undefined) !== undefined || prediction !== undefined || label !== undefined;
}

/**
 * A native event that is parsed already, on its own, in a batch or within an envelope.
 * @param wayOut what else is said of one that has no values
 * @throws Rejected
 */
export function readNative(
  event: JsonObject,
  reading: Reading,
  defaults: Defaults,
  wayOut = '',
): void {
  const { names, id, time } = defaults;
  const named = own(event, 'model');
  const schema = findSchema(typeof named === 'string' ? [named] : names, reading);
  // What stands around the event is a time, even if the event has its own; a record may have none.
  const around = (time ?? null) === null ? reading.record.timestamp : parseEventTime(time);
  if (around === null) {
    throw new Rejected('invalid-timestamp', 'the time around the event must be RFC 3339');
  }
  const parts = partsOfNative(event, { keys: 0, odd: true });
  if (!saysValues(parts)) {
    throw new Rejected(
      'invalid-shape',
      `the event has no "features", "prediction" or "label"${wayOut}`,
    );
  }
  const frame = addFrame(reading.into, schema);
  fillNativeEvent(frame, schema, parts, around);
  frame.id ??= id;
}

/** What is of no shape, read as a native event for the sake of what is said of it. @throws Rejected */
export function readUntold(event: JsonObject, reading: Reading, defaults: Defaults): void {
  const flat = `; where they stand beside its model, say so under "mapping" of ${reading.settings}, as { name: model }`;
  readNative(event, reading, defaults, flat);
}
