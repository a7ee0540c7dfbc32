import { slotMixture } from '../core/baseline/slots.ts';
import type { Seasonality } from '../core/baseline/slots.ts';
import type { Baseline, BaselineFeature } from '../core/baseline/types.ts';
import { seriesKey } from '../core/alerting/worst.ts';
import { ALL_SEGMENT } from '../core/domain/feature.ts';
import type { Feature } from '../core/domain/feature.ts';
import type { EvaluationPolicy, HistoryWindow, Subject } from '../core/evaluate/types.ts';
import { binnedTotal, observationTotal } from '../core/histogram/histogram.ts';
import type { Histogram } from '../core/histogram/types.ts';
import { needsSlots } from '../core/window/windows.ts';
import type { BaselineRow } from '../storage/baseline-store.ts';
import type { WindowCounts } from './window-counts.ts';

/** The model's active baseline; null: it has none. */
export type Active = { readonly row: BaselineRow; readonly baseline: Baseline } | null;

/** Past windows by `seriesKey` of feature and segment. */
export type History = ReadonlyMap<string, readonly HistoryWindow[]>;

export interface SubjectsInput {
  readonly features: readonly Feature[];
  readonly active: Active;
  readonly seasonality: Seasonality | null;
  policyOf(feature: Feature): EvaluationPolicy;
}

/** What is to be judged of one window: every feature in every segment that has events or a baseline. */
export function subjectsOf(
  counts: WindowCounts,
  history: History,
  { features, active, seasonality, policyOf }: SubjectsInput,
): Subject[] {
  return segmentsOf(counts, active).flatMap((segment) =>
    features.map((feature): Subject => {
      const own = baselineOf(active, segment, feature.name);
      const { whole, live } = onCountedBinning(own, counts, segment, feature.id);
      const reference =
        whole === null ? null : referenceOf(whole, counts, segment, feature, seasonality);
      return {
        feature: feature.name,
        kind: feature.kind,
        role: feature.role,
        tier: feature.tier,
        unit: feature.unit ?? null,
        segment,
        window: counts.window,
        baseline: reference === null ? null : whole,
        live: live !== null && observationTotal(live) > 0 ? live : null,
        // Counted, but only under other binnings: there is nothing to compare, and no guess is made.
        comparable: whole === null || live !== null || !counts.counted(segment, feature.id),
        // Past windows are remembered in groups of the baseline's own binning.
        history: whole === own ? (history.get(seriesKey(feature.name, segment)) ?? []) : [],
        seasonality,
        mixture: reference?.mixture ?? null,
        policy: policyOf(feature),
      };
    }),
  );
}

function segmentsOf(counts: WindowCounts, active: Active): string[] {
  return [
    ...new Set([ALL_SEGMENT, ...counts.segments(), ...(active?.baseline.segments.keys() ?? [])]),
  ].sort();
}

function baselineOf(active: Active, segment: string, feature: string): BaselineFeature | null {
  const features =
    segment === ALL_SEGMENT ? active?.baseline.features : active?.baseline.segments.get(segment);
  return features?.find(({ name }) => name === feature) ?? null;
}

/**
 * The baseline on the binning that most of the window was counted under, its own first: what was stored before it came is
 * judged on the binning that held then, as exactly.
 */
function onCountedBinning(
  own: BaselineFeature | null,
  counts: WindowCounts,
  segment: string,
  featureId: number,
): { readonly whole: BaselineFeature | null; readonly live: Histogram | null } {
  let best: { whole: BaselineFeature | null; live: Histogram | null } = { whole: own, live: null };
  let most = 0;
  for (const whole of own === null ? [] : [own, ...(own.also ?? [])]) {
    const live = counts.histogram(segment, featureId, whole.histogram.binning.id);
    const size = live === null ? 0 : observationTotal(live);
    if (live === null || (best.live !== null && size <= most)) continue;
    best = { whole, live };
    most = size;
  }
  return best;
}

/** Is the subject judged on another binning than its baseline's own? */
export function isOnOtherBinning({ baseline, segment, feature }: Subject, active: Active): boolean {
  return baseline !== null && baseline !== baselineOf(active, segment, feature);
}

/**
 * What a window is compared with: the whole baseline, or the mixture of its slots in the proportions of the window's
 * rows. null: neither is a fair reference (a short window of a season whose slots the baseline does not have).
 */
function referenceOf(
  baseline: BaselineFeature,
  counts: WindowCounts,
  segment: string,
  feature: Feature,
  seasonality: Seasonality | null,
): { readonly mixture: Subject['mixture'] } | null {
  if (seasonality === null) return { mixture: null };
  const needed = needsSlots(seasonality, counts.window.spanMs);
  if (baseline.slots === null) return needed ? null : { mixture: null };
  const rows = counts.slotRows(segment, feature.id, baseline.histogram.binning.id);
  // Without rows there is nothing to mix by, and nothing to judge either.
  if (rows.size === 0) return { mixture: null };
  const mixture = slotMixture(baseline.slots, rows, seasonality);
  if (mixture === null || binnedTotal(mixture.histogram) === 0)
    return needed ? null : { mixture: null };
  return { mixture: { histogram: mixture.histogram, m: mixture.rows } };
}
