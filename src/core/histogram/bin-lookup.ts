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
/** Fewer edges are searched. */
const LEAST_EDGES = 16;

/** Look-up under one set of edges. */
export class BinIndex {
  private readonly edges: Float64Array;
  /** The grid spans [low, high]; empty when there is none. */
  private readonly low: number;
  private readonly high: number;
  private readonly scale: number;
  /** The edges within the grid: [first, last]. */
  private readonly first: number;
  private readonly last: number;
  /** start[c]: a lower bound of the answer for every value whose cell is c; monotone, so start[c + 1] bounds it above. */
  private readonly start: Uint16Array;

  /** @param edges strictly increasing, finite */
  constructor(edges: Float64Array) {
    const count = edges.length;
    this.edges = edges;
    // The grid spans the middle of the edges, where nearly all values fall; the log-spaced tails are searched.
    this.first = Math.floor(count * 0.08);
    this.last = Math.ceil(count * 0.92) - 1;
    const cells = CELLS_PER_EDGE * count;
    const [low, high] = [edges[this.first] ?? 0, edges[this.last] ?? 0];
    this.scale = cells / (high - low);
    const usable = count >= LEAST_EDGES && this.scale > 0 && Number.isFinite(this.scale);
    // Without a grid every value is beyond it, on the side that is all edges.
    this.low = usable ? low : Infinity;
    this.high = high;
    if (!usable) this.first = count;
    this.start = new Uint16Array(usable ? cells + 2 : 0);
    if (usable) this.fill(cells);
  }

  private fill(cells: number): void {
    const { edges, start, first, last } = this;
    let cell = 0;
    for (let i = first; i <= last; i += 1) {
      const c = Math.min(cells, Math.trunc(((edges[i] as number) - this.low) * this.scale));
      for (; cell <= c; cell += 1) start[cell] = i;
    }
    start.fill(last + 1, cell);
  }

  /** @param value not NaN @returns 0..edges.length */
  find(value: number): number {
    const { edges } = this;
    if (!(value > this.low)) return lowerBound(edges, value, 0, this.first);
    if (value > this.high) return lowerBound(edges, value, this.last + 1, edges.length);
    const cell = Math.trunc((value - this.low) * this.scale);
    let from = this.start[cell] as number;
    const to = (this.start[cell + 1] as number) + 1;
    if (to - from > 4) return lowerBound(edges, value, from, Math.min(to, edges.length));
    while (from < edges.length && (edges[from] as number) < value) from += 1;
    return from;
  }
}

/**
 * @param edges strictly increasing, finite
 * @returns a function of one non-NaN number: 0..edges.length
 */
export function createBinLookup(edges: Float64Array): BinLookup {
  const index = new BinIndex(edges);
  return (value) => index.find(value);
}
