import type { PostedEvent } from '../../../storage/api/event-inbox.ts';

/** Events of one request at most. */
export const MAX_EVENTS = 10_000;
/** Bytes of one event at most: what the decoders read. */
export const MAX_EVENT_BYTES = 1_048_576;

const LINES = new Set(['application/x-ndjson', 'application/jsonl', 'application/x-jsonlines']);
const CLOUDEVENT = 'application/cloudevents+json';

/** What is wrong with a body; `event`: from 0. */
export class BodyError extends Error {
  readonly status: 413 | 422;

  constructor(message: string, status: 413 | 422 = 422) {
    super(message);
    this.status = status;
  }
}

export interface SplitEvent extends PostedEvent {
  /** The event as a value: for a look, never to be stored. */
  readonly parsed: unknown;
}

/**
 * The events of a body, each with its very own bytes: one, a list, or one a line.
 * @param headers of the request: those that tell what an event is go with each
 * @throws BodyError that names the event
 */
export function splitEvents(
  type: string,
  body: Buffer,
  headers: Readonly<Record<string, string>>,
): SplitEvent[] {
  const parts = LINES.has(type) ? linesOf(body) : partsOf(body);
  if (parts.length === 0) throw new BodyError('There is no event in the body.');
  if (parts.length > MAX_EVENTS)
    throw new BodyError(`More than ${MAX_EVENTS} events: send them in several requests.`, 413);
  const elementType = LINES.has(type)
    ? 'application/json'
    : type === 'application/cloudevents-batch+json'
      ? CLOUDEVENT
      : type;
  return parts.map(({ bytes, where }) => {
    if (bytes.length > MAX_EVENT_BYTES)
      throw new BodyError(`${where} has more than ${MAX_EVENT_BYTES} bytes.`, 413);
    return {
      payload: bytes,
      headers: { ...headers, 'content-type': elementType },
      parsed: parsed(bytes, where),
    };
  });
}

interface Part {
  readonly bytes: Buffer;
  readonly where: string;
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
    from = to + 1;
  }
  return parts;
}

/** The whole, or the elements of the list that it is. */
function partsOf(body: Buffer): Part[] {
  const first = body.find((byte) => byte > 0x20);
  if (first === undefined) return [];
  if (first !== OPEN_LIST) return [{ bytes: body, where: 'The body' }];
  parsed(body, 'The body');
  return elementsOf(body).map((bytes, i) => ({ bytes, where: `Event ${i}` }));
}

function parsed(bytes: Buffer, where: string): unknown {
  try {
    return JSON.parse(decoder.decode(bytes)) as unknown;
  } catch (thrown) {
    const why = thrown instanceof TypeError ? 'it is not UTF-8' : 'it cannot be read';
    throw new BodyError(`${where} is no JSON: ${why}.`);
  }
}

const decoder = new TextDecoder('utf-8', { fatal: true });
const OPEN_LIST = 0x5b;
const [QUOTE, BACKSLASH, COMMA] = [0x22, 0x5c, 0x2c];

/** The bytes of the elements of a list that is known to be JSON. */
function elementsOf(body: Buffer): Buffer[] {
  const elements: Buffer[] = [];
  let depth = 0;
  let from = 0;
  let inText = false;
  const take = (to: number): void => {
    const bytes = body.subarray(from, to);
    if (bytes.some((byte) => byte > 0x20)) elements.push(bytes);
  };
  for (let at = 0; at < body.length; at += 1) {
    const byte = body[at] as number;
    if (inText) {
      if (byte === BACKSLASH) at += 1;
      else if (byte === QUOTE) inText = false;
    } else if (byte === QUOTE) inText = true;
    else if (byte === OPEN_LIST || byte === 0x7b) {
      depth += 1;
      if (depth === 1) from = at + 1;
    } else if (byte === 0x5d || byte === 0x7d) {
      depth -= 1;
      if (depth === 0) take(at);
    } else if (byte === COMMA && depth === 1) {
      take(at);
      from = at + 1;
    }
  }
  return elements;
}
