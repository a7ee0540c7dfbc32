import type { IncomingHttpHeaders } from 'node:http';

/** Attributes have names of lower-case letters and digits. */
const ATTRIBUTE = /^ce-[a-z0-9]+$/;

/** Does the content type say that the body is one CloudEvent or many, all of it? */
export function isStructured(contentType: string): boolean {
  return /^\s*application\/cloudevents/i.test(contentType);
}

/**
 * The attributes of a CloudEvent in binary mode, under their header names (CloudEvents HTTP binding 1.0.2, section 3.1);
 * null when the request is none: it has no `ce-specversion`, or its content type says that the body is the whole event.
 */
export function binaryAttributes(
  headers: IncomingHttpHeaders,
  contentType: string,
): Readonly<Record<string, string>> | null {
  if (headers['ce-specversion'] === undefined) return null;
  if (isStructured(contentType)) return null;
  const attributes: Record<string, string> = {};
  for (const [name, value] of Object.entries(headers)) {
    if (!ATTRIBUTE.test(name) || typeof value !== 'string') continue;
    const text = attributeText(value);
    // Postgres takes neither.
    if (text.isWellFormed() && !text.includes('\0')) attributes[name] = text;
  }
  return attributes;
}

/** A header's value: its quotes undone, then its percent-encoding (section 3.1.3.2); what is none of UTF-8 stays. */
function attributeText(value: string): string {
  const bare = /^"(?:[^"\\]|\\.)*"$/.test(value)
    ? value.slice(1, -1).replaceAll(/\\(.)/g, '$1')
    : value;
  return bare.replaceAll(/(?:%[0-9A-Fa-f]{2})+/g, (encoded) => {
    try {
      return decodeURIComponent(encoded);
    } catch {
      return encoded;
    }
  });
}
