import type { FeatureTier } from '../core/domain/feature.ts';
import type { StatisticName } from '../core/statistic/catalogue.ts';
import { OPEN_PATTERN } from './spec/policy.ts';
import type { ConfigDocument } from './spec/spec.ts';
import type { JudgingConfig, JudgingOverride, PolicyConfig } from './types.ts';

type PolicyDocument = ConfigDocument['monitors'][number]['policy'];
type OverrideDocument = PolicyDocument['features'][string];
type FixedDocument = PolicyDocument['fixed'];

/** The typed policy of a document that passed every check. */
export function resolvePolicy(policy: PolicyDocument): PolicyConfig {
  const open = OPEN_PATTERN.exec(policy.open);
  const { critical, standard } = policy.tiers;
  return {
    alertBudgetPerDay: policy.alert_budget_per_day,
    delta: policy.delta,
    shareDelta: policy.share_delta,
    alpha: policy.alpha,
    minSamples: policy.min_samples,
    psiMode: policy.psi_mode,
    designEffect: policy.design_effect,
    fixed: thresholds(policy.fixed),
    off: policy.off as StatisticName[],
    open: { firing: Number(open?.[1]), of: Number(open?.[2]) },
    close: policy.close,
    tiers: new Map<FeatureTier, JudgingOverride>([
      ...(critical === undefined ? [] : [['critical', resolveOverride(critical)] as const]),
      ...(standard === undefined ? [] : [['standard', resolveOverride(standard)] as const]),
    ]),
    features: new Map(
      Object.entries(policy.features).map(([feature, override]) => [
        feature,
        resolveOverride(override),
      ]),
    ),
  };
}

/** How a feature is judged: the monitor's policy, what its tier says differently, and what the feature says. */
export function judgingOf(
  policy: PolicyConfig,
  feature: { readonly name: string; readonly tier: FeatureTier },
): JudgingConfig {
  const { open: _, close: __, tiers, features, ...monitor } = policy;
  return applied(applied(monitor, tiers.get(feature.tier)), features.get(feature.name));
}

function applied(outer: JudgingConfig, override: JudgingOverride | undefined): JudgingConfig {
  if (override === undefined) return outer;
  return {
    ...outer,
    ...override,
    delta: { ...outer.delta, ...override.delta },
    shareDelta: { ...outer.shareDelta, ...override.shareDelta },
    fixed: { ...outer.fixed, ...override.fixed },
  };
}

function resolveOverride(override: OverrideDocument): JudgingOverride {
  // Keys that are not written must not be there at all: they would overwrite the outer ones with nothing.
  return {
    ...(override.alert_budget_per_day !== undefined && {
      alertBudgetPerDay: override.alert_budget_per_day,
    }),
    ...(override.delta !== undefined && { delta: written(override.delta) }),
    ...(override.share_delta !== undefined && { shareDelta: written(override.share_delta) }),
    ...(override.alpha !== undefined && { alpha: override.alpha }),
    ...(override.min_samples !== undefined && { minSamples: override.min_samples }),
    ...(override.psi_mode !== undefined && { psiMode: override.psi_mode }),
    ...(override.design_effect !== undefined && { designEffect: override.design_effect }),
    ...(override.fixed !== undefined && { fixed: thresholds(override.fixed) }),
    ...(override.off !== undefined && { off: override.off as StatisticName[] }),
  };
}

function written(delta: { warning?: number | undefined; critical?: number | undefined }): {
  warning?: number;
  critical?: number;
} {
  return {
    ...(delta.warning !== undefined && { warning: delta.warning }),
    ...(delta.critical !== undefined && { critical: delta.critical }),
  };
}

/** One number stands for both severities: from it on, drift is critical. */
function thresholds(fixed: FixedDocument): JudgingConfig['fixed'] {
  return Object.fromEntries(
    Object.entries(fixed).map(([statistic, value]) => [
      statistic,
      typeof value === 'number' ? { warning: value, critical: value } : value,
    ]),
  );
}
