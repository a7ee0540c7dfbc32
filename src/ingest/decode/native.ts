import { valueBytes } from '../../core/domain/ingestion.ts';
import type { Decoder } from '../decoder.ts';
import { NativeScanner } from './bytes/native-scanner.ts';
import { Rejected, parseObject, shorten } from './json-limits.ts';
import { fillNativeEvent, modelOfNative, partsOfNative } from './native-event.ts';
import { recordText } from './record-text.ts';

/**
 * After so many records in a row that the scanner could not read, it is not asked for the next ones; for twice as many each
 * time that it could not read the one after them either.
 */
const PATIENCE = 8;
const FIRST_PAUSE = 64;
const LONGEST_PAUSE = 4_096;

/**
 * The native event: {"id"?, "model", "version"?, "ts", "features": {name: value}, "prediction"?, "label"?, "attributes"?}.
 * Read off the bytes where it is written as usual, else by JSON.parse; both mean the same.
 */
export function createNativeDecoder(): Decoder {
  const scanner = new NativeScanner();
  const parser = createParsingDecoder();
  let misses = 0;
  let pause = 0;
  let nextPause = FIRST_PAUSE;
  return {
    decode(record, schemas, into) {
      // The scanner passes over unknown features without reading their names.
      if (into.keepsNames) return parser.decode(record, schemas, into);
      if (pause > 0) pause -= 1;
      else if (valueBytes(record) !== null) {
        if (scanner.decode(record, schemas, into)) {
          misses = 0;
          nextPause = FIRST_PAUSE;
          return null;
        }
        into.clear();
        misses += 1;
        if (misses >= PATIENCE) {
          pause = nextPause;
          nextPause = Math.min(2 * nextPause, LONGEST_PAUSE);
        }
      }
      return parser.decode(record, schemas, into);
    },
  };
}

/** The same by JSON.parse alone: what the scanner is measured against. */
export function createParsingDecoder(): Decoder {
  return {
    decode(record, schemas, into) {
      try {
        const { event: parsed, seen } = parseObject(recordText(record));
        const event = partsOfNative(parsed, seen);
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
