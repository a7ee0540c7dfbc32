import { feedbackTruth } from '../bodies/seldon-message.ts';
import type { Side } from '../bodies/body.ts';
import { readBody } from '../bodies/read-body.ts';
import { writeCall } from '../call.ts';
import type { Reading } from '../call.ts';
import { parseDocument } from '../document.ts';
import { Rejected, isObject, own } from '../json-limits.ts';
import type { JsonObject } from '../json-limits.ts';
import { textOf } from '../record-text.ts';
import type { CloudEvent } from './cloud-event.ts';
import { readPayload, writeBody } from './payload.ts';
import type { Envelope } from './payload.ts';

/** `org.kubeflow.serving.inference.request`, `io.seldon.serving.inference.response`. */
const SIDE = /\.inference\.(request|response)$/;
/** `io.seldon.serving.deployment.NAME.NAMESPACE`, the source of MLServer's events. */
const DEPLOYMENT = /^io\.seldon\.serving\.deployment\.([^.]+)/;

/** The side that an event's type names. */
export function sideOf(type: string | undefined): Side | null {
  const side = SIDE.exec(type ?? '')?.[1];
  return side === undefined ? null : side === 'request' ? 'input' : 'prediction';
}

/**
 * A CloudEvent of any version and mode: a request or response that KServe's or MLServer's logger wrote, or one whose data
 * is any event of its own.
 * @throws Rejected
 */
export function readCloudEvent(event: CloudEvent, reading: Reading): void {
  const { attributes, data } = event;
  const envelope = inferenceEnvelope(attributes, attributes.get('requestid') ?? null);
  if (data === null) throw new Rejected('invalid-shape', 'the CloudEvent has no data');
  if ('json' in data) readPayload(data.json, envelope, reading);
  else readBytes(data.bytes, event.contentType, envelope, reading);
}

/** Seldon Core 1: a payload with bare headers (names in lower case). @throws Rejected */
export function readSeldonRecord(
  headers: ReadonlyMap<string, string>,
  value: Uint8Array,
  reading: Reading,
): void {
  const envelope = inferenceEnvelope(headers, headers.get('requestid') ?? null);
  if (headers.get('type')?.endsWith('.feedback') === true) {
    const body = parseDocument(textOf(value), 'the value');
    const truth = isObject(body) ? feedbackTruth(body, reading.mapping) : null;
    // Feedback may be a reward alone: nothing to count, nothing wrong.
    if (truth !== null) writeCall({ ...envelope, tables: { label: truth } }, reading);
    return;
  }
  readBytes(value, headers.get('content-type') ?? null, envelope, reading);
}

/** What loggers of inference calls say around the body, under names that KServe and Seldon share. */
function inferenceEnvelope(said: ReadonlyMap<string, string>, requestId: string | null): Envelope {
  const service = said.get('inferenceservicename') ?? null;
  const namespace = said.get('namespace');
  const model = said.get('modelid') ?? null;
  const further = [said.get('metadata'), said.get('annotations')].map(jsonObjectOf);
  return {
    names: [
      service !== null && model !== null ? `${service}/${model}` : null,
      model,
      service !== null && namespace !== undefined ? `${namespace}/${service}` : null,
      service,
      DEPLOYMENT.exec(said.get('source') ?? '')?.[1] ?? null,
    ],
    side: sideOf(said.get('type')),
    id: requestId ?? said.get('id') ?? null,
    version: null,
    time: said.get('time') ?? null,
    attribute(name) {
      const direct = said.get(name.toLowerCase());
      if (direct !== undefined) return direct;
      for (const fields of further) {
        const value = fields === null ? undefined : own(fields, name);
        if (value !== undefined) return Array.isArray(value) ? (value as unknown[])[0] : value;
      }
      return undefined;
    },
  };
}

/** KServe packs metadata and annotations as JSON into one text; what is no JSON says nothing. */
function jsonObjectOf(text: string | undefined): JsonObject | null {
  if (text === undefined || !text.startsWith('{')) return null;
  try {
    const value = parseDocument(text, 'metadata');
    return isObject(value) ? value : null;
  } catch (thrown) {
    if (thrown instanceof Rejected) return null;
    throw thrown;
  }
}

function readBytes(
  bytes: Uint8Array | string,
  contentType: string | null,
  envelope: Envelope,
  reading: Reading,
): void {
  const { side } = envelope;
  if (side === null) {
    const text = typeof bytes === 'string' ? bytes : textOf(bytes);
    readPayload(parseDocument(text, 'the data'), envelope, reading);
  } else {
    writeBody(readBody(bytes, contentType, { side, mapping: reading.mapping }), envelope, reading);
  }
}
