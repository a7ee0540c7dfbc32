import type { Feature, FeatureTier } from '../core/domain/feature.ts';
import type { Binning } from '../core/histogram/types.ts';

export interface ModelRow {
  readonly id: number;
  readonly name: string;
}

/** Up to 32 binnings of one model that a tile row packs, in the order of its blob. */
export interface BinningSet {
  readonly id: number;
  readonly entries: readonly { readonly featureId: number; readonly binning: Binning }[];
}

/** What the accumulator counts for one model: its features and the sets of binnings events are counted under. */
export interface CountingPlan {
  readonly model: ModelRow;
  readonly features: readonly Feature[];
  readonly sets: readonly BinningSet[];
}

/** Dictionaries: models, features, segments, binnings. */
export interface CatalogStore {
  ensureModel(name: string): Promise<ModelRow>;
  findModel(name: string): Promise<ModelRow | null>;
  /** Sets the tiers of the model's features; those that are not named become standard. */
  declareTiers(modelId: number, tiers: ReadonlyMap<string, FeatureTier>): Promise<void>;
  features(modelId: number): Promise<Feature[]>;
  /** The id of a segment by name, made when missing. */
  ensureSegment(modelId: number, name: string): Promise<number>;
  segments(modelId: number): Promise<ReadonlyMap<string, number>>;
  /**
   * The plan of a model from its active baseline (and candidates that need binnings of their own), or null when it has
   * no baseline yet. Makes the binning sets when they are missing.
   */
  countingPlan(modelId: number): Promise<CountingPlan | null>;
  /** The binning sets with these ids, of any age, to decode tiles with. */
  binningSets(ids: readonly number[]): Promise<ReadonlyMap<number, BinningSet>>;
}
