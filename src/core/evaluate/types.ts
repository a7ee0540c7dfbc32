import type { Seasonality } from '../baseline/slots.ts';
import type { BaselineFeature } from '../baseline/types.ts';
import type { FeatureKind, FeatureRole, FeatureTier } from '../domain/feature.ts';
import type { Severity, Verdict } from '../domain/verdict.ts';
import type { Histogram } from '../histogram/types.ts';
import type { StatisticName } from '../statistic/catalogue.ts';
import type { PsiMode } from '../statistic/psi.ts';

/** A tolerated effect per severity: drift at most this big is nobody's business. */
export interface Delta {
  readonly warning: number;
  readonly critical: number;
}

/** How features are judged. Defaults: DEFAULT_POLICY. */
export interface EvaluationPolicy {
  /** False alerts a day that all evaluations together may raise in expectation. */
  readonly alertBudgetPerDay: number;
  /** KS and PSI. */
  readonly delta: Delta;
  /** Spike, missing, invalid, zero, negative, integer and unseen shares, L-infinity. */
  readonly shareDelta: Delta;
  /** Level of the second gate, "the effect is beyond delta". */
  readonly alpha: number;
  /** Where the design effect comes from (STATISTICS ruling 1). */
  readonly designEffect: 'baseline' | 'history' | 'none' | number;
  /** Windows with fewer observations (missing and invalid ones included) are "insufficient", whatever they show. */
  readonly minSamples: number;
  readonly psiMode: PsiMode;
  /** Folklore for those who want it: a statistic at or above its threshold fires, whatever its p-value. */
  readonly fixed: Readonly<Partial<Record<StatisticName, Delta>>>;
  /** Statistics that take no part in the decision. */
  readonly off: readonly StatisticName[];
}

export const DEFAULT_POLICY: EvaluationPolicy = {
  alertBudgetPerDay: 1 / 30,
  delta: { warning: 0.05, critical: 0.1 },
  shareDelta: { warning: 0.01, critical: 0.02 },
  alpha: 0.001,
  designEffect: 'baseline',
  minSamples: 1,
  psiMode: 'half',
  fixed: {},
  off: [],
};

/** One disjoint past window of the same length, not firing: input of the design effect from history. */
export interface HistoryWindow {
  /** ms since the epoch. */
  readonly start: number;
  /** Counts of the baseline's coarse groups (`BlockCounts.groupOf`). */
  readonly groups: readonly number[];
}

/** Counts of every category on both sides, in one order; a missing value is a category, too. */
export interface CategoryCells {
  readonly baseline: Float64Array;
  readonly live: Float64Array;
}

/** A feature in one segment and window, to be judged. */
export interface Subject {
  readonly feature: string;
  readonly kind: FeatureKind;
  readonly role: FeatureRole;
  readonly tier: FeatureTier;
  /** Of its numbers, for people. */
  readonly unit?: string | null;
  readonly segment: string;
  readonly window: { readonly name: string; readonly spanMs: number };
  /** null: none for this feature in this segment. */
  readonly baseline: BaselineFeature | null;
  /** Counts of the window; null: no events. */
  readonly live: Histogram | null;
  /** false: the window's events were counted under another binning than the baseline's. */
  readonly comparable: boolean;
  readonly history: readonly HistoryWindow[];
  /** The monitor's: blocks of the design effect are held against their like. Absent or null: none. */
  readonly seasonality?: Seasonality | null;
  /** Seasonal reference, mixed with the live weights: its histogram and effective size. null: the baseline itself. */
  readonly mixture: { readonly histogram: Histogram; readonly m: number } | null;
  /** All categories, where somebody has kept them (two files do): then chi-square is exact. Absent or null: nobody has. */
  readonly categories?: CategoryCells | null;
  /** Overrides of the policy for this feature. */
  readonly policy?: Partial<EvaluationPolicy>;
}

/** How many looks share the budget. */
export interface Budget {
  /** Evaluations a day over all that share the budget; 1 for a single comparison. */
  readonly evaluationsPerDay: number;
  /** Largest sample for which p-values are exact; 1,000 by default. */
  readonly exactLimit?: number;
}

/** One statistic's result. p-values as natural logarithms; null: not tested. */
export interface StatisticResult {
  readonly name: StatisticName;
  readonly value: number;
  /** KS: the certified interval of the raw values' D. */
  readonly low?: number;
  readonly high?: number;
  /** ln p of "no change" as reported. */
  readonly logP: number | null;
  /** First gate: ln p of "no change", and adjusted over the whole evaluation. */
  readonly logP0: number | null;
  readonly logPAdjusted: number | null;
  /** Second gate: ln p of "the effect is at most delta". */
  readonly logPDelta: { readonly warning: number; readonly critical: number } | null;
  /** What both gates (or a fixed threshold) make of it. */
  readonly fires: Severity | null;
  /** Where: KS: the edge of the greatest difference; spike, L-infinity: the bin or cell. */
  readonly at?: number | string;
}

/** The judgement of one subject: plain data, JSON-safe, complete. */
export interface FeatureResult {
  readonly feature: string;
  readonly kind: FeatureKind;
  readonly role: FeatureRole;
  readonly tier: FeatureTier;
  readonly segment: string;
  readonly window: string;
  readonly verdict: Verdict;
  /** No design effect is known yet: a drift is told as a warning at most. */
  readonly warmingUp: boolean;
  /** The difference is proven to be below the warning delta. */
  readonly provenBelow: boolean;
  /** Binned values, live and baseline; and the effective sizes after the design effect. */
  readonly n: number;
  readonly m: number;
  readonly nEff: number;
  readonly mEff: number;
  readonly designEffect: number;
  /** Smallest true difference that this many values can announce at the warning delta. */
  readonly minimumDetectableEffect: number;
  readonly missing: { readonly baseline: number; readonly live: number };
  readonly invalid: { readonly baseline: number; readonly live: number };
  /** Shares of the live values: outside the baseline's range; of categories it never had. */
  readonly outOfRangeShare: number | null;
  readonly unseenShare: number | null;
  readonly statistics: readonly StatisticResult[];
  /** Live counts of the baseline's coarse groups, for later design effects; null without blocks. */
  readonly groups: readonly number[] | null;
}

/** All results of one evaluation with what they were judged by. */
export interface EvaluationResult {
  readonly results: readonly FeatureResult[];
  /** Level of the first gate: budget a day / evaluations a day. */
  readonly q: number;
  /** Tests that shared it. */
  readonly tests: number;
}
