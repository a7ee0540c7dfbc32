/** How much of a bad record quarantine keeps: nothing, its shape without its values, or its beginning as it is. */
export const PAYLOADS = ['none', 'redacted', 'raw'] as const;
export type PayloadKept = (typeof PAYLOADS)[number];

/** Bytes of a bad record that are kept at most. */
const MAX_PAYLOAD = 4_096;
const [QUOTE, BACKSLASH, COLON] = [0x22, 0x5c, 0x3a];
const [MASKED_DIGIT, MASKED_LETTER] = [0x30, 0x78];

/** What is kept of a payload. */
export function keptPayload(payload: Uint8Array | null, kept: PayloadKept): Uint8Array | null {
  if (payload === null || kept === 'none') return null;
  // A copy: a view of a Buffer would keep all of it.
  const beginning = Uint8Array.from(payload.subarray(0, MAX_PAYLOAD));
  return kept === 'raw' ? beginning : redacted(beginning);
}

/** Headers that tell what a record is, and nothing of what is in it; `type` is Seldon's. */
const TYPE_HEADERS = new Map([
  ['content-type', 'content-type'],
  ['ce-type', 'ce-type'],
  ['ce_type', 'ce-type'],
  ['type', 'type'],
]);
const MAX_HEADER = 200;

/** What the headers say of a record's type; null: nothing, or it is not to be kept. */
export function keptHeaders(
  headers: ReadonlyMap<string, Uint8Array>,
  kept: PayloadKept,
): Readonly<Record<string, string>> | null {
  if (kept === 'none') return null;
  const found: Record<string, string> = {};
  for (const [name, value] of headers) {
    const known = name.length > 12 ? undefined : TYPE_HEADERS.get(name.toLowerCase());
    if (known !== undefined) found[known] = textOf(value.subarray(0, MAX_HEADER));
  }
  return Object.keys(found).length === 0 ? null : found;
}

/** Fit for a database and a terminal. */
function textOf(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes).replaceAll(/\p{Cc}/gu, '\uFFFD');
}

/**
 * The shape of a text without its values: digits become 0, letters and everything beyond ASCII x. Names of JSON keys,
 * punctuation and lengths stay, also of JSON that is broken or cut off: that is what tells why it could not be read.
 */
function redacted(bytes: Uint8Array): Uint8Array {
  const out = bytes.map(masked);
  for (let at = 0; at < bytes.length; at += 1) {
    if (bytes[at] !== QUOTE) continue;
    const end = endOfText(bytes, at);
    if (isKey(bytes, end)) out.set(bytes.subarray(at, end + 1), at);
    at = end;
  }
  return out;
}

function masked(byte: number): number {
  if (byte >= 0x30 && byte <= 0x39) return MASKED_DIGIT;
  const isLetter = (byte | 0x20) >= 0x61 && (byte | 0x20) <= 0x7a;
  return isLetter || byte >= 0x80 ? MASKED_LETTER : byte;
}

/** Where the text that begins here ends; the end of the bytes when it does not. */
function endOfText(bytes: Uint8Array, from: number): number {
  for (let at = from + 1; at < bytes.length; at += 1) {
    if (bytes[at] === BACKSLASH) at += 1;
    else if (bytes[at] === QUOTE) return at;
  }
  return bytes.length;
}

function isKey(bytes: Uint8Array, end: number): boolean {
  let at = end + 1;
  while (at < bytes.length && (bytes[at] as number) <= 0x20) at += 1;
  return bytes[at] === COLON;
}
