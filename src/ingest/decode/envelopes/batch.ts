import type { Reading } from '../call.ts';
import { Rejected, isObject, own } from '../json-limits.ts';
import type { JsonObject } from '../json-limits.ts';
import { NO_DEFAULTS, readNative } from './native-object.ts';
import type { Defaults } from './native-object.ts';

/** Many native events in one record: `{"events": [...]}`. */
export function isBatch(event: JsonObject): boolean {
  return Array.isArray(own(event, 'events'));
}

/** All of them or none: a batch with one bad event goes to quarantine whole. @throws Rejected */
export function readBatch(
  batch: JsonObject,
  reading: Reading,
  defaults: Defaults = NO_DEFAULTS,
): void {
  const events = own(batch, 'events') as readonly unknown[];
  for (const [i, event] of events.entries()) {
    try {
      if (!isObject(event)) throw new Rejected('invalid-shape', 'it must be an object');
      readNative(event, reading, {
        ...defaults,
        id: defaults.id === null ? null : `${defaults.id}/${i}`,
      });
    } catch (thrown) {
      if (!(thrown instanceof Rejected)) throw thrown;
      throw new Rejected(thrown.rejection.reason, `event ${i + 1} of the batch: ${thrown.message}`);
    }
  }
}
