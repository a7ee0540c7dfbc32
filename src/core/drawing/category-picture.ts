import { binnedTotal } from '../histogram/histogram.ts';
import type { CategoricalHistogram } from '../histogram/types.ts';
import type { CategoryPicture, Pair } from './picture.ts';

const BARS = 9;

interface Bar extends Pair {
  readonly label: string;
}

/** Half of the bars for what changed most, the others for what weighs most in the baseline; then the rest, then new values. */
export function categoryPictureOf(
  baseline: CategoricalHistogram,
  live: CategoricalHistogram,
): CategoryPicture | null {
  const m = binnedTotal(baseline);
  const n = binnedTotal(live);
  if (m === 0 || n === 0) return null;
  const all: Bar[] = baseline.binning.categories.map((label, i) => ({
    label,
    baseline: (baseline.counts[i] ?? 0) / m,
    live: (live.counts[i] ?? 0) / n,
  }));
  const byChange = [...all].sort((a, b) => change(b) - change(a));
  const chosen = new Set(byChange.slice(0, Math.ceil(BARS / 2)));
  for (const bar of all) if (chosen.size < BARS) chosen.add(bar);
  const shown = all.filter((bar) => chosen.has(bar));
  const rest = all.filter((bar) => !chosen.has(bar));
  const bars = [
    ...shown,
    {
      label: 'other',
      baseline: baseline.other / m + sum(rest, 'baseline'),
      live: live.other / n + sum(rest, 'live'),
    },
    { label: 'new values', baseline: baseline.unseen / m, live: live.unseen / n },
  ];
  const visible = bars.filter((bar) => bar.baseline > 0 || bar.live > 0);
  return {
    kind: 'categorical',
    bars: visible.map((bar) => ({
      label: bar.label,
      baseline: rounded(bar.baseline),
      live: rounded(bar.live),
    })),
  };
}

function change(bar: Pair): number {
  return Math.abs(bar.live - bar.baseline);
}

function sum(bars: readonly Bar[], side: keyof Pair): number {
  return bars.reduce((total, bar) => total + bar[side], 0);
}

function rounded(share: number): number {
  return Math.round(share * 1e4) / 1e4;
}
