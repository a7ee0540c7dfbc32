import type { FeatureTier } from '../domain/feature.ts';
import type { Severity } from '../domain/verdict.ts';
import type { AlertRow, Notice } from './types.ts';

/** Alertmanager's semantics: the first route that matches, and those after it while `continue`. A matcher that is null matches everything. */
export interface AlertRoute {
  readonly receiver: string;
  /** Routes after a match are tried too. Default false. */
  readonly continue?: boolean;
  readonly match: {
    readonly model: string | null;
    readonly feature: string | null;
    readonly tier: FeatureTier | null;
    readonly severity: Severity | null;
    readonly segment?: string | null;
  };
  readonly groupWaitMs?: number;
  readonly groupIntervalMs?: number;
  readonly repeatIntervalMs?: number;
}

/** What of an alert its routes look at. */
export interface RoutedAlert {
  readonly model: string;
  readonly feature: string;
  readonly segment: string;
  readonly tier: FeatureTier;
  readonly severity: Severity;
}

/** The names of the receivers that are told of an alert, each once; empty: nobody. */
export function receiversOf(routes: readonly AlertRoute[], alert: RoutedAlert): string[] {
  const names = new Set<string>();
  for (const route of routes) {
    const { model, feature, segment, tier, severity } = route.match;
    const matches =
      (model ?? alert.model) === alert.model &&
      (feature ?? alert.feature) === alert.feature &&
      (segment ?? alert.segment) === alert.segment &&
      (tier ?? alert.tier) === alert.tier &&
      (severity ?? alert.severity) === alert.severity;
    if (!matches) continue;
    names.add(route.receiver);
    if (route.continue !== true) break;
  }
  return [...names];
}

/**
 * Who hears a notice. Whoever was told of an incident hears how it goes on and that it is over, also when its severity has
 * left their route meanwhile: else it would never end for them.
 * @param notice null: it fires on
 * @param everyone the receivers there are: without any route all of them are told of everything
 */
export function audienceOf(
  alert: AlertRow,
  notice: Notice | null,
  labels: RoutedAlert,
  {
    routes,
    everyone,
  }: { readonly routes: readonly AlertRoute[]; readonly everyone: readonly string[] },
): string[] {
  const at = (severity: Severity): string[] =>
    routes.length === 0 ? [...everyone] : receiversOf(routes, { ...labels, severity });
  if (labels.tier === 'ignore') return [];
  const now = at(labels.severity);
  if (notice === 'first') return [...new Set([...(alert.told ?? []), ...now])];
  // Of an incident from before this was remembered: as its routes say.
  if (notice === 'resolved') return [...(alert.told ?? now)];
  const before = alert.told ?? (notice === 'escalated' ? at('warning') : []);
  return [...new Set([...before, ...now])];
}
