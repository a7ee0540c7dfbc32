/**
 * The text a category is known by, the same for training rows and live events.
 *
 * - At most 64 bytes of UTF-8: a longer text becomes its first characters (at most 47 bytes), `~`, and 16 hex digits of
 *   its hash, so that two long texts with the same beginning stay apart.
 * - Well-formed and without NUL, which Postgres cannot hold: such characters become U+FFFD.
 * - Applying it twice changes nothing.
 */

import { createHasher, hash64 } from './hash/hash64.ts';

export const MAX_KEY_BYTES = 64;
const PREFIX_BYTES = MAX_KEY_BYTES - 17;
/** A UTF-16 unit takes at most 3 bytes of UTF-8: texts up to this length need no measuring. */
const SURELY_SHORT = Math.floor(MAX_KEY_BYTES / 3);

const longTexts = createHasher('long category');

export function categoryKey(text: string): string {
  const clean = isClean(text) ? text : text.toWellFormed().replaceAll('\0', '\uFFFD');
  if (clean.length <= SURELY_SHORT) return clean;
  const cut = prefixWithin(clean, MAX_KEY_BYTES);
  if (cut === clean.length) return clean;
  const hash = hash64(longTexts, clean).toString(16).padStart(16, '0');
  return `${clean.slice(0, prefixWithin(clean, PREFIX_BYTES))}~${hash}`;
}

/** The category of a finite number: its shortest decimal form; -0 is `0`. */
export function numberKey(value: number): string {
  return String(value === 0 ? 0 : value);
}

function isClean(text: string): boolean {
  return !text.includes('\0') && text.isWellFormed();
}

/** How many UTF-16 units of a well-formed text fit into `bytes` of UTF-8, without splitting a character. */
function prefixWithin(text: string, bytes: number): number {
  let used = 0;
  let i = 0;
  while (i < text.length) {
    const code = text.codePointAt(i) as number;
    used += code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
    if (used > bytes) return i;
    i += code < 0x10000 ? 1 : 2;
  }
  return i;
}
