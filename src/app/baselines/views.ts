import type { BaselineFeature } from '../../core/baseline/types.ts';
import { observationTotal } from '../../core/histogram/histogram.ts';
import type {
  BaselineEventView,
  BaselineFeatureView,
  BaselineView,
  ShadowView,
} from '../../expose/api/baselines/desk.ts';
import type { BaselineEvent, BaselineRow } from '../../storage/baseline-store.ts';
import { shadowInWords } from './shadow.ts';
import type { ShadowRun } from './shadow.ts';

const iso = (time: number): string => new Date(time).toISOString();
const isoOrNull = (time: number | null): string | null => (time === null ? null : iso(time));

export function baselineView(model: string, row: BaselineRow): BaselineView {
  const { version, state, fingerprint, rows, provenance, warnings } = row;
  return {
    model,
    version,
    state,
    fingerprint,
    rows,
    from: isoOrNull(row.from),
    to: isoOrNull(row.to),
    provenance,
    created: iso(row.createdAt),
    activated: isoOrNull(row.activatedAt),
    retired: isoOrNull(row.retiredAt),
    activateAt: isoOrNull(row.activateAt),
    warnings: warnings.map(({ text }) => text),
  };
}

export function featureView(feature: BaselineFeature): BaselineFeatureView {
  const { name, kind, role, histogram, also } = feature;
  return {
    feature: name,
    kind,
    role,
    binning: histogram.binning.id,
    also: (also ?? []).map((other) => other.histogram.binning.id),
    rows: observationTotal(histogram),
    missing: histogram.missing,
    invalid: histogram.invalid,
  };
}

export function eventView({ happenedAt, ...event }: BaselineEvent): BaselineEventView {
  return { ...event, at: iso(happenedAt) };
}

export function shadowView(run: ShadowRun): ShadowView {
  return {
    ...run,
    from: iso(run.from),
    to: iso(run.to),
    alerts: run.alerts.map((alert) => ({ ...alert, at: iso(alert.at) })),
    summary: shadowInWords(run),
  };
}
