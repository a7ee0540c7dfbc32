import type { PostedEvent } from '../../../storage/api/event-inbox.ts';
import { checkStructure, elementsOf } from './json-bytes.ts';
import { jsonFaultAt, jsonFaultInWords } from '../../../core/domain/json-fault.ts';
import { BodyError } from './body-error.ts';
import { nativeModel } from './native-model.ts';
import type { ReadAs } from './native-model.ts';

/** Events of one request at most. */
export const MAX_EVENTS = 10_000;
/** Bytes of one event at most: what the decoders read. */
export const MAX_EVENT_BYTES = 1_048_576;

const LINES = 'application/x-ndjson';
const CLOUDEVENT = 'application/cloudevents+json';
const CLOUDEVENTS = 'application/cloudevents-batch+json';
/** What a body can be that is no CloudEvent in binary mode. */
export const BODY_TYPES = ['application/json', LINES, CLOUDEVENT, CLOUDEVENTS] as const;

export interface EventBody {
  /** The header as it came. */
  readonly contentType: string;
  readonly bytes: Buffer;
  /**
   * Headers that say what the body is, whatever its type: attributes of a CloudEvent in binary mode, `ce-…`, or the bare
   * ones of Seldon. null: there are none, and the body says it.
   */
  readonly attributes: Readonly<Record<string, string>> | null;
}

export interface SplitEvent extends PostedEvent {
  /** What a native event is counted for; null: it names none, may be of another, or nobody asked. */
  readonly model: string | null;
}

/** Type and subtype of a content type, in lower case. */
export function mediaTypeOf(contentType: string): string {
  return contentType.split(';', 1)[0]?.trim().toLowerCase() ?? '';
}

/**
 * The events of a body, each with its very own bytes: one, a list, or one a line. What headers tell is one event whatever
 * its data is. Nothing is kept of what is parsed, and nothing is parsed that would take many times its size.
 * @param as how they will be read, when it is asked of which model each event is; else null
 * @throws BodyError that names the event
 */
export function splitEvents(
  { contentType, bytes, attributes }: EventBody,
  as: ReadAs | null,
): SplitEvent[] {
  if (attributes !== null) return [toldEvent(contentType, bytes, attributes, as)];
  const type = mediaTypeOf(contentType);
  const body = withoutMark(bytes);
  const parts = type === LINES ? linesOf(body) : partsOf(body, type);
  if (parts.length === 0) throw new BodyError('There is no event in the body.');
  const elementType = type === CLOUDEVENTS ? CLOUDEVENT : type === LINES ? BODY_TYPES[0] : type;
  return parts.map((part) => {
    const payload = checked(part);
    const event = parsed(part);
    // Of a CloudEvent the event is within.
    const model = as === null || elementType === CLOUDEVENT ? null : nativeModel(event, false, as);
    return { payload, headers: { 'content-type': elementType }, model };
  });
}

/** Its data may be of any type: what is no JSON is the decoder's to judge. */
function toldEvent(
  contentType: string,
  bytes: Buffer,
  attributes: Readonly<Record<string, string>>,
  as: ReadAs | null,
): SplitEvent {
  if (bytes.length === 0) throw new BodyError('There is no data in the event.');
  const part = { bytes, where: 'The event' };
  const typed = contentType === '' ? {} : { 'content-type': contentType };
  return {
    payload: checked(part),
    headers: { ...attributes, ...typed },
    // Of a request or response the headers say the model, whatever the body does.
    model: as === null || isCall(attributes) ? null : nativeModel(parsedOrNull(part), true, as),
  };
}

/** Is it a request, a response or feedback, as loggers of serving systems send them? */
function isCall(attributes: Readonly<Record<string, string>>): boolean {
  return (
    attributes['ce-specversion'] === undefined ||
    /\.inference\.(?:request|response)$/.test(attributes['ce-type'] ?? '')
  );
}

interface Part {
  readonly bytes: Buffer;
  readonly where: string;
  /** It may be one event a line, under a type that is not that of lines. */
  readonly maybeLines?: boolean;
}

/** @throws BodyError 413 */
function checked({ bytes, where }: Part): Buffer {
  if (bytes.length > MAX_EVENT_BYTES)
    throw new BodyError(`${where} has more than ${MAX_EVENT_BYTES} bytes.`, 413);
  return bytes;
}

function tooMany(): BodyError {
  return new BodyError(`More than ${MAX_EVENTS} events: send them in several requests.`, 413);
}

function linesOf(body: Buffer): Part[] {
  const parts: Part[] = [];
  let line = 0;
  for (let from = 0; from <= body.length;) {
    const end = body.indexOf(0x0a, from);
    const to = end < 0 ? body.length : end;
    line += 1;
    const bytes = body.subarray(from, to);
    if (bytes.some((byte) => byte > 0x20)) parts.push({ bytes, where: `Line ${line}` });
    if (parts.length > MAX_EVENTS) throw tooMany();
    from = to + 1;
  }
  return parts;
}

const OPEN_LIST = 0x5b;

/** The whole, or the elements of the list that it is. */
function partsOf(body: Buffer, type: string): Part[] {
  const first = body.findIndex((byte) => byte > 0x20);
  if (first < 0) return [];
  if (body[first] !== OPEN_LIST)
    return [{ bytes: body, where: 'The body', maybeLines: type === BODY_TYPES[0] }];
  const parts: Part[] = [];
  for (const bytes of elementsOf(body, first)) {
    parts.push({ bytes, where: `Event ${parts.length + 1}` });
    if (parts.length > MAX_EVENTS) throw tooMany();
  }
  return parts;
}

/** @throws BodyError 422 */
function parsed({ bytes, where, maybeLines = false }: Part): unknown {
  checkStructure(bytes, where);
  let text: string;
  try {
    text = decoder.decode(bytes);
  } catch {
    throw new BodyError(`${where} is no JSON: it is not UTF-8.`);
  }
  try {
    return JSON.parse(text) as unknown;
  } catch {
    const at = jsonFaultAt(text);
    const why = jsonFaultInWords(text, at);
    const lines = maybeLines && beginsWithLine(text, at);
    throw new BodyError(
      `${where} is no JSON: ${why}.${lines ? ` One event a line is of the type ${LINES}.` : ''}`,
    );
  }
}

/** Does another object begin at the fault, on a line below one that has ended? */
function beginsWithLine(text: string, fault: number): boolean {
  const line = text.slice(0, fault).trimEnd();
  const between = text.slice(line.length, fault);
  return text[fault] === '{' && line.endsWith('}') && between.includes('\n');
}

function parsedOrNull(part: Part): unknown {
  try {
    return parsed(part);
  } catch (thrown) {
    if (thrown instanceof BodyError) return null;
    throw thrown;
  }
}

const decoder = new TextDecoder('utf-8', { fatal: true });
const MARK = Buffer.from([0xef, 0xbb, 0xbf]);

/** Some clients write a byte order mark before the text. */
function withoutMark(body: Buffer): Buffer {
  return body.subarray(0, MARK.length).equals(MARK) ? body.subarray(MARK.length) : body;
}
