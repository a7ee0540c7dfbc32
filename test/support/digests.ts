import type { DigestFeature, DigestMessage } from '../../src/core/alerting/message.ts';

/** 2013-07-18 00:00 UTC */
export const WINDOW_END = Date.UTC(2013, 6, 18);

export function digestFeature(change: Partial<DigestFeature> = {}): DigestFeature {
  return {
    feature: 'temp',
    segment: 'all',
    window: '7d',
    kind: 'numeric',
    tier: 'standard',
    verdict: 'drifted',
    severity: 'critical',
    notice: 'first',
    incident: 1,
    since: WINDOW_END - 3_600_000,
    resolvedAt: null,
    warmingUp: false,
    psi: 6.4,
    ks: { value: 0.93, low: 0.925, high: 0.934, logP: -2_000 },
    n: 6_512,
    m: 26_398,
    missing: { baseline: 0.0006, live: 0.12 },
    unseenShare: null,
    explanation: [],
    picture: null,
    ...change,
  };
}

export function digest(change: Partial<DigestMessage> = {}): DigestMessage {
  return {
    version: 1,
    model: 'flights-late',
    monitor: 'flights-daily',
    windowEnd: WINDOW_END,
    revision: 0,
    severity: 'critical',
    features: [digestFeature()],
    stillFiring: [],
    links: [],
    ...change,
  };
}
