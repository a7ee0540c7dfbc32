/**
 * Which bin a value falls into: the number of edges strictly below it (lower bound).
 *
 * A uniform grid over the middle of the edges tells how many lie before a value's cell, and two comparisons that need no
 * branch tell the rest: which bin a value goes to is what a processor cannot foresee. Where more than two edges crowd in a
 * cell (heavy tails), and beyond the grid, there is the search. Always equal to plain lower bound.
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

/** Grid cells per edge: small enough for the cache, fine enough that edges at quantiles hardly crowd. */
const CELLS_PER_EDGE = 4;
/** Edges of a cell that are compared with; an atom has two. */
const COMPARED = 2;
/** Marks in `start` a cell with more of them. */
const CROWDED = 0x8000;
/** Shares of the edges that a grid may leave out at either end: few for light tails, many for heavy ones. */
const LEFT_OUT = [0.06, 0.1, 0.15, 0.25, 0.4];
/** What a search costs, as look-ups in the grid. */
const SEARCH_COST = 5;

/** Cell c holds what is scaled to [c, c + 1): a value is (value - low) * scale, which never falls as values rise. */
interface Grid {
  readonly low: number;
  readonly scale: number;
  readonly cells: number;
}
const NO_GRID: Grid = { low: 0, scale: 1, cells: 0 };

/** Look-up under one set of edges. */
export class BinIndex {
  /** How many edges there are. */
  readonly count: number;
  /** Two more behind them that no value is above. */
  readonly edges: Float64Array;
  readonly low: number;
  readonly scale: number;
  /** 0: there is no grid, and no `start`. */
  readonly cells: number;
  /** Edges before each cell, and before the end of the grid; CROWDED is added where the cell has many. */
  readonly start: Uint16Array;

  /** @param edges strictly increasing, finite */
  constructor(edges: Float64Array) {
    this.count = edges.length;
    this.edges = new Float64Array(edges.length + COMPARED).fill(Infinity);
    this.edges.set(edges);
    const { low, scale, cells } = gridOf(edges);
    this.low = low;
    this.scale = scale;
    this.cells = cells;
    this.start = startsOf(edges, { low, scale, cells });
  }

  /** @param value not NaN @returns 0..edges.length */
  find(value: number): number {
    const { edges, start } = this;
    const scaled = (value - this.low) * this.scale;
    if (!(scaled >= 0 && scaled < this.cells)) return this.findBeyond(value, scaled);
    const from = start[Math.trunc(scaled)] as number;
    if (from >= CROWDED) return this.findAmong(value, Math.trunc(scaled));
    return (
      from + Number((edges[from] as number) < value) + Number((edges[from + 1] as number) < value)
    );
  }

  private findBeyond(value: number, scaled: number): number {
    const { edges, start, count, cells } = this;
    if (cells === 0) return lowerBound(edges, value, 0, count);
    return scaled < 0
      ? lowerBound(edges, value, 0, edgesBefore(start, 0))
      : lowerBound(edges, value, edgesBefore(start, cells), count);
  }

  private findAmong(value: number, cell: number): number {
    const { edges, start } = this;
    return lowerBound(edges, value, edgesBefore(start, cell), edgesBefore(start, cell + 1));
  }
}

function edgesBefore(start: Uint16Array, cell: number): number {
  return (start[cell] as number) & ~CROWDED;
}

/** The grid under which the fewest edges have to be searched for: as many values as edges are expected everywhere. */
function gridOf(edges: Float64Array): Grid {
  const { length } = edges;
  let best = NO_GRID;
  let least = SEARCH_COST * length;
  // Their numbers would not fit in `start`.
  if (length >= CROWDED) return best;
  const cells = CELLS_PER_EDGE * length;
  for (const shareBelow of LEFT_OUT) {
    for (const shareAbove of LEFT_OUT) {
      const below = Math.floor(shareBelow * length);
      const above = Math.floor(shareAbove * length);
      // Those that are left out are searched for in any case: more of them cannot be better any more.
      if (length + (SEARCH_COST - 1) * (below + above) >= least) break;
      const low = edges[below] ?? 0;
      const high = edges[length - 1 - above] ?? 0;
      const grid = { low, scale: cells / (high - low), cells };
      // Where edges lie too close for it, or too far apart, there is no scale.
      if (!(grid.scale > 0 && Number.isFinite(grid.scale))) continue;
      const cost = costOf(edges, grid);
      if (cost >= least) continue;
      least = cost;
      best = grid;
    }
  }
  return best;
}

function costOf(edges: Float64Array, { low, scale, cells }: Grid): number {
  let looked = 0;
  let latest = -1;
  let together = 0;
  for (const edge of edges) {
    const scaled = (edge - low) * scale;
    if (!(scaled >= 0 && scaled < cells)) continue;
    const cell = Math.trunc(scaled);
    together = cell === latest ? together + 1 : 1;
    latest = cell;
    if (together <= COMPARED) looked += 1;
    // The first of them turn out to be in a crowded cell, too.
    else if (together === COMPARED + 1) looked -= COMPARED;
  }
  return looked + SEARCH_COST * (edges.length - looked);
}

function startsOf(edges: Float64Array, { low, scale, cells }: Grid): Uint16Array {
  const start = new Uint16Array(cells === 0 ? 0 : cells + 1);
  let cell = 0;
  let before = 0;
  for (const edge of edges) {
    const scaled = (edge - low) * scale;
    if (!(scaled < cells)) break;
    // An edge below the grid is before every cell.
    if (scaled >= 0) for (; cell <= Math.trunc(scaled); cell += 1) start[cell] = before;
    before += 1;
  }
  start.fill(before, cell);
  for (let c = 0; c < cells; c += 1) {
    const held = edgesBefore(start, c + 1) - (start[c] as number);
    if (held > COMPARED) start[c] = (start[c] as number) | CROWDED;
  }
  return start;
}

/**
 * @param edges strictly increasing, finite
 * @returns a function of one non-NaN number: 0..edges.length
 */
export function createBinLookup(edges: Float64Array): BinLookup {
  const index = new BinIndex(edges);
  return (value) => index.find(value);
}
