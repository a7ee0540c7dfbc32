import { jsonFaultAt, jsonFaultInWords } from '../../core/domain/json-fault.ts';
import type { Rejection } from '../../core/domain/ingestion.ts';
import { LIMITS } from '../decoder.ts';

/** Why a record cannot be counted; thrown within a decoder only. */
export class Rejected extends Error {
  readonly rejection: Rejection;

  constructor(reason: Rejection['reason'], detail: string) {
    super(detail);
    this.rejection = { reason, detail };
  }
}

export type JsonObject = Readonly<Record<string, unknown>>;

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Own keys only: "__proto__" is a name like any other. */
export function own(fields: JsonObject, key: string): unknown {
  return Object.hasOwn(fields, key) ? fields[key] : undefined;
}

/** At most 100 characters of what an event says, fit to be stored. */
export function shorten(text: string): string {
  return (text.length > 100 ? `${text.slice(0, 97)}...` : text)
    .toWellFormed()
    .replaceAll('\0', '\uFFFD');
}

const LOWER_D = 0x64;
const UPPER_D = 0x44;

/**
 * Escapes of U+0000, and beginnings of those of surrogates: JSON read from UTF-8 has neither without them. An escaped
 * backslash before a `u` may look like one.
 */
export function mayBeOdd(text: string): boolean {
  let at = text.indexOf('\\u');
  while (at >= 0) {
    const first = text.charCodeAt(at + 2);
    if (first === LOWER_D || first === UPPER_D || text.startsWith('0000', at + 2)) return true;
    at = text.indexOf('\\u', at + 2);
  }
  return false;
}

/** Without the parser's message, which quotes the event. */
export function notJson(text: string, what: string): Rejected {
  const why = jsonFaultInWords(text, jsonFaultAt(text));
  return new Rejected('invalid-json', `${what} is not JSON: ${why}`);
}

/**
 * A JSON object, and what its reader has to know to keep the limits of what is in it.
 * @throws Rejected invalid-json, invalid-shape
 */
export function parseObject(text: string): { event: JsonObject; seen: Seen } {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    throw notJson(text, 'the value');
  }
  if (!isObject(parsed)) throw new Rejected('invalid-shape', 'the value must be a JSON object');
  return { event: parsed, seen: { keys: 0, odd: mayBeOdd(text) } };
}

/** What is known of an event so far. */
export interface Seen {
  /** Of all its objects together. */
  keys: number;
  /** Its texts may hold U+0000 or half a surrogate pair. */
  readonly odd: boolean;
}

/** A UTF-16 unit takes at most 3 bytes of UTF-8: short texts need no measuring. */
const SHORT_NAME = LIMITS.nameBytes / 3;
const SHORT_TEXT = LIMITS.stringBytes / 3;

/** One name, wherever it stands; who reads the object counts it. @throws Rejected limit-exceeded, invalid-encoding */
export function checkName(name: string, { odd }: Seen): void {
  if (odd || name.length > SHORT_NAME) checkLong(name, LIMITS.nameBytes, 'a name', odd);
}

/** @throws Rejected limit-exceeded, invalid-encoding */
export function checkText(text: string, { odd }: Seen): void {
  if (odd || text.length > SHORT_TEXT) checkLong(text, LIMITS.stringBytes, 'a text', odd);
}

/**
 * A value and all that is in it. Recursion is safe: its depth is the limit that it checks.
 * @param depth of the object or list that it stands in; 1: the event
 * @throws Rejected limit-exceeded, invalid-encoding
 */
export function checkValue(value: unknown, depth: number, seen: Seen): void {
  if (typeof value === 'string') checkText(value, seen);
  else if (Array.isArray(value)) {
    checkDepth(depth + 1);
    for (const entry of value) checkValue(entry, depth + 1, seen);
  } else if (isObject(value)) {
    checkDepth(depth + 1);
    for (const key in value) {
      seen.keys += 1;
      checkName(key, seen);
      checkValue(value[key], depth + 1, seen);
    }
    checkKeys(seen.keys);
  }
}

/** @throws Rejected limit-exceeded */
export function checkKeys(keys: number): void {
  if (keys > LIMITS.keys) {
    throw new Rejected('limit-exceeded', `more than ${LIMITS.keys} keys`);
  }
}

function checkDepth(depth: number): void {
  if (depth > LIMITS.depth) {
    throw new Rejected('limit-exceeded', `nested deeper than ${LIMITS.depth} levels`);
  }
}

function checkLong(text: string, limit: number, what: string, odd: boolean): void {
  if (text.length * 3 > limit && Buffer.byteLength(text) > limit) {
    throw new Rejected('limit-exceeded', `${what} of more than ${limit} bytes`);
  }
  if (odd && (text.includes('\0') || !text.isWellFormed())) {
    throw new Rejected('invalid-encoding', `${what} holds U+0000 or half a surrogate pair`);
  }
}
