import type { ComposeDesk } from '../core/alerting/compose.ts';
import { muteOf } from '../core/alerting/mute.ts';
import type { Mute } from '../core/alerting/mute.ts';
import { couldJudge, severityOf, transition } from '../core/alerting/transition.ts';
import type {
  AlertCause,
  AlertNotice,
  AlertPolicy,
  AlertRow,
  Notice,
  Transition,
} from '../core/alerting/types.ts';
import { isFiring } from '../core/domain/verdict.ts';
import type { Severity } from '../core/domain/verdict.ts';
import type { FeatureTrouble } from '../core/alerting/message.ts';
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
  /** What is wrong with the data of features, by `seriesKey`. */
  readonly troubles?: ReadonlyMap<string, FeatureTrouble>;
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
    const causes =
      previous?.causes ?? ((previous?.notifiedSeverity ?? null) === null ? [] : ['drift']);
    const row: AlertRow = { ...moved.alert, featureId, feature, segment, told, causes };
    const cause = telling.troubles?.get(key)?.cause ?? 'drift';
    const notice = noticeOf(moved, { cause, causes, news: isFiring(verdict) && mayNotify });
    rows.push({ ...row, causes: causesAfter(causes, notice, cause) });
    before.delete(key);
    if (silent) muted.add(key);
    if (notice !== null) notices.push({ ...notice, alert: row, cause });
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
 * What is to be told. An open incident that is broken data now and was told as drift, or the other way round, is told as
 * that, too; as each once, so that data on the brink is not told again and again.
 */
function noticeOf(
  { alert, notice, noticeSeverity }: Transition,
  now: {
    readonly cause: AlertCause;
    readonly causes: readonly AlertCause[];
    readonly news: boolean;
  },
): { readonly notice: Notice; readonly severity: Severity } | null {
  if (notice !== null && noticeSeverity !== null) return { notice, severity: noticeSeverity };
  const { state, severity, notifiedSeverity } = alert;
  const open = state === 'firing' && severity !== null && notifiedSeverity !== null;
  return open && now.news && !now.causes.includes(now.cause) ? { notice: 'first', severity } : null;
}

function causesAfter(
  causes: readonly AlertCause[],
  told: { readonly notice: Notice } | null,
  cause: AlertCause,
): readonly AlertCause[] {
  if (told === null) return causes;
  return told.notice === 'resolved' ? [] : [...new Set([...causes, cause])];
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
  const notice = tells ? { alert, notice: 'resolved' as const, severity } : null;
  return { alert: tells ? { ...alert, causes: [] } : alert, notice };
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
