import type { FeatureKind, FeatureRole } from '../domain/feature.ts';
import type { Histogram } from '../histogram/types.ts';

/**
 * Counts of coarse groups per UTC hour of the training data: the seed of the design effect (STATISTICS ruling 1).
 * Numeric features: the groups are the 10 parts between the 9 decile edges (nearest fine-bin edges; fewer on tied
 * data). Categories: the heaviest ones and the rest, at most 10 groups.
 */
export interface BlockCounts {
  /** Group of each fine bin; for categories of each cell (tracked..., other, unseen). Values 0..groups-1. */
  readonly groupOf: Uint8Array;
  readonly groups: number;
  /** UTC hours since the epoch, ascending, only those with rows. */
  readonly hours: Int32Array;
  /** `hours.length * groups` counts, hour by hour. */
  readonly counts: Uint32Array;
}

/** Distinct values of a category feature that the training rows hold once and twice (STATISTICS 5). */
export interface GoodTuring {
  readonly singletons: number;
  readonly doubletons: number;
}

/** One feature's reference distribution in one segment. */
export interface BaselineFeature {
  readonly name: string;
  readonly kind: FeatureKind;
  readonly role: FeatureRole;
  /** Counts of the training rows; carries the binning. */
  readonly histogram: Histogram;
  /** null when the training rows have no timestamps. */
  readonly blocks: BlockCounts | null;
  /** Numeric: q90 - q10 of the training values (0 on a constant); the unit of the normalised Wasserstein distance. Categories: 0. */
  readonly scale: number;
  /** Categories: how many values the training rows hold exactly once and exactly twice (Good-Turing); numeric: null. */
  readonly goodTuring: GoodTuring | null;
  /** Hour-of-week histograms (0 = Monday 00:00 UTC ... 167), only slots with rows; null without timestamps or when not asked for. */
  readonly slots: ReadonlyMap<number, Histogram> | null;
  /**
   * The same rows counted exactly on the binnings that the feature's history was counted under, where the baseline needed
   * a binning of its own. Absent: none.
   */
  readonly also?: readonly BaselineFeature[];
}

/** Reference distributions of one training run. Immutable. */
export interface Baseline {
  readonly model: string;
  readonly rows: number;
  /** Time range of the training rows, ms since the epoch; null without timestamps. */
  readonly from: number | null;
  readonly to: number | null;
  /** Fingerprint of the whole content (64 hex digits). */
  readonly fingerprint: string;
  /** Where it came from: file name, uploader's note. Never a path. */
  readonly provenance: string;
  /** Features of the segment "all". */
  readonly features: readonly BaselineFeature[];
  /** Further segments with at least 1,000 rows, by name (`origin=JFK`). */
  readonly segments: ReadonlyMap<string, readonly BaselineFeature[]>;
}
