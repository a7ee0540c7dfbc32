/**
 * Which bin a value falls into: the number of edges strictly below it (lower bound).
 *
 * A uniform grid over the edges' range gives the first candidate, a short binary search between the grid cell's bounds
 * the rest; edges that crowd in one cell (heavy tails) fall back to the search alone. Always equal to plain lower bound.
 */

export type BinLookup = (value: number) => number;

/** Plain lower bound; NaN is the caller's to exclude. */
export function lowerBound(
  edges: Float64Array,
  value: number,
  from = 0,
  to = edges.length,
): number {
  let low = from;
  let high = to;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((edges[middle] as number) < value) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Grid cells per edge: small enough for the cache, fine enough that most cells hold at most one edge. */
const CELLS_PER_EDGE = 4;

/**
 * @param edges strictly increasing, finite
 * @returns a function of one non-NaN number: 0..edges.length
 */
export function createBinLookup(edges: Float64Array): BinLookup {
  const count = edges.length;
  if (count < 16) return (value) => lowerBound(edges, value);
  // The grid spans the middle of the edges, where nearly all values fall; the log-spaced tails are searched.
  const first = Math.floor(count * 0.08);
  const last = Math.ceil(count * 0.92) - 1;
  const low = edges[first] as number;
  const high = edges[last] as number;
  const cells = CELLS_PER_EDGE * count;
  const scale = cells / (high - low);
  if (!(scale > 0) || !Number.isFinite(scale)) return (value) => lowerBound(edges, value);
  const cellOf = (value: number): number => Math.trunc((value - low) * scale);
  // start[c]: a lower bound of the answer for every value whose cell is c; monotone, so start[c + 1] bounds it above.
  const start = new Uint16Array(cells + 2);
  let cell = 0;
  for (let i = first; i <= last; i += 1) {
    const c = Math.min(cells, cellOf(edges[i] as number));
    while (cell <= c) {
      start[cell] = i;
      cell += 1;
    }
  }
  while (cell < start.length) {
    start[cell] = last + 1;
    cell += 1;
  }
  return (value) => {
    if (!(value > low)) return lowerBound(edges, value, 0, first);
    if (value > high) return lowerBound(edges, value, last + 1, count);
    const c = Math.trunc((value - low) * scale);
    let from = start[c] as number;
    const to = (start[c + 1] as number) + 1;
    if (to - from > 4) return lowerBound(edges, value, from, Math.min(to, count));
    while (from < count && (edges[from] as number) < value) from += 1;
    return from;
  };
}
