import { composeNotifications } from '../../src/core/alerting/compose.ts';
import { explain } from '../../src/core/alerting/explain.ts';
import type { DigestMessage } from '../../src/core/alerting/message.ts';
import { severityOf, transition } from '../../src/core/alerting/transition.ts';
import { DEFAULT_ALERT_POLICY } from '../../src/core/alerting/types.ts';
import type { AlertNotice } from '../../src/core/alerting/types.ts';
import { createBaselineBuilder } from '../../src/core/baseline/builder.ts';
import { createSampler } from '../../src/core/baseline/sampler.ts';
import type { BaselinePlan } from '../../src/core/baseline/sampler.ts';
import type { Baseline } from '../../src/core/baseline/types.ts';
import { pictureOf } from '../../src/core/drawing/picture.ts';
import { evaluate } from '../../src/core/evaluate/evaluate.ts';
import { DEFAULT_POLICY } from '../../src/core/evaluate/types.ts';
import type { FeatureResult, Subject } from '../../src/core/evaluate/types.ts';
import { FLIGHT_DECLARATIONS, readFlights } from './flights.ts';

const DAY = 86_400_000;
const WINDOW = { name: '7d', spanMs: 7 * DAY };

export interface FlightsWindow {
  readonly subjects: readonly Subject[];
  readonly results: readonly FeatureResult[];
}

/** The week before `end` judged against January, all from the real rows. */
export function flightsWindow(end: number): FlightsWindow {
  const { columns, rows, times } = readFlights();
  const january = times.map((time) => time < Date.UTC(2013, 1, 1));
  const week = times.map((time) => time >= end - WINDOW.spanMs && time < end);
  const sampler = createSampler({ columns, declared: FLIGHT_DECLARATIONS });
  rows.forEach((row, i) => {
    if (january[i] === true) sampler.addRow(row, []);
  });
  const plan = sampler.plan();
  const counted = (chosen: readonly boolean[]): Baseline => count(plan, rows, times, chosen);
  const [baseline, live] = [counted(january), counted(week)];
  const subjects = baseline.features.map((feature, i): Subject => {
    const window = live.features[i];
    if (window?.name !== feature.name) throw new Error('the plan orders the features');
    return {
      feature: feature.name,
      kind: feature.kind,
      role: feature.role,
      tier: 'standard',
      segment: 'all',
      window: WINDOW,
      baseline: feature,
      live: window.histogram,
      comparable: true,
      history: [],
      mixture: null,
    };
  });
  const { results } = evaluate(subjects, DEFAULT_POLICY, { evaluationsPerDay: 1 });
  return { subjects, results };
}

function count(
  plan: BaselinePlan,
  rows: readonly (readonly (string | null)[])[],
  times: readonly number[],
  chosen: readonly boolean[],
): Baseline {
  const builder = createBaselineBuilder(plan);
  rows.forEach((row, i) => {
    if (chosen[i] === true) builder.addRow(row, times[i] ?? null, []);
  });
  return builder.build('flights-late', 'rows of a test');
}

/** What a recipient is told when the verdicts of that week have come twice in a row; null: nothing fires. */
export function flightsDigest(end: number): DigestMessage | null {
  const { subjects, results } = flightsWindow(end);
  const subjectOf = new Map(results.map((result, i) => [result, subjects[i] as Subject]));
  const notices: AlertNotice[] = [];
  for (const [i, { feature, segment, verdict }] of results.entries()) {
    const observe = (at: number) => ({ verdict, severity: severityOf(verdict), at });
    const first = transition(null, observe(end - DAY), DEFAULT_ALERT_POLICY);
    const { alert, notice, noticeSeverity } = transition(
      first.alert,
      observe(end),
      DEFAULT_ALERT_POLICY,
    );
    if (notice === null || noticeSeverity === null) continue;
    const row = { ...alert, featureId: i, feature, segment };
    notices.push({ alert: row, notice, severity: noticeSeverity });
  }
  const [composed] = composeNotifications({
    model: 'flights-late',
    monitor: 'flights-daily',
    windowEnd: end,
    revision: 0,
    notices,
    allFiring: notices.map(({ alert }) => alert),
    results,
    routes: [],
    receivers: [
      {
        name: 'ops',
        targets: [{ channel: 'email', recipient: 'oncall@example.com', sendResolved: true }],
      },
    ],
    explain: (result) => explain(subjectOf.get(result) as Subject, result),
    picture: (result) => {
      const { baseline, live } = subjectOf.get(result) as Subject;
      return baseline === null || live === null ? null : pictureOf(baseline.histogram, live);
    },
  });
  return composed?.message ?? null;
}
