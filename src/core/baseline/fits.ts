import { binnedTotal } from '../histogram/histogram.ts';
import { DEFAULT_BINS } from '../histogram/numeric-binning.ts';
import type { Histogram } from '../histogram/types.ts';

/** Most of a baseline that the two infinite bins may hold, together. */
const MAX_INFINITE_SHARE = 0.02;
/** Most of a baseline that may lie outside the tracked categories. */
const MAX_UNTRACKED_SHARE = 0.05;

export type Fit = { readonly fits: true } | { readonly fits: false; readonly reason: string };

/**
 * May a baseline stay on the binning it was counted on, so that history keeps its meaning? Yes when every non-atom bin
 * holds at most 2/K of it, the infinite bins at most 2 % and, for categories, "other" and unseen at most 5 %. Otherwise
 * it needs a binning of its own.
 *
 * @param histogram the baseline's rows, counted on the binning in question
 * @param bins K of that binning
 */
export function fitsBinning(histogram: Histogram, bins: number = DEFAULT_BINS): Fit {
  const total = binnedTotal(histogram);
  if (total === 0) return { fits: true };
  if (histogram.kind !== 'numeric') {
    const share = (histogram.other + histogram.unseen) / total;
    return share <= MAX_UNTRACKED_SHARE
      ? { fits: true }
      : refuse(`${percent(share)} of the values are not tracked categories`, MAX_UNTRACKED_SHARE);
  }
  const { counts, binning } = histogram;
  const infinite = ((counts[0] as number) + (counts.at(-1) as number)) / total;
  if (infinite > MAX_INFINITE_SHARE) {
    return refuse(`${percent(infinite)} of the values lie beyond the outermost edges`, 0.02);
  }
  for (const [bin, count] of counts.entries()) {
    if (binning.atoms[bin] === 1 || count / total <= 2 / bins) continue;
    const where = `(${binning.edges[bin - 1] ?? -Infinity}, ${binning.edges[bin] ?? Infinity}]`;
    return refuse(`${percent(count / total)} of the values lie in the bin ${where}`, 2 / bins);
  }
  return { fits: true };
}

function refuse(what: string, limit: number): Fit {
  return { fits: false, reason: `${what}, the limit is ${percent(limit)}` };
}

function percent(share: number): string {
  return `${Number((share * 100).toPrecision(3))} %`;
}
