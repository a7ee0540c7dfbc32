import { isFiring, type Severity, type Verdict } from '../domain/verdict.ts';
import type { Alert, AlertPolicy, Notice, Observation, Transition } from './types.ts';

/** An alert that opens so soon after it closed has not settled. */
const FLAP_MS = 7 * 86_400_000;

export const NEVER_ALERTED: Alert = {
  state: 'inactive',
  severity: null,
  incident: 0,
  flaps: 0,
  recent: [],
  pendingSince: null,
  firingSince: null,
  resolvedAt: null,
  notifiedSeverity: null,
};

/**
 * Did the evaluation compare anything? No events, no baseline or another binning say nothing about drift: such a
 * verdict does not fire, yet it is no proof of health either. Too few effective values (insufficient) were compared and
 * did not fire: autocorrelated features are nearly always that, and their alerts must be able to close (ruling 8).
 */
export function couldJudge(verdict: Verdict): boolean {
  return verdict !== 'no-data' && verdict !== 'no-baseline' && verdict !== 'not-comparable';
}

/** The severity that a verdict fires with; null: it does not fire. */
export function severityOf(verdict: Verdict): Severity | null {
  if (verdict === 'drifted') return 'critical';
  return verdict === 'warning' ? 'warning' : null;
}

/**
 * Moves an alert by one evaluation: inactive, pending (some of the last evaluations fire), firing (`open.firing` of the
 * last `open.of` do), and back after `close` evaluations in a row that do not fire.
 *
 * An evaluation that could not judge ages the memory of an alert that is not firing, and leaves a firing one as it is:
 * it counts neither towards closing nor against it. A drifted feature whose data stops stays firing.
 *
 * A notice is the difference between what is and what was announced, so a transition made while nobody may be told
 * (`mayNotify` false) is announced by the next evaluation that may, unless it is over by then. A severity that goes up
 * and down within one incident is announced once.
 * @param previous null: the feature was never evaluated before
 */
export function transition(
  previous: Alert | null,
  observation: Observation,
  policy: AlertPolicy,
): Transition {
  const moved = move(previous ?? NEVER_ALERTED, observation, policy);
  const notice = observation.mayNotify === false ? null : noticeOf(moved);
  if (notice === null) return { alert: moved, notice, noticeSeverity: null };
  if (notice === 'resolved') {
    const noticeSeverity = moved.notifiedSeverity;
    return { alert: { ...moved, notifiedSeverity: null }, notice, noticeSeverity };
  }
  const alert = { ...moved, notifiedSeverity: moved.severity };
  return { alert, notice, noticeSeverity: moved.severity };
}

function move(previous: Alert, observation: Observation, policy: AlertPolicy): Alert {
  const { verdict, at } = observation;
  if (previous.state === 'firing' && !couldJudge(verdict)) return previous;
  const memory = Math.max(policy.open.of, policy.close);
  const recent = [...previous.recent, verdict].slice(-memory);
  const severity = isFiring(verdict)
    ? (observation.severity ?? severityOf(verdict))
    : previous.severity;
  if (previous.state === 'firing') {
    const quiet = recent.slice(-policy.close);
    const over = quiet.length === policy.close && !quiet.some(isFiring);
    if (!over) return { ...previous, recent, severity };
    // The incident's verdicts are forgotten: they must not help to open the next one.
    return { ...previous, ...inactive(quiet), resolvedAt: at };
  }
  const firing = recent.slice(-policy.open.of).filter(isFiring).length;
  if (firing === 0) return { ...previous, ...inactive(recent) };
  const pendingSince = previous.pendingSince ?? at;
  if (firing < policy.open.firing || !isFiring(verdict))
    return { ...previous, state: 'pending', severity, recent, pendingSince };
  return {
    state: 'firing',
    severity,
    incident: previous.incident + 1,
    flaps: isFlap(previous, at) ? previous.flaps + 1 : 0,
    recent,
    pendingSince,
    firingSince: at,
    resolvedAt: null,
    notifiedSeverity: null,
  };
}

function isFlap({ resolvedAt }: Alert, at: number): boolean {
  return resolvedAt !== null && at - resolvedAt <= FLAP_MS;
}

function inactive(
  recent: readonly Verdict[],
): Pick<Alert, 'state' | 'severity' | 'recent' | 'pendingSince'> {
  return { state: 'inactive', severity: null, recent, pendingSince: null };
}

function noticeOf(alert: Alert): Notice | null {
  if (alert.state !== 'firing') return alert.notifiedSeverity === null ? null : 'resolved';
  if (alert.notifiedSeverity === null) return 'first';
  return alert.severity === 'critical' && alert.notifiedSeverity === 'warning' ? 'escalated' : null;
}
