import type { GoodTuring } from './types.ts';

/**
 * Counts of distinct texts in bounded space. Exact up to the bound; beyond it the lighter half is dropped each time the
 * bound is reached (as in lossy counting, Manku & Motwani 2002), so a value that is heavy only late in the file is found.
 */
export interface CategoryCounts {
  readonly counts: ReadonlyMap<string, number>;
  add(key: string): void;
  /** Values seen once and twice; dropped ones count as seen once, which errs on the careful side. */
  goodTuring(): GoodTuring;
}

/** @param limit distinct texts kept at most */
export function createCategoryCounts(limit: number): CategoryCounts {
  const counts = new Map<string, number>();
  let dropped = 0;

  function dropLighterHalf(): void {
    const keep = Math.floor(limit / 2);
    const ranked = Float64Array.from(counts.values()).sort();
    const threshold = ranked[ranked.length - keep] as number;
    // Below the threshold all go; of the ties at it the oldest go first, until half is left.
    let ties = counts.size - keep;
    for (const count of ranked) {
      if (count >= threshold) break;
      ties -= 1;
    }
    for (const [key, count] of counts) {
      if (count > threshold || (count === threshold && ties === 0)) continue;
      if (count === threshold) ties -= 1;
      counts.delete(key);
      dropped += 1;
    }
  }

  return {
    counts,
    add(key) {
      counts.set(key, (counts.get(key) ?? 0) + 1);
      if (counts.size > limit) dropLighterHalf();
    },
    goodTuring() {
      let singletons = dropped;
      let doubletons = 0;
      for (const count of counts.values()) {
        if (count === 1) singletons += 1;
        else if (count === 2) doubletons += 1;
      }
      return { singletons, doubletons };
    },
  };
}
