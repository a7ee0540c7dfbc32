const utf8 = new TextDecoder('utf-8');

/** Headers as texts under lower-case names; of two that differ in case only the last counts. */
export function headerTexts(headers: ReadonlyMap<string, Uint8Array>): ReadonlyMap<string, string> {
  const texts = new Map<string, string>();
  for (const [name, value] of headers) texts.set(name.toLowerCase(), utf8.decode(value));
  return texts;
}
