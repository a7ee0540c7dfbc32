import { nextDouble, prevDouble } from './numbers/double.ts';
import { fingerprint128 } from './hash/fingerprint.ts';
import { quantileLinear } from './numbers/quantile.ts';
import type { NumericBinning } from './types.ts';

/** Quantile bins of the default binning; STATISTICS 2a: more buys nothing against sampling error. */
export const DEFAULT_BINS = 200;

/** Exponents of the tail edges: max + s * 2^j and min - s * 2^j, 12 a side. */
const TAIL_FROM = -2;
const TAIL_TO = 9;

/** A sample from which no binning can be made. */
export class EmptySampleError extends Error {
  constructor() {
    super('a numeric binning needs at least one finite value');
    this.name = 'EmptySampleError';
  }
}

/**
 * Bin edges from a baseline sample: K right-closed quantile bins, one-value bins ("atoms") for heavy values, log-spaced
 * tails outside the sample's range, and the two infinite ends. Bin i is (edges[i-1], edges[i]].
 *
 * @param sorted finite values, ascending; -0 counts as 0
 * @param options.bins K, the number of quantile bins
 * @throws EmptySampleError without a value
 */
export function buildNumericBinning(
  sorted: Float64Array,
  options: { readonly bins?: number } = {},
): NumericBinning {
  const bins = options.bins ?? DEFAULT_BINS;
  const m = sorted.length;
  if (m === 0) throw new EmptySampleError();
  const { values, counts } = distinct(sorted);
  const heavy = m / (2 * bins);
  const isAtom = (i: number): boolean => values.length <= bins || (counts[i] as number) >= heavy;

  const min = values[0] as number;
  const max = values[values.length - 1] as number;
  const atomValues = new Set<number>();
  const core = new Set<number>([prevDouble(min), max]);
  const rest: { value: number; count: number }[] = [];
  let restCount = 0;
  for (let i = 0; i < values.length; i += 1) {
    const value = values[i] as number;
    if (isAtom(i)) {
      atomValues.add(value);
      core.add(prevDouble(value));
      core.add(value);
    } else {
      rest.push({ value, count: counts[i] as number });
      restCount += counts[i] as number;
    }
  }
  for (const edge of quantileEdges(rest, restCount, Math.round((bins * restCount) / m)))
    core.add(edge);
  const coreEdges = Float64Array.from(core).filter(Number.isFinite).sort();
  return assemble(coreEdges, atomValues, tailScale(sorted, min, max), min, max);
}

/**
 * The distinct values, ascending, with their counts; -0 becomes 0.
 * @throws RangeError on a sample that is not finite and ascending
 */
function distinct(sorted: Float64Array): { values: Float64Array; counts: Float64Array } {
  const values = new Float64Array(sorted.length);
  const counts = new Float64Array(sorted.length);
  let size = 0;
  for (const raw of sorted) {
    const value = raw === 0 ? 0 : raw;
    if (!Number.isFinite(value) || (size > 0 && value < (values[size - 1] as number))) {
      throw new RangeError('a numeric binning needs finite values in ascending order');
    }
    if (size > 0 && values[size - 1] === value) counts[size - 1] = (counts[size - 1] as number) + 1;
    else {
      values[size] = value;
      counts[size] = 1;
      size += 1;
    }
  }
  return { values: values.slice(0, size), counts: counts.slice(0, size) };
}

/** Right-closed quantile edges (inverted CDF: data values) that cut `total` values into `parts` parts. */
function quantileEdges(
  rest: readonly { value: number; count: number }[],
  total: number,
  parts: number,
): number[] {
  const edges: number[] = [];
  let cumulative = 0;
  let next = 1;
  for (const { value, count } of rest) {
    cumulative += count;
    let reached = false;
    while (next <= parts && cumulative >= (next * total) / parts) {
      reached = true;
      next += 1;
    }
    if (reached) edges.push(value);
  }
  return edges;
}

/** The unit of the tails: q99 - q01, else the range, else max(|v|, 1) for a constant. */
function tailScale(sorted: Float64Array, min: number, max: number): number {
  const spread = quantileLinear(sorted, 0.99) - quantileLinear(sorted, 0.01);
  if (spread > 0 && Number.isFinite(spread)) return spread;
  const range = max - min;
  if (range > 0 && Number.isFinite(range)) return range;
  return Math.max(Math.abs(max), 1);
}

function assemble(
  core: Float64Array,
  atomValues: ReadonlySet<number>,
  scale: number,
  min: number,
  max: number,
): NumericBinning {
  const below: number[] = [];
  const above: number[] = [];
  const first = core[0] as number;
  for (let j = TAIL_FROM; j <= TAIL_TO; j += 1) {
    const down = min - scale * 2 ** j;
    const up = max + scale * 2 ** j;
    // At huge magnitudes a step can vanish or overflow: such an edge is left out.
    if (Number.isFinite(down) && down < (below[0] ?? first)) below.unshift(down);
    if (Number.isFinite(up) && up > (above.at(-1) ?? max)) above.push(up);
  }
  const edges = Float64Array.from([...below, ...core, ...above]);
  const atoms = new Uint8Array(edges.length + 1);
  for (let i = 1; i < edges.length; i += 1) {
    const value = edges[i] as number;
    if (atomValues.has(value) && edges[i - 1] === prevDouble(value)) atoms[i] = 1;
  }
  return finishBinning(edges, atoms, below.length, edges.length - above.length);
}

/** @param coreFrom @param coreTo the core bins are those with index coreFrom < i < coreTo */
function finishBinning(
  edges: Float64Array,
  atoms: Uint8Array,
  coreFrom: number,
  coreTo: number,
): NumericBinning {
  const tails: number[] = [];
  // Bins 0..coreFrom lie below the sample, coreTo.. above it; two core bins a side are kept with them.
  for (let bin = 0; bin <= edges.length; bin += 1) {
    if (bin <= coreFrom + 2 || bin >= coreTo - 2) tails.push(bin);
  }
  return numericBinning(edges, atoms, Uint16Array.from(tails));
}

/** A binning of these parts with its id; the parts are taken as they are. */
export function numericBinning(
  edges: Float64Array,
  atoms: Uint8Array,
  tailBins: Uint16Array,
): NumericBinning {
  const id = fingerprint128(
    `numeric/1\n${Array.from(edges).join(' ')}\n${Array.from(atoms).join('')}\n${Array.from(tailBins).join(' ')}`,
  );
  return { kind: 'numeric', id, edges, atoms, tailBins };
}

/**
 * Why these edges cannot be a binning, or null when they can.
 * Finite, strictly increasing, at least one; atoms are the bins (prev(v), v].
 */
export function binningFault(edges: Float64Array, atoms: Uint8Array): string | null {
  if (edges.length === 0) return 'has no edges';
  if (atoms.length !== edges.length + 1) return 'needs one atom flag a bin (edges + 1)';
  for (let i = 0; i < edges.length; i += 1) {
    const edge = edges[i] as number;
    if (!Number.isFinite(edge)) return `edge ${i} is not finite`;
    if (i > 0 && !(edge > (edges[i - 1] as number))) return `edge ${i} is not above the one before`;
  }
  for (let bin = 0; bin < atoms.length; bin += 1) {
    if (atoms[bin] !== 1) continue;
    const value = edges[bin];
    if (bin === 0 || value === undefined || nextDouble(edges[bin - 1] as number) !== value) {
      return `bin ${bin} is no single value`;
    }
  }
  return null;
}
