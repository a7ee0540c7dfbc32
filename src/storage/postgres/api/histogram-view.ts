import { binnedTotal } from '../../../core/histogram/histogram.ts';
import type { Binning, Histogram } from '../../../core/histogram/types.ts';
import type { HistogramBin, HistogramSide } from '../../api/histogram-source.ts';

/** The bins of a binning in words: for numbers edges.length + 1 of them, for categories the tracked, other and unseen. */
export function binsOf(binning: Binning): HistogramBin[] {
  if (binning.kind !== 'numeric') {
    const tracked = binning.categories.map((category): HistogramBin => ({
      kind: 'category',
      category,
    }));
    return [...tracked, { kind: 'other' }, { kind: 'unseen' }];
  }
  return Array.from(binning.atoms, (atom, i): HistogramBin => {
    const upTo = binning.edges[i] ?? null;
    if (atom === 1 && upTo !== null) return { kind: 'value', value: upTo + 0 };
    return { kind: 'range', above: binning.edges[i - 1] ?? null, upTo };
  });
}

/** Counts in the order of `binsOf`. */
export function sideOf(histogram: Histogram): HistogramSide {
  const { missing, invalid } = histogram;
  const counts = [...histogram.counts];
  if (histogram.kind !== 'numeric') counts.push(histogram.other, histogram.unseen);
  return { counts, missing, invalid, total: binnedTotal(histogram) };
}
