/**
 * Space-saving sketch (Metwally, Agrawal, El Abbadi 2005) over values that no counter of their own has: names a new
 * heavy value. Each kept count exceeds the truth by at most n / SLOTS.
 */
export const HEAVY_SLOTS = 64;

/** Counts one more `value` in the sketch. */
export function addHeavy(sketch: Map<string, number>, value: string, weight = 1): void {
  const count = sketch.get(value);
  if (count !== undefined) {
    sketch.set(value, count + weight);
    return;
  }
  if (sketch.size < HEAVY_SLOTS) {
    sketch.set(value, weight);
    return;
  }
  let lightest = '';
  let least = Infinity;
  for (const [name, weightOf] of sketch) {
    if (weightOf < least) {
      least = weightOf;
      lightest = name;
    }
  }
  sketch.delete(lightest);
  sketch.set(value, least + weight);
}

/** Adds another sketch's counts and keeps the heaviest slots; ties go to the smaller name, so the order of merges hardly matters. */
export function mergeHeavy(target: Map<string, number>, source: ReadonlyMap<string, number>): void {
  for (const [name, count] of source) target.set(name, (target.get(name) ?? 0) + count);
  if (target.size <= HEAVY_SLOTS) return;
  const kept = [...target]
    .sort(([a, x], [b, y]) => y - x || (a < b ? -1 : 1))
    .slice(0, HEAVY_SLOTS);
  target.clear();
  for (const [name, count] of kept) target.set(name, count);
}
