import { piecesOf, quantileOf } from '../drawing/curve.ts';
import { binnedTotal } from '../histogram/histogram.ts';
import type { Subject } from './types.ts';

/** Shares whose quantiles of a prediction are kept. */
const SHARES = [0.05, 0.25, 0.5, 0.75, 0.95] as const;

/** What a model has predicted in a window. */
export interface PredictionSummary {
  readonly feature: string;
  readonly window: string;
  readonly values: number;
  /** Of finite numbers; of booleans the share of true. null: there are none, or they are categories. */
  readonly mean: number | null;
  /** Interpolated inside bins; empty where there is no order. */
  readonly quantiles: readonly { readonly share: number; readonly value: number }[];
}

/** The predictions among the subjects, over all events of each window. */
export function predictionsOf(subjects: readonly Subject[], all: string): PredictionSummary[] {
  return subjects
    .filter(({ role, segment }) => role === 'prediction' && segment === all)
    .map(({ feature, window, live }): PredictionSummary => {
      const common = { feature, window: window.name };
      if (live === null) return { ...common, values: 0, mean: null, quantiles: [] };
      const values = binnedTotal(live);
      if (live.kind !== 'numeric') {
        const truths = live.counts[live.binning.categories.indexOf('true')];
        const mean =
          live.kind === 'boolean' && truths !== undefined && values > 0 ? truths / values : null;
        return { ...common, values, mean, quantiles: [] };
      }
      const finite = values - live.infinite;
      const mean = finite > 0 ? live.sum / finite : NaN;
      const pieces = piecesOf(live);
      const quantiles = SHARES.map((share) => ({ share, value: quantileOf(pieces, share) }));
      return {
        ...common,
        values,
        // Sums of very large numbers may be none; JSON has neither.
        mean: Number.isFinite(mean) ? mean : null,
        quantiles: quantiles.filter(({ value }) => Number.isFinite(value)),
      };
    });
}
