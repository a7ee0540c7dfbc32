/**
 * Names of heavy values in bounded space: 64 slots with lower-bound counts (Misra & Gries 1982; the same information as
 * a space-saving sketch). A value that makes up more than 1/65 of the values seen is in it, and its count is at most
 * n/65 too low. Merging keeps that bound (Agarwal et al. 2012, "Mergeable summaries").
 */
export const HEAVY_SLOTS = 64;

/** Counts one occurrence. When all slots are taken by others, every count falls by one instead. */
export function addHeavy(heavy: Map<string, number>, key: string): void {
  const count = heavy.get(key);
  if (count !== undefined) {
    heavy.set(key, count + 1);
  } else if (heavy.size < HEAVY_SLOTS) {
    heavy.set(key, 1);
  } else {
    lower(heavy, 1);
  }
}

/** Adds `source` to `target`; with more than 64 names, all fall by the 65th largest count. Commutative. */
export function mergeHeavy(target: Map<string, number>, source: ReadonlyMap<string, number>): void {
  for (const [key, count] of source) target.set(key, (target.get(key) ?? 0) + count);
  if (target.size <= HEAVY_SLOTS) return;
  const ranked = [...target.values()].sort((a, b) => b - a);
  lower(target, ranked[HEAVY_SLOTS] as number);
}

function lower(heavy: Map<string, number>, by: number): void {
  for (const [key, count] of heavy) {
    if (count <= by) heavy.delete(key);
    else heavy.set(key, count - by);
  }
}
