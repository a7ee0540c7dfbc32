import { BodyError } from './body-error.ts';

/*
 * JSON looked at by its brackets and quotes alone: what is next to nothing but brackets would take a hundred times its
 * size in memory when it is parsed.
 */

/** Bytes that cannot hold enough to be worth a look before they are parsed. */
const LARGE = 65_536;
/** As the decoders have it for what is large: an event beyond could not be counted. */
export const MAX_DEPTH = 32;
export const MAX_CONTAINERS = 50_000;

const [QUOTE, BACKSLASH, COMMA] = [0x22, 0x5c, 0x2c];
const [OPEN_LIST, OPEN_OBJECT, CLOSE_LIST, CLOSE_OBJECT] = [0x5b, 0x7b, 0x5d, 0x7d];

/** @throws BodyError 422 when it is large and made to be costly */
export function checkStructure(bytes: Buffer, where: string): void {
  if (bytes.length <= LARGE) return;
  let depth = 0;
  let containers = 0;
  for (let at = 0; at < bytes.length; at += 1) {
    const byte = bytes[at];
    if (byte === QUOTE) at = endOfText(bytes, at);
    else if (byte === OPEN_LIST || byte === OPEN_OBJECT) {
      depth += 1;
      containers += 1;
      if (depth > MAX_DEPTH)
        throw new BodyError(`${where} is nested deeper than ${MAX_DEPTH} levels.`);
      if (containers > MAX_CONTAINERS)
        throw new BodyError(`${where} has more than ${MAX_CONTAINERS} objects and lists.`);
    } else if (byte === CLOSE_LIST || byte === CLOSE_OBJECT) depth -= 1;
  }
}

/**
 * The bytes of each element of the list that opens at `start`, and of nothing else. If all of them are JSON, the body is.
 * @throws BodyError 422 when the list does not close, or something follows it
 */
export function* elementsOf(body: Buffer, start: number): Generator<Buffer> {
  let depth = 0;
  let from = start + 1;
  let elements = 0;
  for (let at = start; at < body.length; at += 1) {
    const byte = body[at];
    if (byte === QUOTE) at = endOfText(body, at);
    else if (byte === OPEN_LIST || byte === OPEN_OBJECT) depth += 1;
    else if (byte === COMMA && depth === 1) {
      yield body.subarray(from, at);
      elements += 1;
      from = at + 1;
    } else if (byte === CLOSE_LIST || byte === CLOSE_OBJECT) {
      depth -= 1;
      if (depth > 0) continue;
      const last = body.subarray(from, at);
      if (elements > 0 || !isBlank(last)) yield last;
      if (isBlank(body.subarray(at + 1))) return;
      throw new BodyError('The body is no JSON: something follows the list.');
    }
  }
  throw new BodyError('The body is no JSON: the list does not end.');
}

function isBlank(bytes: Buffer): boolean {
  return !bytes.some((byte) => byte > 0x20);
}

/** @returns the place of the quote that closes the text which opens at `start`; the end when none does */
function endOfText(bytes: Buffer, start: number): number {
  for (let end = bytes.indexOf(QUOTE, start + 1); end >= 0; end = bytes.indexOf(QUOTE, end + 1)) {
    let backslashes = 0;
    while (bytes[end - 1 - backslashes] === BACKSLASH) backslashes += 1;
    if (backslashes % 2 === 0) return end;
  }
  return bytes.length;
}
