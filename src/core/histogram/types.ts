/**
 * The shapes of binnings and histograms.
 *
 * A binning is fixed bin edges (or a category list) with an id, the fingerprint of its content. A histogram is
 * counts under one binning. Two histograms may be added or compared only under one binning id.
 */

export interface NumericBinning {
  readonly kind: 'numeric';
  /** Fingerprint of the content below: 32 hex digits. */
  readonly id: string;
  /** Strictly increasing, finite. `edges.length + 1` bins; bin i is (edges[i-1], edges[i]], the ends are infinite. */
  readonly edges: Float64Array;
  /** One byte a bin: 1 where the bin holds a single value (an "atom"): (prev(v), v]. */
  readonly atoms: Uint8Array;
  /** Indexes, ascending, of the bins whose sum of values is kept (outside the core and the 2 outermost core bins a side). */
  readonly tailBins: Uint16Array;
}

export interface CategoricalBinning {
  readonly kind: 'categorical' | 'boolean';
  readonly id: string;
  /** The tracked categories, by falling baseline count, then by name. At most 64 by default. Booleans: `false`, `true`. */
  readonly categories: readonly string[];
  /** 64-bit hashes, ascending, of the baseline's other known values (at most 100,000); a value in neither is unseen. */
  readonly known: BigUint64Array;
  /** Salt of the 256 hash cells (and of `known`), fixed with the binning. */
  readonly salt: string;
}

export type Binning = NumericBinning | CategoricalBinning;

/** Counts shared by both kinds. `missing` and `invalid` (wrong type, NaN) are not part of the binned total. */
export interface HistogramBase {
  missing: number;
  invalid: number;
}

export interface NumericHistogram extends HistogramBase {
  readonly kind: 'numeric';
  readonly binning: NumericBinning;
  /** One count a bin; whole numbers, exact to 2^53. +-infinity is counted in the end bins. */
  readonly counts: Float64Array;
  /** Sum of the finite values in each bin of `binning.tailBins`, in that order. */
  readonly tailSums: Float64Array;
  /** Values equal to 0, below 0 (-Infinity too), and whole. */
  zero: number;
  negative: number;
  integer: number;
  /** Non-finite values counted in the end bins; they take no part in the sums, min and max. */
  infinite: number;
  sum: number;
  sumSquares: number;
  /** +Infinity and -Infinity while no finite value has been seen. */
  min: number;
  max: number;
}

export interface CategoricalHistogram extends HistogramBase {
  readonly kind: 'categorical' | 'boolean';
  readonly binning: CategoricalBinning;
  /** One count a tracked category, in the binning's order. */
  readonly counts: Float64Array;
  /** Known in the baseline but not tracked; not known in the baseline. */
  other: number;
  unseen: number;
  /** 256 cells by salted hash over every non-missing value, tracked or not. */
  readonly cells: Float64Array;
  /**
   * Names and lower-bound counts of heavy untracked values (64 slots, heavy-values.ts). A sidecar: outside the exact
   * merge law, used only to name a new heavy value.
   */
  readonly heavy: Map<string, number>;
}

export type Histogram = NumericHistogram | CategoricalHistogram;

/** Rows of slots of event frames, one behind the other: what is counted feature by feature. */
export interface SlotRows {
  /** Slots of a row; a feature's is at `row * width + feature`. */
  readonly width: number;
  readonly slots: Uint8Array;
  readonly numbers: Float64Array;
  readonly texts: readonly string[];
}
