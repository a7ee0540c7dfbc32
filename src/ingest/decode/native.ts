import type { Decoder } from '../decoder.ts';
import { Rejected, parseObject, shorten } from './json-limits.ts';
import { fillNativeEvent, modelOfNative } from './native-event.ts';

/**
 * The native event: {"id"?, "model", "version"?, "ts", "features": {name: value}, "prediction"?, "label"?, "attributes"?}.
 */
export function createNativeDecoder(): Decoder {
  return {
    decode(record, schemas, into) {
      try {
        const event = parseObject(record.value ?? new Uint8Array(0));
        const model = modelOfNative(event);
        const schema = schemas.schema(model);
        if (schema === null) {
          throw new Rejected('unknown-model', `no model named "${shorten(model)}" is declared`);
        }
        fillNativeEvent(into.add(schema), schema, event, record.timestamp);
        return null;
      } catch (thrown) {
        if (thrown instanceof Rejected) return thrown.rejection;
        throw thrown;
      }
    },
  };
}
