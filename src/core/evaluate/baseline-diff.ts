import type { Baseline, BaselineFeature } from '../baseline/types.ts';
import { ALL_SEGMENT } from '../domain/feature.ts';
import type { FeatureKind } from '../domain/feature.ts';
import type { Verdict } from '../domain/verdict.ts';
import { binnedTotal, observationTotal } from '../histogram/histogram.ts';
import type { CategoricalHistogram, Histogram, NumericHistogram } from '../histogram/types.ts';
import { evaluate } from './evaluate.ts';
import { DEFAULT_POLICY } from './types.ts';
import type { FeatureResult, Subject } from './types.ts';

/** Shares at which quantiles are told. */
export const DIFF_QUANTILES = [0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99] as const;
/** Categories that are told: those whose share changes most. */
const MAX_CATEGORIES = 10;

/** What one version says of a feature. */
export interface FeatureSide {
  readonly rows: number;
  /** Share of missing values. */
  readonly missing: number;
  /** At `DIFF_QUANTILES`, as near as the bins tell; null for categories and without values. */
  readonly quantiles: readonly number[] | null;
  readonly mean: number | null;
}

export interface CategoryChange {
  readonly category: string;
  /** Shares of the binned values. */
  readonly before: number;
  readonly after: number;
}

/** How one feature of two versions compares. Additions and removals have one side only. */
export interface FeatureDiff {
  readonly feature: string;
  readonly kind: FeatureKind;
  readonly change: 'none' | 'different' | 'added' | 'removed' | 'not-comparable';
  /**
   * The verdict if the later version's rows came in as a window judged by the earlier one: it allows for the ups and downs
   * of the earlier one's own hours, so that months of weather can differ and be too little to alert.
   */
  readonly verdict: Verdict | null;
  readonly psi: number | null;
  readonly ks: { readonly low: number; readonly high: number } | null;
  readonly before: FeatureSide | null;
  readonly after: FeatureSide | null;
  /** Categories only, by falling change. */
  readonly categories: readonly CategoryChange[];
}

export interface BaselineDiff {
  readonly features: readonly FeatureDiff[];
  /** Features whose rows, taken as independent, differ by more than the tolerated effect; by falling PSI. */
  readonly different: readonly string[];
  readonly added: readonly string[];
  readonly removed: readonly string[];
}

/**
 * Compares two versions feature by feature, on a binning that both are counted on.
 */
export function diffBaselines(before: Baseline, after: Baseline): BaselineDiff {
  const later = new Map(after.features.map((feature) => [feature.name, feature]));
  const earlier = new Map(before.features.map((feature) => [feature.name, feature]));
  const spanMs = after.from === null || after.to === null ? 0 : after.to - after.from;
  const pairs = before.features.map((feature) => pairOf(feature, later.get(feature.name)));
  const subjects = pairs.map((pair) => subjectOf(pair, spanMs));
  const budget = { evaluationsPerDay: 1 };
  const asWindow = evaluate(subjects, DEFAULT_POLICY, budget).results;
  const asRows = evaluate(
    subjects.map((subject) => ({ ...subject, policy: { designEffect: 'none' as const } })),
    DEFAULT_POLICY,
    budget,
  ).results;
  const features = [
    ...pairs.map((pair, i) =>
      diffOf(pair, asWindow[i] as FeatureResult, (asRows[i] as FeatureResult).verdict),
    ),
    ...after.features
      .filter(({ name }) => !earlier.has(name))
      .map((feature) => oneSided(feature, 'added')),
  ];
  const named = (change: FeatureDiff['change']): string[] =>
    features
      .filter((diff) => diff.change === change)
      .toSorted((a, b) => (b.psi ?? 0) - (a.psi ?? 0))
      .map(({ feature }) => feature);
  return {
    features,
    different: named('different'),
    added: named('added'),
    removed: named('removed'),
  };
}

interface Pair {
  readonly own: BaselineFeature;
  readonly other: BaselineFeature | undefined;
  /** Both on one binning; null: there is none. */
  readonly common: readonly [before: BaselineFeature, after: BaselineFeature] | null;
}

/** The earlier version's own binning first, else any that both have. */
function pairOf(own: BaselineFeature, other: BaselineFeature | undefined): Pair {
  const ofOther = other === undefined ? [] : [other, ...(other.also ?? [])];
  for (const before of [own, ...(own.also ?? [])]) {
    const after = ofOther.find(
      ({ histogram }) => histogram.binning.id === before.histogram.binning.id,
    );
    if (after !== undefined) return { own, other, common: [before, after] };
  }
  return { own, other, common: null };
}

function subjectOf({ own, other, common }: Pair, spanMs: number): Subject {
  const [before, after] = common ?? [own, null];
  const live = after?.histogram ?? null;
  return {
    feature: own.name,
    kind: own.kind,
    role: own.role,
    tier: 'standard',
    segment: ALL_SEGMENT,
    window: { name: 'baseline', spanMs },
    baseline: before,
    live: live !== null && observationTotal(live) > 0 ? live : null,
    comparable: other === undefined || common !== null,
    history: [],
    mixture: null,
    ...(before.blocks === null ? { policy: { designEffect: 'none' as const } } : {}),
  };
}

function diffOf({ own, other, common }: Pair, result: FeatureResult, asRows: Verdict): FeatureDiff {
  if (other === undefined) return oneSided(own, 'removed');
  const statistic = (name: string) => result.statistics.find((entry) => entry.name === name);
  const ks = statistic('ks');
  const fires = asRows === 'drifted' || asRows === 'warning';
  return {
    feature: own.name,
    kind: other.kind,
    change: common === null ? 'not-comparable' : fires ? 'different' : 'none',
    verdict: result.verdict,
    psi: statistic('psi')?.value ?? null,
    ks: ks?.low === undefined || ks.high === undefined ? null : { low: ks.low, high: ks.high },
    before: sideOf(own),
    after: sideOf(other),
    categories: common === null ? [] : categoryChanges(common[0].histogram, common[1].histogram),
  };
}

function oneSided(feature: BaselineFeature, change: 'added' | 'removed'): FeatureDiff {
  const side = sideOf(feature);
  return {
    feature: feature.name,
    kind: feature.kind,
    change,
    verdict: null,
    psi: null,
    ks: null,
    before: change === 'removed' ? side : null,
    after: change === 'added' ? side : null,
    categories: [],
  };
}

function sideOf({ histogram }: BaselineFeature): FeatureSide {
  const rows = observationTotal(histogram);
  const numeric = histogram.kind === 'numeric' && histogram.min <= histogram.max;
  return {
    rows,
    missing: rows === 0 ? 0 : histogram.missing / rows,
    quantiles: numeric ? DIFF_QUANTILES.map((p) => binnedQuantile(histogram, p)) : null,
    mean: numeric ? histogram.sum / (binnedTotal(histogram) - histogram.infinite) : null,
  };
}

/** The value below which a share p of the values lies, linear within a bin; exact at edges, within [min, max]. */
export function binnedQuantile(h: NumericHistogram, p: number): number {
  const total = binnedTotal(h);
  const target = p * total;
  let below = 0;
  for (const [bin, count] of h.counts.entries()) {
    if (count > 0 && below + count >= target) {
      const low = Math.max(h.min, h.binning.edges[bin - 1] ?? h.min);
      const high = Math.min(h.max, h.binning.edges[bin] ?? h.max);
      if (h.binning.atoms[bin] === 1) return high;
      const share = (target - below) / count;
      return low * (1 - share) + high * share;
    }
    below += count;
  }
  return h.max;
}

function categoryChanges(before: Histogram, after: Histogram): CategoryChange[] {
  if (before.kind === 'numeric' || after.kind === 'numeric') return [];
  const earlier = sharesOf(before);
  const later = sharesOf(after);
  const names = [...before.binning.categories, '(other)', '(unseen)'];
  return names
    .map((category, i) => ({ category, before: earlier[i] ?? 0, after: later[i] ?? 0 }))
    .filter((change) => change.before > 0 || change.after > 0)
    .sort((a, b) => Math.abs(b.after - b.before) - Math.abs(a.after - a.before))
    .slice(0, MAX_CATEGORIES);
}

function sharesOf(h: CategoricalHistogram): number[] {
  const total = Math.max(1, binnedTotal(h));
  return [...h.counts, h.other, h.unseen].map((count) => count / total);
}
