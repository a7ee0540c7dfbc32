import { TRACKED_CATEGORIES } from '../domain/feature.ts';
import { categoryKey } from './category-key.ts';
import { fingerprint128, sha256 } from './hash/fingerprint.ts';
import { createHasher, hash64 } from './hash/hash64.ts';
import type { CategoricalBinning } from './types.ts';

/** Categories with a counter of their own. */
export const DEFAULT_TRACKED = TRACKED_CATEGORIES;
/** Further categories that are told from unseen ones: 8 bytes each, so at most 0.8 MB a binning. */
export const MAX_KNOWN = 100_000;
/** Counters by salted hash, over every value. */
export const HASH_CELLS = 256;

/** The two categories of every boolean feature. */
export const BOOLEAN_CATEGORIES: readonly string[] = ['false', 'true'];

export interface CategoricalBinningOptions {
  readonly tracked?: number;
  readonly kind?: 'categorical' | 'boolean';
  /** The categories to track, whatever the counts hold of them; all others are known at most. */
  readonly declared?: readonly string[];
  /** Salt of the hashes; by default derived from the tracked categories, so that equal counts give equal binnings. */
  readonly salt?: string;
}

/**
 * Categories from baseline counts: the heaviest are tracked (by falling count, then by name), up to 100,000 more are
 * known by hash, everything else will be unseen. Declared categories are tracked in place of the heaviest, in the same
 * order; those without rows come last. A boolean binning is always the same, whatever the counts.
 *
 * @param counts rows per category; keys are brought into their bounded form (`categoryKey`) and merged
 */
export function buildCategoricalBinning(
  counts: ReadonlyMap<string, number>,
  options: CategoricalBinningOptions = {},
): CategoricalBinning {
  const kind = options.kind ?? 'categorical';
  if (kind === 'boolean') {
    return categoricalBinning(kind, BOOLEAN_CATEGORIES, new BigUint64Array(0), options.salt ?? '');
  }
  const { declared } = options;
  const ranked = rankCategories(counts);
  const tracked =
    declared === undefined
      ? ranked.slice(0, options.tracked ?? DEFAULT_TRACKED).map(([key]) => key)
      : trackDeclared(ranked, declared);
  const salt = options.salt ?? sha256(JSON.stringify(tracked)).slice(0, 16);
  const hasher = createHasher(salt);
  const isTracked = new Set(tracked);
  const others = ranked.filter(([key]) => !isTracked.has(key)).slice(0, MAX_KNOWN);
  const known = BigUint64Array.from(others, ([key]) => hash64(hasher, key)).sort();
  return categoricalBinning(kind, tracked, known, salt);
}

/** Declared categories in the order of their weight. */
function trackDeclared(
  ranked: readonly (readonly [key: string, count: number])[],
  declared: readonly string[],
): string[] {
  const counted = new Map(ranked);
  const weighed = declared.map((text): [string, number] => {
    const key = categoryKey(text);
    return [key, counted.get(key) ?? 0];
  });
  return rankCategories(new Map(weighed)).map(([key]) => key);
}

/** Categories in their bounded form by falling count, then by name (UTF-16 order, the same everywhere). */
export function rankCategories(counts: ReadonlyMap<string, number>): [string, number][] {
  const merged = new Map<string, number>();
  for (const [text, count] of counts) {
    const key = categoryKey(text);
    merged.set(key, (merged.get(key) ?? 0) + count);
  }
  return [...merged].sort(([a, countA], [b, countB]) => countB - countA || (a < b ? -1 : 1));
}

/** Are these the tracked categories of the binning, in whatever order? */
export function tracksExactly(
  { categories }: CategoricalBinning,
  declared: readonly string[],
): boolean {
  const wanted = new Set(declared.map(categoryKey));
  return wanted.size === categories.length && categories.every((key) => wanted.has(key));
}

/** The one binning of every boolean feature. */
export function booleanBinning(): CategoricalBinning {
  return buildCategoricalBinning(new Map(), { kind: 'boolean' });
}

/** A binning of these parts with its id; the parts are taken as they are. */
export function categoricalBinning(
  kind: 'categorical' | 'boolean',
  categories: readonly string[],
  known: BigUint64Array,
  salt: string,
): CategoricalBinning {
  const hashes = Array.from(known, (hash) => hash.toString(16)).join(' ');
  const id = fingerprint128(`${kind}/1\n${JSON.stringify([salt, ...categories])}\n${hashes}`);
  return { kind, id, categories, known, salt };
}
