import type { Feature, FeatureRole, FeatureTier } from '../core/domain/feature.ts';
import type { Binning } from '../core/histogram/types.ts';
import type { UnknownNames } from '../core/quality/unknown-names.ts';

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
  /** Those that are watched, and those that only a candidate or the version before the active one has. */
  readonly features: readonly Feature[];
  /** Binnings in them that are counted no longer are of the feature -1, which there is not. */
  readonly sets: readonly BinningSet[];
  /** Names that are declared to be no features: nobody wonders at them in events. */
  readonly ignored: readonly string[];
}

/** What the configuration says of a feature; null: nothing, so it is as the active version has it. */
export interface FeatureDeclaration {
  readonly name: string;
  readonly role: FeatureRole | null;
  readonly tier: FeatureTier | null;
  readonly unit: string | null;
}

/** Dictionaries: models, features, segments, binnings. */
export interface CatalogStore {
  ensureModel(name: string): Promise<ModelRow>;
  findModel(name: string): Promise<ModelRow | null>;
  /** Keeps what is declared in place of what was, and brings roles and tiers of the features in line with it. */
  declareFeatures(modelId: number, declared: readonly FeatureDeclaration[]): Promise<void>;
  /** Those that are watched. */
  features(modelId: number): Promise<Feature[]>;
  /** Every feature that any version has, also those that are retired, or not watched yet. */
  allFeatures(modelId: number): Promise<Feature[]>;
  /** The id of a segment by name, made when missing. */
  ensureSegment(modelId: number, name: string): Promise<number>;
  /**
   * The id of a segment of one value, made when missing, unless the model has `limit` of such by now: null. However many
   * processes ask at once.
   */
  ensureValueSegment(modelId: number, name: string, limit: number): Promise<number | null>;
  segments(modelId: number): Promise<ReadonlyMap<string, number>>;
  /** What the model's events bring beside the features that are counted. */
  unknownNames(modelId: number): Promise<UnknownNames>;
  /**
   * The plan of a model from its active baseline, candidates, and the version that a rollback would bring back, or null
   * when it has no baseline yet. Makes the binning sets when they are missing.
   */
  countingPlan(modelId: number): Promise<CountingPlan | null>;
  /**
   * Binnings of versions that were active, by feature, under which events of the last days of the stream were counted;
   * those of the version that a rollback would bring back, then the others, the last used first.
   */
  historyBinnings(modelId: number): Promise<ReadonlyMap<string, readonly Binning[]>>;
  /** The binning sets with these ids, of any age, to decode tiles with. */
  binningSets(ids: readonly number[]): Promise<ReadonlyMap<number, BinningSet>>;
}
