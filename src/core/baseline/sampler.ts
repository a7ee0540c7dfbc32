import type { FeatureKind, FeatureRole } from '../domain/feature.ts';
import type { Binning } from '../histogram/types.ts';
import { groupBins } from './blocks.ts';
import { createCategoryCounts } from './category-counts.ts';
import { createFeatureSampler } from './feature-sampler.ts';
import type { RowValue } from './row-value.ts';
import type { Baseline, GoodTuring } from './types.ts';

/** Numbers kept a feature; beyond that a uniform sample of this size (edges may differ, counts stay exact). */
export const MAX_SAMPLE = 200_000;
/** Distinct categories counted a feature. */
export const MAX_CATEGORIES = 200_000;
/** The same over all features together, so that a file of thousands of columns stays bounded: 160 MB, about 400 MB. */
const MAX_SAMPLE_TOTAL = 20_000_000;
const MAX_CATEGORIES_TOTAL = 4_000_000;
const MIN_LIMIT = 2_000;

/** A segment's own reference needs this many rows; below it the segment has no baseline. */
export const MIN_SEGMENT_ROWS = 1_000;
/** Segments of a baseline at most: the heaviest. Fewer where features are many: 20,000 histograms in all. */
export const MAX_SEGMENTS = 100;
export const MAX_HISTOGRAMS = 20_000;

/** Binnings that a model's history is counted under, by feature; the one in use first. */
export type History = ReadonlyMap<string, readonly Binning[]>;

/** What the configuration declares about a column. */
export interface DeclaredFeature {
  readonly kind?: FeatureKind;
  readonly role?: FeatureRole;
  readonly ignore?: boolean;
  /** Of a categorical feature: what is tracked, in place of the most frequent categories of the rows. */
  readonly categories?: readonly string[];
}

/** A feature whose rows are to be counted. */
export interface PlannedFeature {
  readonly name: string;
  /** Its place in a row; -1 when the rows do not have it: then it is counted nowhere. */
  readonly column: number;
  readonly kind: FeatureKind;
  readonly role: FeatureRole;
  readonly binning: Binning;
  /** Coarse group of each bin or cell (`groupBins`). */
  readonly groupOf: Uint8Array;
  /** q90 - q10 of the sample; 0 for categories. */
  readonly scale: number;
  readonly goodTuring: GoodTuring | null;
  /** Binnings of its history, which it is counted on beside its own. */
  readonly also?: readonly PlannedFeature[];
}

/** What pass 2 counts. */
export interface BaselinePlan {
  readonly features: readonly PlannedFeature[];
  /** The segments to count, besides "all". */
  readonly segments: ReadonlySet<string>;
}

/** Pass 1 over the training rows: kinds, binnings, segments. Memory is bounded, whatever the rows hold. */
export interface BaselineSampler {
  /**
   * @param values one a column, in order; undefined is missing
   * @param segments names of the segments the row belongs to, besides "all" (`origin=JFK`)
   */
  addRow(values: readonly (RowValue | undefined)[], segments: readonly string[]): void;
  /** Columns that need the rows once more, declared categorical, before they can be planned (`isUnfinished`). */
  unfinished(): readonly string[];
  /** Rows of each segment so far, those included that are too few. */
  segmentRows(): ReadonlyMap<string, number>;
  /** @param history binnings that history is counted under, by feature: see `FeatureSampler.plan` */
  plan(history?: History): BaselinePlan;
}

/**
 * @param options.columns names of the row's values, in order
 * @param options.declared kinds and roles that are declared win over inferred ones; ignored columns are not sampled
 */
export function createSampler(options: {
  readonly columns: readonly string[];
  readonly declared?: ReadonlyMap<string, DeclaredFeature>;
}): BaselineSampler {
  const watched = options.columns
    .map((name, column) => ({ name, column, declared: options.declared?.get(name) ?? {} }))
    .filter(({ declared }) => declared.ignore !== true);
  const share = (total: number, most: number): number =>
    Math.max(MIN_LIMIT, Math.min(most, Math.floor(total / Math.max(1, watched.length))));
  const limits = {
    numbers: share(MAX_SAMPLE_TOTAL, MAX_SAMPLE),
    categories: share(MAX_CATEGORIES_TOTAL, MAX_CATEGORIES),
  };
  const features = watched.map((feature) => ({
    ...feature,
    sampler: createFeatureSampler(feature.declared.kind ?? null, limits),
  }));
  const segmentRows = createCategoryCounts(MAX_CATEGORIES);
  return {
    addRow(values, segments) {
      for (const { sampler, column } of features) sampler.add(values[column] ?? null);
      for (const name of segments) segmentRows.add(name);
    },
    unfinished: () =>
      features.filter(({ sampler }) => sampler.isUnfinished()).map(({ name }) => name),
    segmentRows: () => segmentRows.counts,
    plan(history) {
      const heavy = [...segmentRows.counts]
        .filter(([, rows]) => rows >= MIN_SEGMENT_ROWS)
        .sort(([a, x], [b, y]) => y - x || (a < b ? -1 : 1))
        .slice(
          0,
          Math.min(MAX_SEGMENTS, Math.floor(MAX_HISTOGRAMS / Math.max(1, features.length))),
        );
      return {
        features: features.map(({ name, column, declared, sampler }) => {
          const common = { name, column, role: declared.role ?? 'input' } as const;
          const { also, ...own } = sampler.plan(history?.get(name) ?? [], declared.categories);
          return {
            ...common,
            ...own,
            ...(also === undefined
              ? {}
              : { also: also.map((further) => ({ ...common, ...further })) }),
          };
        }),
        segments: new Set(heavy.map(([name]) => name)),
      };
    },
  };
}

/**
 * The plan to count other rows (a file to compare, a candidate) exactly as this baseline was: its features, binnings and
 * segments.
 * @param columns names of the other rows' values; a feature that is not among them is left uncounted
 */
export function planLike(baseline: Baseline, columns: readonly string[]): BaselinePlan {
  return {
    features: baseline.features.map((feature) => ({
      name: feature.name,
      column: columns.indexOf(feature.name),
      kind: feature.kind,
      role: feature.role,
      binning: feature.histogram.binning,
      groupOf: feature.blocks?.groupOf ?? groupBins(feature.histogram),
      scale: feature.scale,
      goodTuring: feature.goodTuring,
    })),
    segments: new Set(baseline.segments.keys()),
  };
}
