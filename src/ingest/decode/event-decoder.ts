import { SLOT } from '../../core/domain/event-frame.ts';
import type { EventFormat } from '../../config/types.ts';
import { valueBytes } from '../../core/domain/ingestion.ts';
import type { Rejection, SourceRecord } from '../../core/domain/ingestion.ts';
import type { Decoder, FrameList, SchemaSource } from '../decoder.ts';
import { BODY_SHAPES } from './bodies/read-body.ts';
import type { Reading } from './call.ts';
import { LARGE, parseDocument } from './document.ts';
import { isBatch, readBatch } from './envelopes/batch.ts';
import {
  binaryEvent,
  isBinary,
  isStructured,
  structuredEvent,
  structuredJson,
} from './envelopes/cloud-event.ts';
import { databricks } from './envelopes/databricks.ts';
import { isFlat, readFlat, speaksFlat } from './envelopes/flat.ts';
import { headerTexts, mayTellShape } from './envelopes/headers.ts';
import { readCloudEvent, readSeldonRecord } from './envelopes/inference-event.ts';
import type { JsonShape } from './envelopes/json-shape.ts';
import { kserveLog } from './envelopes/kserve-log.ts';
import { isNative, NO_DEFAULTS, readNative, readUntold } from './envelopes/native-object.ts';
import { writeBody } from './envelopes/payload.ts';
import type { Envelope } from './envelopes/payload.ts';
import { sagemaker } from './envelopes/sagemaker.ts';
import { vertex } from './envelopes/vertex.ts';
import { Rejected, isObject, own } from './json-limits.ts';
import type { EventMapping } from '../../config/types.ts';
import { createNativeDecoder } from './native.ts';
import { recordText } from './record-text.ts';

/*
 * Which shape a record has: its headers tell, else its keys, else the configuration. A new shape is one file and one line
 * in a list here.
 */

const cloudEvents: JsonShape = {
  name: 'cloudevents',
  matches: (event) => own(event, 'specversion') !== undefined,
  read(event, reading) {
    readCloudEvent(structuredJson(event), reading);
  },
};

const native: JsonShape = {
  name: 'native',
  matches: (event) => isNative(event) || isBatch(event),
  read(event, reading) {
    if (isBatch(event) && !isNative(event)) readBatch(event, reading);
    else readNative(event, reading, NO_DEFAULTS);
  },
};

/** A bare request or response: nothing around it. */
const BARE: Envelope = {
  names: [],
  side: null,
  id: null,
  version: null,
  time: null,
  attribute: () => undefined,
};

const bodies = BODY_SHAPES.map((shape): JsonShape => ({
  name: shape.name,
  matches: (event) => shape.matches(event),
  read(event, reading) {
    writeBody(shape.read(event, { side: null, mapping: reading.mapping }), BARE, reading);
  },
}));

const flat: JsonShape = {
  name: 'flat',
  matches: () => false,
  read(event, reading) {
    readFlat(event, reading, NO_DEFAULTS);
  },
};

/** None. The sentence of the native shape is the one that helps most. */
const untold: JsonShape = {
  name: 'native',
  matches: () => false,
  read(event, reading) {
    readUntold(event, reading, NO_DEFAULTS);
  },
};

/** In the order of choice. Native events come first: by their bytes they are told before there are any keys. */
const SHAPES: readonly JsonShape[] = [
  native,
  cloudEvents,
  kserveLog,
  sagemaker,
  databricks,
  vertex,
  ...bodies,
  flat,
];

const NOTHING = new Uint8Array(0);

/** Reasons that no other shape would find better. */
const FINAL = new Set<Rejection['reason']>(['too-large', 'invalid-encoding', 'invalid-json']);

/**
 * Reads the events of one topic or source.
 * @param format `auto`, or the only shape that is accepted
 * @param mapping what the events do not say themselves
 * @param settings whose format and mapping these are, for people who are told to change them
 * @param texts the values of flat events are all texts, as in CSV: numbers are made of them where the feature is numeric
 */
export function createEventDecoder(
  format: EventFormat,
  mapping: EventMapping,
  {
    settings = 'the topic',
    texts = false,
  }: { readonly settings?: string; readonly texts?: boolean } = {},
): Decoder {
  const fast = createNativeDecoder();
  // Every record of a topic is likely of the shape of the one before: native ones are tried without a look at their keys.
  let tryNative = true;
  // Who renames models does so for native events too.
  const renamed = mapping.model !== undefined || mapping.models !== undefined;
  // What looks native may be flat.
  const doubtful = format === 'auto' && isFlat(mapping);

  function read(record: SourceRecord, schemas: SchemaSource, into: FrameList): Rejection | null {
    const { headers } = record;
    const tells = headers.size > 0 && mayTellShape(headers);
    if (tells && readByHeaders(format, { record, schemas, into, mapping, settings, texts }))
      return null;
    // What is large is looked at before it is parsed.
    const quick = !renamed && !doubtful && (valueBytes(record) ?? 0) <= LARGE;
    if (quick && (format === 'native' || (format === 'auto' && tryNative))) {
      const rejection = fast.decode(record, schemas, into);
      if (rejection === null ? saysSomething(into) : FINAL.has(rejection.reason)) return rejection;
      into.clear();
    }
    const reading: Reading = { record, schemas, into, mapping, settings, texts };
    const parsed = parseDocument(recordText(record), 'the value');
    if (format === 'native') readAs(native, parsed, reading);
    else if (format === 'auto') tryNative = readByKeys(parsed, reading) === native;
    else readAs(named(format), parsed, reading);
    return null;
  }

  return {
    decode(record, schemas, into) {
      try {
        return read(record, schemas, into);
      } catch (thrown) {
        if (thrown instanceof Rejected) return thrown.rejection;
        throw thrown;
      }
    },
  };
}

/** A native event is one only if it speaks about a feature: any object with a "model" could be taken for one. */
function saysSomething(into: FrameList): boolean {
  const { slots } = into.at(0);
  for (let i = 0; i < slots.length; i += 1) if (slots[i] !== SLOT.absent) return true;
  return false;
}

/** @returns whether the headers told what the record is */
function readByHeaders(format: EventFormat, reading: Reading): boolean {
  if (format !== 'auto' && format !== 'cloudevents' && format !== 'seldon-core') return false;
  const { record } = reading;
  const value = record.value ?? NOTHING;
  const headers = headerTexts(record.headers);
  if (format !== 'seldon-core') {
    if (isStructured(headers)) {
      readCloudEvent(structuredEvent(headers, value), reading);
      return true;
    }
    if (isBinary(headers)) {
      readCloudEvent(binaryEvent(headers, value), reading);
      return true;
    }
  }
  if (format === 'cloudevents' || headers.get('type')?.startsWith('io.seldon.serving.') !== true) {
    return false;
  }
  readSeldonRecord(headers, value, reading);
  return true;
}

function readByKeys(parsed: unknown, reading: Reading): JsonShape {
  if (!isObject(parsed)) {
    throw new Rejected('invalid-shape', 'the value must be a JSON object');
  }
  let shape = SHAPES.find((candidate) => candidate.matches(parsed)) ?? fallback(reading);
  if (shape === native && speaksFlat(parsed, reading)) shape = flat;
  shape.read(parsed, reading);
  return shape;
}

function fallback({ mapping }: Reading): JsonShape {
  return isFlat(mapping) ? flat : untold;
}

function named(format: EventFormat): JsonShape {
  const shape = SHAPES.find(({ name }) => name === format);
  if (shape !== undefined) return shape;
  throw new Rejected('invalid-shape', `nothing in the headers says that the record is ${format}`);
}

function readAs(shape: JsonShape, parsed: unknown, reading: Reading): void {
  if (!isObject(parsed)) {
    throw new Rejected('invalid-shape', 'the value must be a JSON object');
  }
  if (shape !== flat && !shape.matches(parsed)) {
    throw new Rejected('invalid-shape', `the value has not the keys of shape ${shape.name}`);
  }
  shape.read(parsed, reading);
}
