import { expect, it } from 'vitest';

import { moveAlerts } from '../../../src/compare/move-alerts.ts';
import { DEFAULT_ALERT_POLICY } from '../../../src/core/alerting/types.ts';
import type { AlertRow } from '../../../src/core/alerting/types.ts';
import { SLOT } from '../../../src/core/domain/event-frame.ts';
import { evaluate } from '../../../src/core/evaluate/evaluate.ts';
import { DEFAULT_POLICY } from '../../../src/core/evaluate/types.ts';
import type { Subject } from '../../../src/core/evaluate/types.ts';
import { createCounter } from '../../../src/core/histogram/counter.ts';
import { emptyHistogram } from '../../../src/core/histogram/histogram.ts';
import { baselineFromList, createNormal } from '../../support/baselines.ts';

const EVALUATIONS = 10_000;
const SHIFTS = 20;
/** A shift begins every 500 evaluations and lasts for 24: a day. */
const EVERY = EVALUATIONS / SHIFTS;
const LASTS = 24;
const FEATURES = ['a', 'b', 'c'];
const HOUR = 3_600_000;
const N = 1_000;

it('of 10,000 evaluations 20 shifts of .35 standard deviations are told, each in time, and next to nothing else', () => {
  const normal = createNormal(77);
  const rows = Array.from({ length: 50_000 }, () => ({
    time: 0,
    values: Object.fromEntries(FEATURES.map((name) => [name, normal()])),
  }));
  const { features } = baselineFromList('m', rows, false);
  const counters = features.map(({ histogram }) => createCounter(histogram.binning));
  /** Does the feature `a` drift in this evaluation? */
  const shifted = (i: number): boolean =>
    i % EVERY >= EVERY - LASTS - 100 && i % EVERY < EVERY - 100;
  const ids = new Map(FEATURES.map((name, i) => [name, i]));
  const telling = {
    model: 'm',
    monitor: 'hourly',
    owner: null,
    mutes: [],
    sourcesDead: false,
    mayNotify: true,
  };

  let known: readonly AlertRow[] = [];
  const opened: { feature: string; at: number }[] = [];
  const closed: number[] = [];
  for (let i = 0; i < EVALUATIONS; i += 1) {
    const subjects = features.map((baseline, f): Subject => {
      const live = emptyHistogram(baseline.histogram.binning);
      const mean = baseline.name === 'a' && shifted(i) ? 0.35 : 0;
      for (let k = 0; k < N; k += 1) counters[f]?.add(live, SLOT.number, mean + normal(), '');
      return {
        feature: baseline.name,
        kind: 'numeric',
        role: 'input',
        tier: 'standard',
        segment: 'all',
        window: { name: '1h', spanMs: HOUR },
        baseline,
        live,
        comparable: true,
        history: [],
        mixture: null,
      };
    });
    const policy = { ...DEFAULT_POLICY, designEffect: 'none' as const };
    const { results } = evaluate(subjects, policy, { evaluationsPerDay: 24 });
    const moved = moveAlerts(results, known, ids, DEFAULT_ALERT_POLICY, i * HOUR, telling);
    known = moved.rows;
    for (const { alert, notice } of moved.notices) {
      if (notice === 'first') opened.push({ feature: alert.feature, at: i });
      if (notice === 'resolved' && alert.feature === 'a') closed.push(i);
    }
  }

  const beginnings = Array.from({ length: SHIFTS }, (_, k) => (k + 1) * EVERY - LASTS - 100);
  const inShift = ({ feature, at }: { feature: string; at: number }): boolean =>
    feature === 'a' && shifted(at);
  expect(opened.filter((alert) => !inShift(alert)).length).toBeLessThanOrEqual(1);
  for (const begin of beginnings) {
    const first = opened.find(({ feature, at }) => feature === 'a' && at >= begin);
    // The third evaluation at the latest: two of three must fire.
    expect((first?.at ?? Infinity) - begin).toBeLessThanOrEqual(2);
    const end = begin + LASTS;
    const over = closed.find((at) => at >= end) ?? Infinity;
    expect(over - end).toBeLessThanOrEqual(DEFAULT_ALERT_POLICY.close);
  }
}, 180_000);
