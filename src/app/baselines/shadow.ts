import { judge } from '../../compare/judge.ts';
import type { JudgeDeps, Judgement } from '../../compare/judge.ts';
import { featureIds } from '../../compare/evaluation-write.ts';
import { moveAlerts } from '../../compare/move-alerts.ts';
import { couldJudge } from '../../core/alerting/transition.ts';
import { seriesKey } from '../../core/alerting/worst.ts';
import type { AlertRow } from '../../core/alerting/types.ts';
import type { Severity } from '../../core/domain/verdict.ts';
import type { FeatureResult, HistoryWindow } from '../../core/evaluate/types.ts';
import { windowEndOf } from '../../core/window/windows.ts';
import type { StoredBaseline } from '../../storage/baseline-store.ts';
import type { EvaluationStore } from '../../storage/evaluation-store.ts';
import type { Monitor } from '../monitors.ts';

const DAY_MS = 86_400_000;
/** Evaluations of a monitor at most; beyond them only the last of each day. */
const MAX_EVALUATIONS = 100;

/** One alert that would have opened. */
export interface ShadowAlert {
  readonly at: number;
  readonly feature: string;
  readonly segment: string;
  readonly severity: Severity;
}

/** What a monitor would have made of past windows under a version. */
export interface ShadowRun {
  readonly monitor: string;
  readonly version: number;
  /** Windows that end in (from, to] were judged; ms since the epoch, event time. */
  readonly from: number;
  readonly to: number;
  readonly evaluations: number;
  /** Only the last tick of each day was judged: there were too many. */
  readonly thinned: boolean;
  /** Days that were asked for. */
  readonly days: number;
  /** Days (UTC, such as 2024-01-31) of which anything could be judged: others have no events, or none that compare. */
  readonly judgedDays: readonly string[];
  /** Of these, those at whose end or in which an alert was firing, whether or not it was announced before. */
  readonly alertDays: readonly string[];
  /** Features that would have alerted, by name. */
  readonly features: readonly string[];
  /** What would have been announced. */
  readonly alerts: readonly ShadowAlert[];
  /** Windows of features that could not be compared: counted under no binning that the version has. */
  readonly notComparable: number;
}

/**
 * Judges the stored tiles of the last days against any version, as the monitor's schedule would have, from alerts that
 * all begin closed; writes nothing and tells nobody.
 * @param to the event time up to which the model's events are complete, ms
 */
export async function shadowRun(
  deps: JudgeDeps,
  { scheduled, evaluated }: Monitor,
  version: StoredBaseline,
  days: number,
  to: number,
): Promise<ShadowRun> {
  const end = windowEndOf(to);
  const from = end - days * DAY_MS;
  const due = scheduled.schedule.between(from, end).map(windowEndOf);
  const thinned = due.length > MAX_EVALUATIONS;
  const ends = [...new Set(thinned ? lastOfDays(due) : due)];
  const memory = createMemory();
  const shadowed: JudgeDeps = {
    ...deps,
    baselines: { ...deps.baselines, active: () => Promise.resolve(version) },
    evaluations: { ...deps.evaluations, history: memory.history },
  };
  const judgedDays = new Set<string>();
  const alertDays = new Set<string>();
  const features = new Set<string>();
  const alerts: ShadowAlert[] = [];
  let known: readonly AlertRow[] = [];
  let notComparable = 0;
  for (const windowEnd of ends) {
    const judgement = await judge(shadowed, evaluated, windowEnd);
    memory.add(judgement, windowEnd);
    const { results } = judgement.evaluation;
    notComparable += results.filter(({ verdict }) => verdict === 'not-comparable').length;
    const ids = featureIds(judgement.features);
    const { rows, notices } = moveAlerts(results, known, ids, evaluated.alertPolicy, windowEnd, {
      model: evaluated.model,
      monitor: evaluated.name,
      owner: null,
      mutes: [],
      sourcesDead: false,
      mayNotify: true,
    });
    known = rows;
    // A window that ends at midnight is of the day before.
    const day = new Date(windowEnd - 1).toISOString().slice(0, 10);
    const judged = judgedSeries(results);
    if (judged.size > 0) judgedDays.add(day);
    for (const { alert, notice, severity } of notices) {
      const { feature, segment } = alert;
      if (notice !== 'resolved') alerts.push({ at: windowEnd, feature, segment, severity });
    }
    for (const { state, feature, segment } of rows) {
      // What fires on without data stays open, but the day shows nothing of it.
      if (state !== 'firing' || !judged.has(seriesKey(feature, segment))) continue;
      alertDays.add(day);
      features.add(feature);
    }
  }
  return {
    monitor: evaluated.name,
    version: version.row.version,
    from,
    to: end,
    evaluations: ends.length,
    thinned,
    days,
    judgedDays: [...judgedDays],
    alertDays: [...alertDays],
    features: [...features].toSorted(),
    alerts,
    notComparable,
  };
}

/** In words: "would have alerted on 2 of the 8 days that could be judged (14 asked for): temp, pressure". */
export function shadowInWords(run: ShadowRun): string {
  const { alertDays, judgedDays, days, features, evaluations } = run;
  if (evaluations === 0) return 'has no scheduled evaluation in these days';
  const judged = judgedDays.length;
  if (judged === 0) return `could judge none of ${inDays(days)}: there is nothing to compare`;
  // Days that begin and end within a day touch one more.
  const among =
    judged < days
      ? `the ${inDays(judged)} that could be judged (${days} asked for)`
      : inDays(judged);
  if (alertDays.length === 0) return `would have alerted on none of ${among}`;
  return `would have alerted on ${alertDays.length} of ${among}: ${features.join(', ')}`;
}

const inDays = (count: number): string => `${count} ${count === 1 ? 'day' : 'days'}`;

/** What of an evaluation was compared, in any window. */
function judgedSeries(results: readonly FeatureResult[]): Set<string> {
  const judged = results.filter(({ verdict }) => couldJudge(verdict));
  return new Set(judged.map(({ feature, segment }) => seriesKey(feature, segment)));
}

function lastOfDays(ends: readonly number[]): number[] {
  const byDay = new Map(ends.map((end) => [Math.floor((end - 1) / DAY_MS), end]));
  return [...byDay.values()].slice(-MAX_EVALUATIONS);
}

/** Past windows as the shadow has judged them: what the design effect would know of them had the version been active. */
function createMemory(): {
  readonly history: EvaluationStore['history'];
  readonly add: (judgement: Judgement, windowEnd: number) => void;
} {
  const seen: { key: string; window: string; end: number; groups: readonly number[] }[] = [];
  return {
    add({ evaluation }, end) {
      for (const { feature, segment, window, verdict, groups } of evaluation.results) {
        if (groups === null || verdict === 'drifted' || verdict === 'warning') continue;
        seen.push({ key: seriesKey(feature, segment), window, end, groups });
      }
    },
    history(_monitorId, _baselineId, windowName, spanMs, before) {
      const kept = new Map<string, HistoryWindow[]>();
      for (const { key, window, end, groups } of seen.toReversed()) {
        const windows = kept.get(key) ?? [];
        if (window !== windowName || end > (windows.at(-1)?.start ?? before - spanMs)) continue;
        windows.push({ start: end - spanMs, groups });
        kept.set(key, windows);
      }
      return Promise.resolve(kept);
    },
  };
}
