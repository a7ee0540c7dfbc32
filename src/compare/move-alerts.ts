import type { ComposeDesk } from '../core/alerting/compose.ts';
import { muteOf } from '../core/alerting/mute.ts';
import type { Mute } from '../core/alerting/mute.ts';
import { couldJudge, severityOf, transition } from '../core/alerting/transition.ts';
import type { AlertNotice, AlertPolicy, AlertRow } from '../core/alerting/types.ts';
import { seriesKey, worstOfWindows } from '../core/alerting/worst.ts';
import type { FeatureResult } from '../core/evaluate/types.ts';
import type { DeskState } from '../storage/alert-desk.ts';

/** What decides whether somebody hears of an alert now. */
export interface Telling {
  readonly model: string;
  readonly monitor: string;
  readonly owner: string | null;
  /** Silences and maintenance windows that hold now. */
  readonly mutes: readonly Mute[];
  /** Nothing is counted any more: old windows are no news. */
  readonly sourcesDead: boolean;
  /** false: a missed tick that is caught up. */
  readonly mayNotify: boolean;
}

export interface MovedAlerts {
  readonly rows: readonly AlertRow[];
  readonly notices: readonly AlertNotice[];
  /** By `seriesKey`: what fires and must not be told of. */
  readonly muted: ReadonlySet<string>;
}

/**
 * Moves the alert of each feature and segment by its worst verdict. What is muted moves, too: it is told once the silence
 * is over, unless it is over by then itself. A feature without data or baseline is told of as that, not as drifting
 * still: such a verdict mutes the drift before it. An alert that no result speaks of any more ends.
 */
export function moveAlerts(
  results: readonly FeatureResult[],
  known: readonly AlertRow[],
  featureIds: ReadonlyMap<string, number>,
  policy: AlertPolicy,
  at: number,
  telling: Telling,
): MovedAlerts {
  const before = new Map(known.map((row) => [seriesKey(row.feature, row.segment), row]));
  const rows: AlertRow[] = [];
  const notices: AlertNotice[] = [];
  const muted = new Set<string>();
  for (const result of worstOfWindows(results)) {
    const { feature, segment, verdict, tier } = result;
    const key = seriesKey(feature, segment);
    const previous = before.get(key) ?? null;
    const severity = severityOf(verdict) ?? previous?.severity ?? 'warning';
    const labels = { ...telling, feature, segment, tier, severity };
    const silent =
      telling.sourcesDead || !couldJudge(verdict) || muteOf(telling.mutes, labels) !== null;
    const mayNotify = telling.mayNotify && !silent;
    const observation = { verdict, severity: severityOf(verdict), at, mayNotify };
    const moved = transition(previous, observation, policy);
    const featureId = featureIds.get(feature) as number;
    const told = previous?.told ?? (previous === null ? [] : null);
    const row: AlertRow = { ...moved.alert, featureId, feature, segment, told };
    rows.push(row);
    before.delete(key);
    if (silent) muted.add(key);
    if (moved.notice !== null && moved.noticeSeverity !== null) {
      notices.push({ alert: row, notice: moved.notice, severity: moved.noticeSeverity });
    }
  }
  for (const row of before.values()) {
    const gone = letGo(row, at, telling);
    if (gone === null) continue;
    rows.push(gone.alert);
    if (gone.notice !== null) notices.push(gone.notice);
  }
  return { rows, notices, muted };
}

/**
 * The end of an alert whose feature or segment is judged no more: its tier is `ignore` now, or the baseline has lost it.
 * null: there is nothing to end.
 */
function letGo(
  row: AlertRow,
  at: number,
  telling: Telling,
): { readonly alert: AlertRow; readonly notice: AlertNotice | null } | null {
  const { feature, segment, state, notifiedSeverity } = row;
  if (state === 'inactive' && notifiedSeverity === null) return null;
  const severity = notifiedSeverity ?? 'warning';
  const labels = { ...telling, feature, segment, tier: 'standard' as const, severity };
  const mayTell =
    telling.mayNotify && !telling.sourcesDead && muteOf(telling.mutes, labels) === null;
  const tells = notifiedSeverity !== null && mayTell;
  const alert: AlertRow = {
    ...row,
    state: 'inactive',
    severity: null,
    recent: [],
    pendingSince: null,
    resolvedAt: state === 'firing' ? at : row.resolvedAt,
    notifiedSeverity: tells ? null : notifiedSeverity,
  };
  return { alert, notice: tells ? { alert, notice: 'resolved', severity } : null };
}

/** What composing needs to know of the desk. A caught-up tick repeats nothing. */
export function composeDeskOf(
  state: DeskState,
  monitorId: number,
  { muted }: MovedAlerts,
  { holds, mayNotify }: { readonly holds: boolean; readonly mayNotify: boolean },
): ComposeDesk {
  const { acknowledged, told } = state;
  return { monitorId, told: mayNotify ? told : new Map(), acknowledged, muted, holds };
}
