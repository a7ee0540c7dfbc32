import type { FeatureKind } from '../../core/domain/feature.ts';

export interface HistogramQuery {
  readonly feature: string;
  readonly segment: string;
  /** Event time, [from, to), ms since the epoch, on boundaries of 5 minutes. */
  readonly from: number;
  readonly to: number;
  /** Version of the baseline to show beside it; null: the active one. */
  readonly baseline: number | null;
}

/** Counts of one side, live or baseline. */
export interface HistogramSide {
  /** Of each bin, in the order of the bins. */
  readonly counts: readonly number[];
  readonly missing: number;
  readonly invalid: number;
  /** Values that are in a bin. */
  readonly total: number;
}

/** One bin: values in (above, upTo], null without an end; or one category. */
export type HistogramBin =
  | { readonly kind: 'range'; readonly above: number | null; readonly upTo: number | null }
  | { readonly kind: 'value'; readonly value: number }
  | { readonly kind: 'category'; readonly category: string }
  /** Known to the baseline but not tracked by name; never seen in it. */
  | { readonly kind: 'other' }
  | { readonly kind: 'unseen' };

/** A feature's live counts of a span beside its baseline's, under one binning. */
export interface HistogramView {
  readonly kind: FeatureKind;
  readonly binning: string;
  readonly baselineVersion: number | null;
  readonly bins: readonly HistogramBin[];
  /** Events of the segment in the span. */
  readonly events: number;
  readonly live: HistogramSide;
  /** null: there is none for the feature in the segment. */
  readonly baseline: HistogramSide | null;
}

/** Histograms of stored tiles, summed over a span. */
export interface HistogramSource {
  /** null: the model has no such feature, or nothing of it is counted and no baseline knows it. */
  read(modelId: number, query: HistogramQuery): Promise<HistogramView | null>;
}
