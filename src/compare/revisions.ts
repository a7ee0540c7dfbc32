/*
 * Late data: windows that were judged before all of their events had come are judged again (a revision), and alerts that
 * only the first judgement had opened are withdrawn.
 *
 * Revisions are made under the claim of the monitor's next tick, before it is evaluated: no two processes make the same
 * one, and the tick goes on from alerts that are right.
 */
import { NEVER_ALERTED, severityOf, transition } from '../core/alerting/transition.ts';
import type { Alert, AlertPolicy, AlertRow } from '../core/alerting/types.ts';
import { seriesKey, worstVerdict } from '../core/alerting/worst.ts';
import type { Verdict } from '../core/domain/verdict.ts';
import type { EvaluationStore } from '../storage/evaluation-store.ts';
import type { QualityStore } from '../storage/evaluation-store.ts';
import type { RevisionStore, StoredVerdict } from '../storage/revision-store.ts';
import type { TickClaim } from '../storage/tick-store.ts';
import { evaluationWrite } from './evaluation-write.ts';
import { judge } from './judge.ts';
import { checkQuality } from './quality.ts';
import type { JudgeDeps, JudgedMonitor } from './judge.ts';
import type { Clock } from '../platform/clock.ts';

/** Windows that one tick judges again at most, newest first; the others wait for the next tick. */
const MAX_REVISIONS = 24;
/** Tiles of 5 minutes are kept this long: older windows cannot be put together exactly as they were. */
const REVISABLE_MS = 8 * 86_400_000;
/** Evaluations from which the state of an alert is worked out anew. */
const MEMORY = 50;

export const WITHDRAWN =
  'Withdrawn: with the data that came late, the windows that opened this alert do not fire.';

export interface RevisionDeps extends JudgeDeps {
  readonly revisions: RevisionStore;
  readonly quality: QualityStore;
  readonly clock: Clock;
}

/** @returns how many windows were judged again; null: the tick is no longer ours */
export async function reviseStale(
  deps: RevisionDeps,
  monitor: JudgedMonitor,
  claim: TickClaim,
  watermark: number | null,
): Promise<number | null> {
  const longest = Math.max(...monitor.windows.map(({ spanMs }) => spanMs));
  const since = (watermark ?? claim.due) - REVISABLE_MS + longest;
  const stale = await deps.revisions.stale(monitor.id, longest, since, MAX_REVISIONS);
  let done = 0;
  for (const { windowEnd, due, revision, baselineId } of stale) {
    const started = deps.clock.monotonic();
    const judgement = await judge(deps, monitor, windowEnd);
    if ((judgement.active?.row.id ?? null) !== baselineId) {
      // The baseline has changed since: a verdict against another one would be no correction of that one.
      await deps.revisions.settle(monitor.id, windowEnd);
      continue;
    }
    const complete = watermark !== null && watermark >= windowEnd;
    // What came since it was first judged is the next evaluation's news, not this one's.
    const counted = await deps.quality.countedBefore(monitor.id, windowEnd + 1);
    const quality = await checkQuality(deps.quality, monitor, judgement, windowEnd, counted);
    const durationMs = deps.clock.monotonic() - started;
    const of = { claim, due, windowEnd, revision: revision + 1, complete, watermark, durationMs };
    if ((await deps.revisions.revise(evaluationWrite(monitor, judgement, quality, of))) === null)
      return null;
    done += 1;
  }
  return done;
}

export interface CorrectedAlerts {
  readonly known: readonly AlertRow[];
  /** By `seriesKey`: those that fire no longer because of a revision. */
  readonly withdrawn: ReadonlySet<string>;
}

/** The monitor's alerts, as they would stand had the late data been there from the beginning. */
export async function readAlerts(
  deps: { readonly evaluations: EvaluationStore; readonly revisions: RevisionStore },
  monitor: { readonly id: number; readonly alertPolicy: AlertPolicy },
  before: number,
): Promise<CorrectedAlerts> {
  const known = await deps.evaluations.alerts(monitor.id);
  const stored = await deps.revisions.verdicts(monitor.id, before, MEMORY);
  return correctAlerts(known, stored, monitor.alertPolicy);
}

/**
 * Works out anew the alerts of the features whose verdict a revision has changed, by running the state machine over the
 * newest revisions. What was announced, and which incident it was, stays: the next transition tells the difference.
 * Doing it again changes nothing.
 */
export function correctAlerts(
  known: readonly AlertRow[],
  stored: readonly StoredVerdict[],
  policy: AlertPolicy,
): CorrectedAlerts {
  const bySeries = Map.groupBy(stored, ({ feature, segment }) => seriesKey(feature, segment));
  const withdrawn = new Set<string>();
  const newest = stored.reduce((most, { windowEnd }) => Math.max(most, windowEnd), -Infinity);
  const corrected = known.map((row): AlertRow => {
    const key = seriesKey(row.feature, row.segment);
    const verdicts = newestVerdicts(bySeries.get(key) ?? []);
    // What is judged no more stays as it was ended.
    if (verdicts === null || verdicts.at(-1)?.at !== newest) return row;
    const replayed = replay(verdicts, policy);
    const opens = replayed.state === 'firing' && row.state !== 'firing';
    if (row.state === 'firing' && replayed.state !== 'firing') withdrawn.add(key);
    return {
      ...row,
      state: replayed.state,
      severity: replayed.severity,
      recent: replayed.recent,
      pendingSince: replayed.pendingSince,
      incident: opens ? row.incident + 1 : row.incident,
      firingSince:
        row.state === 'firing' && replayed.state === 'firing'
          ? row.firingSince
          : (replayed.firingSince ?? row.firingSince),
      resolvedAt: resolvedAtOf(row, replayed, verdicts.at(-1)?.at ?? null),
    };
  });
  return { known: corrected, withdrawn };
}

/** What is withdrawn was never open: it counts as over since the newest evaluation. */
function resolvedAtOf(row: AlertRow, replayed: Alert, newest: number | null): number | null {
  if (replayed.state === 'firing') return null;
  return replayed.resolvedAt ?? (row.state === 'firing' ? newest : row.resolvedAt);
}

/** The worst verdict of each window end, oldest first, as of the newest revision; null: no revision has changed one. */
function newestVerdicts(
  stored: readonly StoredVerdict[],
): { readonly at: number; readonly verdict: Verdict }[] | null {
  let changed = false;
  const verdicts = [...Map.groupBy(stored, ({ windowEnd }) => windowEnd)].map(([at, ofEnd]) => {
    const revisions = [...Map.groupBy(ofEnd, ({ revision }) => revision)].toSorted(
      ([a], [b]) => a - b,
    );
    const worst = revisions.map(([, ofRevision]) =>
      worstVerdict(ofRevision.map(({ verdict }) => verdict)),
    );
    if (new Set(worst).size > 1) changed = true;
    return { at, verdict: worst.at(-1) ?? 'no-data' };
  });
  return changed ? verdicts.toSorted((a, b) => a.at - b.at) : null;
}

function replay(
  verdicts: readonly { readonly at: number; readonly verdict: Verdict }[],
  policy: AlertPolicy,
): Alert {
  return verdicts.reduce<Alert>((alert, { at, verdict }) => {
    const observation = { verdict, severity: severityOf(verdict), at, mayNotify: false };
    return transition(alert, observation, policy).alert;
  }, NEVER_ALERTED);
}
