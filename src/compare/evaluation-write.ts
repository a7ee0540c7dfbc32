import { worstOfWindows } from '../core/alerting/worst.ts';
import { ALL_SEGMENT } from '../core/domain/feature.ts';
import type { Feature } from '../core/domain/feature.ts';
import { predictionsOf } from '../core/evaluate/predictions.ts';
import type { EvaluationPolicy, EvaluationResult, FeatureResult } from '../core/evaluate/types.ts';
import type { EvaluationSummary, EvaluationWrite } from '../storage/evaluation-store.ts';
import type { DataQuality } from './quality.ts';
import type { JudgedMonitor, Judgement } from './judge.ts';

/** A judgement as it is stored, without what it does to alerts. */
export function evaluationWrite(
  monitor: JudgedMonitor,
  { active, features, subjects, evaluation }: Judgement,
  { faults, events, counted }: DataQuality,
  of: Pick<
    EvaluationWrite,
    'claim' | 'due' | 'windowEnd' | 'revision' | 'complete' | 'watermark' | 'durationMs'
  >,
): EvaluationWrite {
  const ids = featureIds(features);
  return {
    ...of,
    baselineId: active?.row.id ?? null,
    settings: {
      q: evaluation.q,
      tests: evaluation.tests,
      evaluationsPerDay: monitor.evaluationsPerDay,
      policy: monitor.policy,
      features: overridesOf(monitor, features),
    },
    summary: {
      ...summarize(evaluation),
      predictions: predictionsOf(subjects, ALL_SEGMENT),
      quality: faults,
      events,
      counted,
    },
    scores: evaluation.results.map((result) => ({
      featureId: ids.get(result.feature) as number,
      result,
    })),
    alerts: [],
    problems: [],
    outbox: [],
  };
}

export function featureIds(features: readonly Feature[]): ReadonlyMap<string, number> {
  return new Map(features.map((feature) => [feature.name, feature.id]));
}

/** The policies of the features that are judged differently, by name: what else an evaluation was judged by. */
function overridesOf(
  monitor: JudgedMonitor,
  features: readonly Feature[],
): Readonly<Record<string, EvaluationPolicy>> {
  const usual = JSON.stringify(monitor.policy);
  const entries = features
    .map((feature) => [feature.name, monitor.policyOf(feature)] as const)
    .filter(([, policy]) => JSON.stringify(policy) !== usual);
  return Object.fromEntries(entries);
}

/** Model level: counts and names. */
function summarize({
  results,
}: EvaluationResult): Omit<EvaluationSummary, keyof DataQuality | 'quality'> {
  const worst = worstOfWindows(results.filter(({ segment }) => segment === ALL_SEGMENT));
  const named = (verdict: string): string[] =>
    worst.filter((result) => result.verdict === verdict).map(({ feature }) => feature);
  const effect = (result: FeatureResult): number =>
    Math.max(
      0,
      ...result.statistics
        .filter(({ name }) => name === 'ks' || name === 'psi')
        .map(({ value }) => value),
    );
  const byEffect = [...worst].sort((a, b) => effect(b) - effect(a));
  return {
    features: worst.length,
    drifted: named('drifted'),
    warned: named('warning'),
    worst: byEffect.slice(0, 5).map(({ feature }) => feature),
  };
}
