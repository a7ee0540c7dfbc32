import { beforeAll, describe, expect, it } from 'vitest';
import { MUST_FIRE, MUST_NOT_FIRE, STREAM_FROM } from '../../../scripts/demo/expectations.ts';
import { NEVER_ALERTED, severityOf, transition } from '../../../src/core/alerting/transition.ts';
import { DEFAULT_ALERT_POLICY } from '../../../src/core/alerting/types.ts';
import type { Alert } from '../../../src/core/alerting/types.ts';
import { createBaselineBuilder } from '../../../src/core/baseline/builder.ts';
import { rowSlot } from '../../../src/core/baseline/row-value.ts';
import { createSampler } from '../../../src/core/baseline/sampler.ts';
import type { Baseline } from '../../../src/core/baseline/types.ts';
import { SLOT } from '../../../src/core/domain/event-frame.ts';
import { evaluate } from '../../../src/core/evaluate/evaluate.ts';
import { DEFAULT_POLICY } from '../../../src/core/evaluate/types.ts';
import type { FeatureResult, HistoryWindow, Subject } from '../../../src/core/evaluate/types.ts';
import { createCounter } from '../../../src/core/histogram/counter.ts';
import { emptyHistogram, mergeInto } from '../../../src/core/histogram/histogram.ts';
import type { Histogram } from '../../../src/core/histogram/types.ts';
import { FLIGHT_DECLARATIONS, readFlights } from '../../support/flights.ts';

const DAY = 86_400_000;
const WEEK = { name: '7d', spanMs: 7 * DAY };
const NEWEST = Date.UTC(2014, 0, 1);

const { columns, rows, times } = readFlights();
/** Months (1-12) in which each feature's alert was firing, judged each midnight over the week before. */
const months = new Map<string, Set<number>>();

function january(): Baseline {
  const first = rows.filter((_, i) => (times[i] as number) < STREAM_FROM);
  const sampler = createSampler({ columns, declared: FLIGHT_DECLARATIONS });
  for (const row of first) sampler.addRow(row, []);
  const builder = createBaselineBuilder(sampler.plan());
  first.forEach((row, i) => builder.addRow(row, times[i] as number, []));
  return builder.build('flights-late', 'rows of a test');
}

/** Histograms of each day of the stream, one a feature. */
function countDays({ features }: Baseline): Histogram[][] {
  const counters = features.map(({ histogram }) => createCounter(histogram.binning));
  const places = features.map(({ name }) => columns.indexOf(name));
  const empty = (): Histogram[] =>
    features.map(({ histogram }) => emptyHistogram(histogram.binning));
  const days = Array.from({ length: (NEWEST - STREAM_FROM) / DAY }, empty);
  const slot = { slot: SLOT.absent, number: 0, text: '' };
  rows.forEach((row, i) => {
    const day = days[Math.floor(((times[i] as number) - STREAM_FROM) / DAY)];
    features.forEach(({ kind }, f) => {
      if (day === undefined) return;
      rowSlot(kind, row[places[f] as number] ?? null, slot);
      counters[f]?.add(day[f] as Histogram, slot.slot, slot.number, slot.text);
    });
  });
  return days;
}

/** The week's histograms as subjects; the history is of disjoint weeks whose alert did not fire. */
function subjectsOf(
  baseline: Baseline,
  week: readonly Histogram[][],
  histories: ReadonlyMap<string, HistoryWindow[]>,
): Subject[] {
  return baseline.features.map((feature, f) => {
    const live = emptyHistogram(feature.histogram.binning);
    for (const day of week) mergeInto(live, day[f] as Histogram);
    return {
      feature: feature.name,
      kind: feature.kind,
      role: feature.role,
      tier: 'standard',
      segment: 'all',
      window: WEEK,
      baseline: feature,
      live,
      comparable: true,
      history: histories.get(feature.name) ?? [],
      mixture: null,
    };
  });
}

beforeAll(() => {
  const baseline = january();
  const days = countDays(baseline);
  const alerts = new Map<string, Alert>();
  const histories = new Map<string, HistoryWindow[]>();
  const follow = ({ feature, verdict, groups }: FeatureResult, day: number): void => {
    const at = STREAM_FROM + day * DAY;
    const before = alerts.get(feature) ?? NEVER_ALERTED;
    const observation = { verdict, severity: severityOf(verdict), at };
    const { alert } = transition(before, observation, DEFAULT_ALERT_POLICY);
    alerts.set(feature, alert);
    if (alert.state === 'firing') {
      const month = new Date(at).getUTCMonth() + 1;
      months.set(feature, (months.get(feature) ?? new Set()).add(month));
    } else if (groups !== null && day % 7 === 0) {
      const past = histories.get(feature) ?? [];
      histories.set(feature, [...past, { start: at - WEEK.spanMs, groups }]);
    }
  };
  for (let day = 1; day < days.length; day += 1) {
    const subjects = subjectsOf(baseline, days.slice(Math.max(0, day - 7), day), histories);
    const { results } = evaluate(subjects, DEFAULT_POLICY, { evaluationsPerDay: 1 });
    for (const result of results) follow(result, day);
  }
}, 180_000);

describe('the year of the demo, judged by the code of the daemon', () => {
  it.each([...MUST_FIRE])('%s fires in each of the months %j', (feature, wanted) => {
    expect([...(months.get(feature) ?? [])]).toEqual(expect.arrayContaining([...wanted]));
  });

  it.each(MUST_NOT_FIRE)('%s never fires', (feature) => {
    expect(months.get(feature)).toBeUndefined();
  });
});
