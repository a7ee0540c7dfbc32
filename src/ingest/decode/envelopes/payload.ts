import { bodyShapeOf, readJsonBody } from '../bodies/read-body.ts';
import type { Body, Side } from '../bodies/body.ts';
import { writeCall } from '../call.ts';
import type { Call, Reading } from '../call.ts';
import { isObject, own } from '../json-limits.ts';
import { readBatch, isBatch } from './batch.ts';
import { isFlat, readFlat, speaksFlat } from './flat.ts';
import { isNative, readNative, readUntold } from './native-object.ts';

/** What an envelope says about the call within it. */
export type Envelope = Omit<Call, 'tables'> & { readonly side: Side | null };

/** Counts a body: its own words about model, version and id come after those of the envelope. @throws Rejected */
export function writeBody(body: Body, envelope: Envelope, reading: Reading): void {
  writeCall(
    {
      ...envelope,
      names: [...envelope.names, body.model],
      id: envelope.id ?? body.id,
      version: envelope.version ?? body.version,
      tables: body.tables,
    },
    reading,
  );
}

/** JSON data of an envelope: an event of driftd's own, a request or response, or a flat one. @throws Rejected */
export function readPayload(payload: unknown, envelope: Envelope, reading: Reading): void {
  if (isObject(payload)) {
    if (isNative(payload) && !speaksFlat(payload, reading)) {
      readNative(payload, reading, envelope);
      return;
    }
    if (isBatch(payload)) {
      readBatch(payload, reading, envelope);
      return;
    }
    if (bodyShapeOf(payload) === null) {
      if (isFlat(reading.mapping)) {
        readFlat(payload, reading, envelope);
        return;
      }
      // What names a model is no request or response that went wrong.
      if (typeof own(payload, 'model') === 'string') {
        readUntold(payload, reading, envelope);
        return;
      }
    }
  }
  writeBody(
    readJsonBody(payload, { side: envelope.side, mapping: reading.mapping }),
    envelope,
    reading,
  );
}
