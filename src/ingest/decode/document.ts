import { LIMITS } from '../decoder.ts';
import { Rejected, isObject, notJson } from './json-limits.ts';

/** Texts up to this length cannot hold enough to be worth a look before they are parsed. */
export const LARGE = 65_536;

/**
 * Looks at a large text before it is parsed: what is too deep, or is next to nothing but brackets, would take a hundred
 * times its size in memory and half a second to parse.
 * @throws Rejected limit-exceeded
 */
function checkStructure(text: string): void {
  if (text.length <= LARGE) return;
  let depth = 0;
  let containers = 0;
  for (let i = 0; i < text.length; i += 1) {
    switch (text.charCodeAt(i)) {
      case 0x22: // "
        i = endOfText(text, i);
        break;
      case 0x5b: // [
      case 0x7b: // {
        depth += 1;
        containers += 1;
        if (depth > LIMITS.depth) {
          throw new Rejected('limit-exceeded', `nested deeper than ${LIMITS.depth} levels`);
        }
        if (containers > LIMITS.containers) {
          throw new Rejected('limit-exceeded', `more than ${LIMITS.containers} objects and lists`);
        }
        break;
      case 0x5d: // ]
      case 0x7d: // }
        depth -= 1;
        break;
    }
  }
}

/** @returns the index of the quote that closes the text which opens at `start`; the end when none does */
function endOfText(text: string, start: number): number {
  let end = text.indexOf('"', start + 1);
  while (end >= 0) {
    let backslashes = 0;
    while (text.charCodeAt(end - 1 - backslashes) === 0x5c) backslashes += 1;
    if (backslashes % 2 === 0) return end;
    end = text.indexOf('"', end + 1);
  }
  return text.length;
}

/**
 * JSON text of any shape. Unlike a native event it may hold long texts (a body within it as text or base64) and many
 * keys (many rows); what becomes of a feature's value keeps the limits of one event.
 * @param what names the text in an error
 * @throws Rejected invalid-json, invalid-encoding, limit-exceeded
 */
export function parseDocument(text: string, what: string): unknown {
  checkStructure(text);
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    throw notJson(text, what);
  }
  check(parsed, 0);
  return parsed;
}

/** Recursion is safe: its depth is the limit that it checks. */
function check(value: unknown, depth: number): void {
  if (typeof value === 'string') {
    checkText(value, 'a text');
    return;
  }
  if (typeof value !== 'object' || value === null) return;
  if (depth >= LIMITS.depth) {
    throw new Rejected('limit-exceeded', `nested deeper than ${LIMITS.depth} levels`);
  }
  if (Array.isArray(value)) {
    for (const entry of value) check(entry, depth + 1);
  } else if (isObject(value)) {
    let keys = 0;
    for (const key in value) {
      keys += 1;
      if (keys > LIMITS.keys) {
        throw new Rejected('limit-exceeded', `an object of more than ${LIMITS.keys} keys`);
      }
      checkName(key);
      checkText(key, 'a name');
      check(value[key], depth + 1);
    }
  }
}

function checkName(name: string): void {
  // A UTF-16 unit takes at most 3 bytes of UTF-8: short names need no measuring.
  if (name.length * 3 > LIMITS.nameBytes && Buffer.byteLength(name) > LIMITS.nameBytes) {
    throw new Rejected('limit-exceeded', `a name of more than ${LIMITS.nameBytes} bytes`);
  }
}

function checkText(text: string, what: string): void {
  if (text.includes('\0') || !text.isWellFormed()) {
    throw new Rejected('invalid-encoding', `${what} holds U+0000 or half a surrogate pair`);
  }
}

/** The bytes of base64 text. @throws Rejected invalid-encoding */
export function fromBase64(text: string, what: string): Uint8Array {
  if (!/^[A-Za-z0-9+/_-]*={0,2}\s*$/.test(text)) {
    throw new Rejected('invalid-encoding', `${what} is not base64`);
  }
  return Buffer.from(text, 'base64');
}
