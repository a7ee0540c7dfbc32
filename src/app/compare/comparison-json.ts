import type { BaselineFeature } from '../../core/baseline/types.ts';
import { ALL_SEGMENT } from '../../core/domain/feature.ts';
import type {
  EvaluationPolicy,
  FeatureResult,
  StatisticResult,
} from '../../core/evaluate/types.ts';
import { observationTotal } from '../../core/histogram/histogram.ts';
import type { Histogram } from '../../core/histogram/types.ts';
import type { StatisticName } from '../../core/statistic/catalogue.ts';
import type { Comparison } from './compare-files.ts';

/** The stable contract of `driftd compare --format json`. Shares are null for a side without observations. */
export interface ComparisonJson {
  readonly policy: EvaluationPolicy;
  readonly baseline: { readonly rows: number };
  readonly current: { readonly rows: number };
  readonly features: readonly FeatureJson[];
  /** Features whose verdict is "drifted" or "warning"; those of a slice as `feature [column=value]`. */
  readonly drifted: readonly string[];
  readonly warned: readonly string[];
  /** Sentences for people: what was not compared, and why. */
  readonly notices: readonly string[];
}

export interface FeatureJson {
  readonly feature: string;
  /** Only for a slice. */
  readonly segment?: string;
  readonly kind: string;
  /** Binned values: current, baseline. */
  readonly n: number;
  readonly m: number;
  readonly missing: { readonly baseline: number | null; readonly current: number | null };
  /** Shares of values of the wrong type: texts among numbers, NaN. */
  readonly invalid: { readonly baseline: number | null; readonly current: number | null };
  readonly psi: number | null;
  /** p: of "no change"; 0 where it is below the doubles. */
  readonly ks: {
    readonly d: number;
    readonly dLow: number;
    readonly dHigh: number;
    readonly p: number | null;
  } | null;
  readonly js: number | null;
  readonly hellinger: number | null;
  readonly wasserstein: number | null;
  readonly chi2: { readonly statistic: number; readonly p: number | null } | null;
  readonly unseenShare: number | null;
  readonly verdict: string;
}

export function comparisonJson(comparison: Comparison): ComparisonJson {
  const { policy, subjects, evaluation } = comparison;
  const { results } = evaluation;
  const named = (verdict: FeatureResult['verdict']): string[] =>
    results.filter((result) => result.verdict === verdict).map(featureLabel);
  return {
    policy,
    baseline: { rows: comparison.baseline.rows },
    current: { rows: comparison.current.rows },
    features: results.map((result, i) =>
      featureJson(result, subjects[i]?.baseline ?? null, subjects[i]?.live ?? null),
    ),
    drifted: named('drifted'),
    warned: named('warning'),
    notices: comparison.notices,
  };
}

/** A feature's name in lists for people. */
export function featureLabel({ feature, segment }: FeatureResult): string {
  return segment === ALL_SEGMENT ? feature : `${feature} [${segment}]`;
}

function featureJson(
  result: FeatureResult,
  baseline: BaselineFeature | null,
  live: Histogram | null,
): FeatureJson {
  const found = (name: StatisticName): StatisticResult | null =>
    result.statistics.find((statistic) => statistic.name === name) ?? null;
  const ks = found('ks');
  const chi2 = found('chi2');
  return {
    feature: result.feature,
    ...(result.segment === ALL_SEGMENT ? {} : { segment: result.segment }),
    kind: result.kind,
    n: result.n,
    m: result.m,
    missing: {
      baseline: shareOf('missing', baseline?.histogram ?? null),
      current: shareOf('missing', live),
    },
    invalid: {
      baseline: shareOf('invalid', baseline?.histogram ?? null),
      current: shareOf('invalid', live),
    },
    psi: found('psi')?.value ?? null,
    ks:
      ks === null
        ? null
        : { d: ks.value, dLow: ks.low ?? ks.value, dHigh: ks.high ?? ks.value, p: pOf(ks) },
    js: found('js')?.value ?? null,
    hellinger: found('hellinger')?.value ?? null,
    wasserstein: found('wasserstein')?.value ?? null,
    chi2: chi2 === null ? null : { statistic: chi2.value, p: pOf(chi2) },
    unseenShare: result.unseenShare,
    verdict: result.verdict,
  };
}

function pOf({ logP }: StatisticResult): number | null {
  return logP === null ? null : Math.exp(logP);
}

function shareOf(what: 'missing' | 'invalid', histogram: Histogram | null): number | null {
  if (histogram === null) return null;
  const total = observationTotal(histogram);
  return total === 0 ? null : histogram[what] / total;
}
