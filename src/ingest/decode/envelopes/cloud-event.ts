import { fromBase64, parseDocument } from '../document.ts';
import { Rejected, isObject, own, shorten } from '../json-limits.ts';
import { textOf } from '../record-text.ts';

/** A CloudEvent, however it came. */
export interface CloudEvent {
  /** Its attributes and extensions, under lower-case names. */
  readonly attributes: ReadonlyMap<string, string>;
  readonly contentType: string | null;
  /** JSON that was part of a structured event, else what is still to be read; null: none. */
  readonly data: { readonly json: unknown } | { readonly bytes: Uint8Array | string } | null;
}

/** `ce_` in Kafka's binding, `ce-` over HTTP; MLServer writes `Ce-`. */
const PREFIX = /^ce[_-]/;
const VERSIONS = /^(?:1\.0(?:\..*)?|0\.3)$/;

/** Is a record with these headers (names in lower case) a structured event: all of it in the value? */
export function isStructured(headers: ReadonlyMap<string, string>): boolean {
  return /^\s*application\/cloudevents/i.test(headers.get('content-type') ?? '');
}

/** Is it a binary event: attributes in headers, data in the value? */
export function isBinary(headers: ReadonlyMap<string, string>): boolean {
  for (const name of headers.keys()) if (PREFIX.test(name)) return true;
  return false;
}

/** @throws Rejected */
export function binaryEvent(headers: ReadonlyMap<string, string>, value: Uint8Array): CloudEvent {
  const attributes = new Map<string, string>();
  for (const [name, text] of headers) {
    if (PREFIX.test(name)) attributes.set(name.slice(3), text);
  }
  checkVersion(attributes.get('specversion'));
  const contentType = headers.get('content-type') ?? attributes.get('datacontenttype') ?? null;
  return { attributes, contentType, data: value.length === 0 ? null : { bytes: value } };
}

/** @throws Rejected */
export function structuredEvent(
  headers: ReadonlyMap<string, string>,
  value: Uint8Array,
): CloudEvent {
  const type = (headers.get('content-type') ?? '').trim().toLowerCase();
  if (!/^application\/cloudevents(?:\+json)?\s*(?:;|$)/.test(type)) {
    throw new Rejected(
      'unsupported-payload',
      `of structured CloudEvents only JSON is read, not "${shorten(type)}"`,
    );
  }
  return structuredJson(parseDocument(textOf(value), 'the value'));
}

/** @throws Rejected */
export function structuredJson(event: unknown): CloudEvent {
  if (!isObject(event)) throw new Rejected('invalid-shape', 'the CloudEvent must be an object');
  const attributes = new Map<string, string>();
  for (const name in event) {
    const value = event[name];
    if (name === 'data' || name === 'data_base64') continue;
    if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean') {
      attributes.set(name.toLowerCase(), String(value));
    }
  }
  checkVersion(attributes.get('specversion'));
  return { attributes, contentType: attributes.get('datacontenttype') ?? null, data: dataOf() };

  function dataOf(): CloudEvent['data'] {
    const base64 = own(event as Record<string, unknown>, 'data_base64');
    if (typeof base64 === 'string') return { bytes: fromBase64(base64, '"data_base64"') };
    const data = own(event as Record<string, unknown>, 'data');
    if (data === undefined || data === null) return null;
    if (typeof data !== 'string') return { json: data };
    // Version 0.3 says so of base64; a text that is no JSON value of its own is a body like any other.
    return attributes.get('datacontentencoding')?.toLowerCase() === 'base64'
      ? { bytes: fromBase64(data, '"data"') }
      : { bytes: data };
  }
}

function checkVersion(version: string | undefined): void {
  if (version !== undefined && VERSIONS.test(version)) return;
  throw new Rejected(
    'invalid-shape',
    version === undefined
      ? 'the CloudEvent has no specversion'
      : `CloudEvents ${shorten(version)} is not read; 1.0 and 0.3 are`,
  );
}
