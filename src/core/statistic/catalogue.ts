import type { FeatureKind } from '../domain/feature.ts';
import { hellinger, jensenShannon, totalVariation } from './distances.ts';

/**
 * Every statistic by name. A new distance of shares is a file beside this and an entry here. One that is tested, or looks at
 * more than counts in groups, is computed in core/evaluate/measure.ts.
 */
export interface StatisticEntry {
  readonly name: string;
  readonly kinds: readonly FeatureKind[];
  /** Greatest possible value; the least is 0. */
  readonly upper: number;
  /** The same when baseline and live change places, at equal sizes. */
  readonly symmetric: boolean;
  /** `gate`: takes part in the decision; `report`: shown only. */
  readonly use: 'gate' | 'report';
  /** Which pair of tolerated effects applies: of distributions (KS, PSI) or of shares. */
  readonly effect: 'distribution' | 'share' | null;
  readonly doc: string;
  /** Shown as this distance of the counts in tenths of the baseline, or of the tracked categories and all others. */
  readonly distance?: (baseline: Float64Array, live: Float64Array) => number;
}

const ALL: readonly FeatureKind[] = ['numeric', 'categorical', 'boolean'];
const NUMERIC: readonly FeatureKind[] = ['numeric'];
const CATEGORIES: readonly FeatureKind[] = ['categorical', 'boolean'];

export const STATISTICS = [
  {
    name: 'ks',
    kinds: NUMERIC,
    upper: 1,
    symmetric: true,
    use: 'gate',
    effect: 'distribution',
    doc: 'Kolmogorov-Smirnov: greatest difference of the two cumulative distributions',
  },
  {
    name: 'psi',
    kinds: ALL,
    upper: Infinity,
    symmetric: true,
    use: 'gate',
    effect: 'distribution',
    doc: 'population stability index over about ten groups of equal baseline mass',
  },
  {
    name: 'spike',
    kinds: NUMERIC,
    upper: 1,
    symmetric: false,
    use: 'gate',
    effect: 'share',
    doc: 'largest excess of a single fine bin: a default value, a new constant, outliers',
  },
  {
    name: 'missing',
    kinds: ALL,
    upper: 1,
    symmetric: false,
    use: 'gate',
    effect: 'share',
    doc: 'change of the share of missing values',
  },
  {
    name: 'invalid',
    kinds: ALL,
    upper: 1,
    symmetric: false,
    use: 'gate',
    effect: 'share',
    doc: 'change of the share of values of the wrong type',
  },
  {
    name: 'zero',
    kinds: NUMERIC,
    upper: 1,
    symmetric: false,
    use: 'gate',
    effect: 'share',
    doc: 'change of the share of zeros',
  },
  {
    name: 'negative',
    kinds: NUMERIC,
    upper: 1,
    symmetric: false,
    use: 'gate',
    effect: 'share',
    doc: 'change of the share of negative values',
  },
  {
    name: 'integer',
    kinds: NUMERIC,
    upper: 1,
    symmetric: false,
    use: 'gate',
    effect: 'share',
    doc: 'change of the share of whole numbers: rounding, a new unit',
  },
  {
    name: 'linf',
    kinds: CATEGORIES,
    upper: 1,
    symmetric: false,
    use: 'gate',
    effect: 'share',
    doc: 'greatest change of the share of one tracked category',
  },
  {
    name: 'linf_hash',
    kinds: ['categorical'],
    upper: 1,
    symmetric: false,
    use: 'gate',
    effect: 'share',
    doc: 'greatest change of the share of one of 256 hash cells',
  },
  {
    name: 'unseen',
    kinds: ['categorical'],
    upper: 1,
    symmetric: false,
    use: 'gate',
    effect: 'share',
    doc: 'share of categories that the baseline never had, against its Good-Turing estimate',
  },
  {
    name: 'js',
    kinds: ALL,
    upper: Math.sqrt(Math.LN2),
    symmetric: true,
    use: 'report',
    effect: null,
    doc: 'Jensen-Shannon distance over tenths of the baseline, or tracked categories, natural logarithms',
    distance: jensenShannon,
  },
  {
    name: 'hellinger',
    kinds: ALL,
    upper: 1,
    symmetric: true,
    use: 'report',
    effect: null,
    doc: 'Hellinger distance over tenths of the baseline, or tracked categories',
    distance: hellinger,
  },
  {
    name: 'tvd',
    kinds: ALL,
    upper: 1,
    symmetric: true,
    use: 'report',
    effect: null,
    doc: 'total variation distance over tenths of the baseline, or tracked categories',
    distance: totalVariation,
  },
  {
    name: 'wasserstein',
    kinds: NUMERIC,
    upper: Infinity,
    symmetric: false,
    use: 'report',
    effect: null,
    doc: "first Wasserstein distance in units of the baseline's q90 - q10; none where that is 0",
  },
  {
    name: 'chi2',
    kinds: CATEGORIES,
    upper: Infinity,
    symmetric: true,
    use: 'report',
    effect: null,
    doc: "Pearson's chi-square of the 2 x B table, missing being a level",
  },
] as const satisfies readonly StatisticEntry[];

export type StatisticName = (typeof STATISTICS)[number]['name'];
export const STATISTIC_NAMES: readonly StatisticName[] = STATISTICS.map((entry) => entry.name);

export function statisticEntry(name: StatisticName): StatisticEntry {
  return STATISTICS.find((entry) => entry.name === name) as StatisticEntry;
}
