import { HASH_CELLS } from './categorical-binning.ts';
import { createHasher, hash64 } from './hash/hash64.ts';
import type { CategoricalBinning } from './types.ts';

/** Where a category is counted. Made once a binning and shared by all histograms under it. */
export interface CategoryLookup {
  /** Tracked category to its index. */
  readonly tracked: ReadonlyMap<string, number>;
  /** The same for categories that are numbers (`21`), so that numeric codes need no text. */
  readonly trackedNumbers: ReadonlyMap<number, number>;
  /** Hash cell of each tracked category. */
  readonly trackedCells: Uint8Array;
  /** Hashes an untracked key; `cell` and `known` then tell about it. */
  locate(key: string): void;
  cell: number;
  known: boolean;
}

export function createCategoryLookup(binning: CategoricalBinning): CategoryLookup {
  const hasher = createHasher(binning.salt);
  const isKnown = createHashSet(binning.known);
  const tracked = new Map<string, number>();
  const trackedNumbers = new Map<number, number>();
  const trackedCells = new Uint8Array(binning.categories.length);
  for (const [index, category] of binning.categories.entries()) {
    tracked.set(category, index);
    if (String(Number(category)) === category && Number.isFinite(Number(category))) {
      trackedNumbers.set(Number(category), index);
    }
    hasher.update(category);
    trackedCells[index] = hasher.low % HASH_CELLS;
  }
  return {
    tracked,
    trackedNumbers,
    trackedCells,
    cell: 0,
    known: false,
    locate(key) {
      hasher.update(key);
      this.cell = hasher.low % HASH_CELLS;
      this.known = isKnown(hasher.high, hasher.low);
    },
  };
}

/** Has the binning seen this key, tracked or not? For a few of them; a lookup answers for many. */
export function isKnownCategory(binning: CategoricalBinning, key: string): boolean {
  if (binning.categories.includes(key)) return true;
  const { known } = binning;
  const hash = hash64(createHasher(binning.salt), key);
  let [low, high] = [0, known.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((known[middle] as bigint) < hash) low = middle + 1;
    else high = middle;
  }
  return known[low] === hash;
}

/** Membership of 64-bit hashes given as two lanes: open addressing with linear probing, at most half full. */
function createHashSet(hashes: BigUint64Array): (high: number, low: number) => boolean {
  if (hashes.length === 0) return () => false;
  let size = 4;
  while (size < hashes.length * 2) size *= 2;
  const mask = size - 1;
  const highs = new Uint32Array(size);
  const lows = new Uint32Array(size);
  const used = new Uint8Array(size);
  for (const hash of hashes) {
    const low = Number(hash & 0xffffffffn);
    let at = low & mask;
    while (used[at] === 1) at = (at + 1) & mask;
    used[at] = 1;
    highs[at] = Number(hash >> 32n);
    lows[at] = low;
  }
  return (high, low) => {
    let at = low & mask;
    while (used[at] === 1) {
      if (lows[at] === low && highs[at] === high) return true;
      at = (at + 1) & mask;
    }
    return false;
  };
}
