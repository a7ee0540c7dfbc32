import type { Severity, Verdict } from '../domain/verdict.ts';

export const ALERT_STATES = ['inactive', 'pending', 'firing'] as const;
export type AlertState = (typeof ALERT_STATES)[number];

/** The value of `driftd_alert_state` for each state. */
export const ALERT_STATE_GAUGE: Readonly<Record<AlertState, number>> = {
  inactive: 0,
  pending: 1,
  firing: 2,
};

/** A condition over time: what the state machine remembers of one feature in one segment of a monitor. Times in ms. */
export interface Alert {
  readonly state: AlertState;
  /** Of the newest evaluation that fired; null when inactive. */
  readonly severity: Severity | null;
  /** Goes up by one whenever the alert opens; 0: never opened. */
  readonly incident: number;
  /** How often it opened again within a week of closing; 0 once it kept quiet for longer. */
  readonly flaps: number;
  /**
   * Newest last, as many as opening and closing look at. Every evaluation while the alert is not firing; while it is
   * firing only the evaluations that could judge.
   */
  readonly recent: readonly Verdict[];
  readonly pendingSince: number | null;
  /** When the newest incident opened; null: never. */
  readonly firingSince: number | null;
  /** When the newest incident closed; null while firing or never. */
  readonly resolvedAt: number | null;
  /** The worst severity that was announced of the incident; null: recipients know of no open incident. */
  readonly notifiedSeverity: Severity | null;
}

/** What an alert is told as: values that differ, or data that is broken and mutes what its values show. */
export type AlertCause = 'drift' | 'data';

/** An alert with its identity inside the monitor. */
export interface AlertRow extends Alert {
  readonly featureId: number;
  readonly feature: string;
  readonly segment: string;
  /** Receivers that were told of the open incident; null: it opened before that was remembered. */
  readonly told?: readonly string[] | null;
  /** What the open incident was told as; null: as drift, before there was anything else. */
  readonly causes?: readonly AlertCause[] | null;
}

/** When alerts open and close (STATISTICS ruling 8). */
export interface AlertPolicy {
  /** Open when `firing` of the last `of` evaluations fire. */
  readonly open: { readonly firing: number; readonly of: number };
  /** Close after this many evaluations in a row that do not fire. */
  readonly close: number;
}

export const DEFAULT_ALERT_POLICY: AlertPolicy = { open: { firing: 2, of: 3 }, close: 3 };

/** What an evaluation says about one feature: the worst verdict of its windows. */
export interface Observation {
  readonly verdict: Verdict;
  /** null unless the verdict fires. */
  readonly severity: Severity | null;
  /** On the monitor's clock: the end of the window. */
  readonly at: number;
  /** false: the state moves but nobody is told now (a missed tick that is caught up). Default true. */
  readonly mayNotify?: boolean;
}

/** `repeat`: told before, and still so after the repeat interval. */
export type Notice = 'first' | 'escalated' | 'resolved' | 'repeat';

export interface Transition {
  readonly alert: Alert;
  readonly notice: Notice | null;
  /** What the notice is about: the severity announced now, or, when resolved, the one announced last. */
  readonly noticeSeverity: Severity | null;
}

/** Something to tell: an alert that moved. */
export interface AlertNotice {
  readonly alert: AlertRow;
  readonly notice: Notice;
  readonly severity: Severity;
  /** Default drift. */
  readonly cause?: AlertCause;
}
