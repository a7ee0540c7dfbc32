import { fingerprint128, sha256, utf8 } from './fingerprint.ts';
import { createHasher, hash64 } from './hash64.ts';
import type { CategoricalBinning } from './types.ts';

/** Categories counted one by one; STATISTICS 5. */
export const DEFAULT_TRACKED = 64;
/** Cells of the salted hash over all values. */
export const HASH_CELLS = 256;
/** Known values kept by hash so that "unseen" means something; the heaviest ones, about 0.8 MB. */
export const MAX_KNOWN = 100_000;
/** A category's name in UTF-8 bytes; longer ones are bounded by `boundedKey`. */
export const MAX_KEY_BYTES = 64;

/**
 * A category's name within 64 bytes of UTF-8: longer names keep their first characters and end in "~" and 16 hex digits
 * of their SHA-256, so that two long names stay two categories.
 */
export function boundedKey(text: string): string {
  // A UTF-16 unit takes at most 3 bytes: short texts need no encoding to know that they fit.
  if (text.length * 3 <= MAX_KEY_BYTES) return text;
  if (utf8(text).length <= MAX_KEY_BYTES) return text;
  const digest = sha256(text).slice(0, 16);
  let prefix = '';
  let size = 0;
  for (const char of text) {
    const bytes = utf8(char).length;
    if (size + bytes > MAX_KEY_BYTES - 17) break;
    prefix += char;
    size += bytes;
  }
  return `${prefix}~${digest}`;
}

/**
 * The binning of a categorical feature: its heaviest values one by one, the others known by hash.
 *
 * @param counts value to count in the baseline, keys as `boundedKey` gives them
 * @param options.tracked how many values are counted one by one (64)
 * @param options.salt of the hash cells; fixed with the binning
 */
export function buildCategoricalBinning(
  counts: ReadonlyMap<string, number>,
  options: { readonly tracked?: number; readonly salt?: string } = {},
): CategoricalBinning {
  const tracked = options.tracked ?? DEFAULT_TRACKED;
  const salt = options.salt ?? 'driftd';
  const byWeight = [...counts].sort(([a, x], [b, y]) => y - x || (a < b ? -1 : 1));
  const categories = byWeight.slice(0, tracked).map(([value]) => value);
  const hasher = createHasher(salt);
  const known = BigUint64Array.from(
    byWeight.slice(tracked, tracked + MAX_KNOWN).map(([value]) => hash64(hasher, value)),
  ).sort();
  return categoricalBinning('categorical', categories, known, salt);
}

/** The one binning of every boolean feature. */
export function booleanBinning(): CategoricalBinning {
  return categoricalBinning('boolean', ['false', 'true'], new BigUint64Array(0), 'driftd');
}

/** A binning of these parts with its id. */
export function categoricalBinning(
  kind: 'categorical' | 'boolean',
  categories: readonly string[],
  known: BigUint64Array,
  salt: string,
): CategoricalBinning {
  const content = JSON.stringify([`${kind}/1`, salt, categories]);
  const id = fingerprint128(
    `${content}\n${Array.from(known, (hash) => hash.toString(16)).join(' ')}`,
  );
  return { kind, id, categories, known, salt };
}
