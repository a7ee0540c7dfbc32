import type { AlertNotice, AlertRow, Notice } from '../../src/core/alerting/types.ts';
import { NEVER_ALERTED } from '../../src/core/alerting/transition.ts';

/** The places of delivery at which a process can be killed: between any two of them nothing is written or sent. */
export const STEPS = [
  'in the transaction',
  'after the transaction',
  'after leasing',
  'before sending',
  'after sending',
  'after marking',
] as const;
export type Step = (typeof STEPS)[number];

export const RECEIVER = {
  name: 'ops',
  targets: [
    { channel: 'email', recipient: 'oncall@example.com', sendResolved: true },
    { channel: 'webhook', recipient: 'ops', sendResolved: true },
  ],
} as const;

export const FEATURES = ['temp', 'humid', 'wind'] as const;
const START = Date.UTC(2024, 0, 8);
const TICK_MS = 300_000;

/** One change of one feature's alert. They come one a tick, feature by feature: it opens, it closes, it opens again. */
export interface Change {
  readonly due: number;
  readonly feature: string;
  readonly incident: number;
  readonly notice: Notice;
}

/** @param number from 1 */
export function changeAt(number: number): Change {
  const turn = Math.floor((number - 1) / FEATURES.length);
  return {
    due: START + number * TICK_MS,
    feature: FEATURES[(number - 1) % FEATURES.length] ?? 'temp',
    incident: Math.floor(turn / 2) + 1,
    notice: turn % 2 === 0 ? 'first' : 'resolved',
  };
}

/** Which change a tick is; 0: none yet. */
export function numberOf(due: number | null): number {
  return due === null ? 0 : (due - START) / TICK_MS;
}

/** How a change is told, and how the alert stands after it. */
export function noticeOf(
  { due, feature, incident, notice }: Change,
  featureId: number,
): AlertNotice {
  const open = notice === 'first';
  const alert: AlertRow = {
    ...NEVER_ALERTED,
    state: open ? 'firing' : 'inactive',
    severity: open ? 'critical' : null,
    incident,
    firingSince: open ? due : due - FEATURES.length * TICK_MS,
    resolvedAt: open ? null : due,
    notifiedSeverity: open ? 'critical' : null,
    featureId,
    feature,
    segment: 'all',
  };
  return { alert, notice, severity: 'critical' };
}
