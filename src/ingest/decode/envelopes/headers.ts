const utf8 = new TextDecoder('utf-8');

/** Headers as texts under lower-case names; of two that differ in case only the last counts. */
export function headerTexts(headers: ReadonlyMap<string, Uint8Array>): ReadonlyMap<string, string> {
  const texts = new Map<string, string>();
  for (const [name, value] of headers) texts.set(name.toLowerCase(), utf8.decode(value));
  return texts;
}

/** Shorter content types cannot be that of a CloudEvent. */
const SHORTEST = 'application/cloudevents'.length;

/** Could these headers tell the shape of a record? Most have none but those of tracing: they are not read at all. */
export function mayTellShape(headers: ReadonlyMap<string, Uint8Array>): boolean {
  for (const [name, value] of headers) {
    const first = name.charCodeAt(0) | 0x20;
    if (first !== 0x63 && first !== 0x74) continue;
    const lower = name.toLowerCase();
    if (lower.startsWith('ce_') || lower.startsWith('ce-') || lower === 'type') return true;
    if (lower === 'content-type' && value.length >= SHORTEST) return true;
  }
  return false;
}
