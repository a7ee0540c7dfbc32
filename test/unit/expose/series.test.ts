import { describe, expect, it } from 'vitest';

import { seriesOf } from '../../../src/expose/metrics/series.ts';
import type { Sample } from '../../../src/expose/metrics/series.ts';
import type { GaugeSnapshot, ScoreGauges } from '../../../src/storage/gauge-reader.ts';

const EMPTY: GaugeSnapshot = {
  now: 10_000,
  scores: [],
  features: [],
  predictions: [],
  alerts: [],
  models: [],
  monitors: [],
  partitions: [],
  quarantineDropped: new Map(),
  gapRecords: new Map(),
  outboxOldestSeconds: new Map(),
};

const SCORE: ScoreGauges = {
  monitor: 'daily',
  model: 'flights',
  feature: 'temp',
  segment: 'all',
  window: '24h',
  windowEnd: 1_000,
  verdict: 'stable',
  samples: 400,
  psi: 0.02,
  ks: 0.03,
  ksErrorBound: 0.004,
  ksPvalue: 0.2,
  missingRatio: 0,
  invalidRatio: 0,
  outOfRangeRatio: 0.01,
  unseenCategoryRatio: null,
  minimumDetectableEffect: 0.08,
};

function lines(snapshot: Partial<GaugeSnapshot>, lateness: [string, number][] = []): string[] {
  const samples = seriesOf(
    { ...EMPTY, ...snapshot },
    {
      allowedLatenessMs: new Map(lateness),
      channels: [],
      overdue: (_, lastDue, now) => (now - lastDue) / 1_000,
    },
  );
  return samples.map(render);
}

function render({ metric, labels, value }: Sample): string {
  return `${metric.replace('driftd_', '')}{${Object.values(labels).join(',')}} ${value}`;
}

describe('scores', () => {
  it('become one series each, and none where there is no number', () => {
    expect(lines({ scores: [SCORE] })).toEqual([
      'feature_status{flights,temp,all} 0',
      'feature_psi{flights,temp,24h,all} 0.02',
      'feature_ks_statistic{flights,temp,24h,all} 0.03',
      'feature_ks_error_bound{flights,temp,24h,all} 0.004',
      'feature_ks_pvalue{flights,temp,24h,all} 0.2',
      'feature_samples{flights,temp,24h,all} 400',
      'feature_missing_ratio{flights,temp,24h,all} 0',
      'feature_invalid_ratio{flights,temp,24h,all} 0',
      'feature_out_of_range_ratio{flights,temp,24h,all} 0.01',
      'feature_minimum_detectable_effect{flights,temp,24h,all} 0.08',
    ]);
  });

  it('without data show the number of samples and nothing else', () => {
    const score = { ...SCORE, verdict: 'no-data' as const, samples: 0 };
    expect(lines({ scores: [score] })).toEqual([
      'feature_status{flights,temp,all} -2',
      'feature_samples{flights,temp,24h,all} 0',
    ]);
  });

  it('of two monitors on the same window: the newer one counts', () => {
    const older = {
      ...SCORE,
      monitor: 'hourly',
      windowEnd: 500,
      psi: 0.9,
      verdict: 'drifted' as const,
    };
    expect(lines({ scores: [SCORE, older] })).toEqual(lines({ scores: [SCORE] }));
    expect(lines({ scores: [older, SCORE] })).toEqual(lines({ scores: [SCORE] }));
  });

  it.each([
    [['stable', 'drifted', 'no-data'], 3],
    [['warning', 'insufficient'], 2],
    [['suspected', 'stable'], 1],
    [['insufficient', 'suspected'], -1],
    [['no-data', 'stable'], -2],
    [['no-baseline', 'no-data'], -3],
    [['not-comparable', 'stable'], -4],
  ] as const)('the status of windows %j is %i', (verdicts, status) => {
    const scores = verdicts.map((verdict, i) => ({ ...SCORE, verdict, window: `${i}` }));
    expect(lines({ scores })[0]).toBe(`feature_status{flights,temp,all} ${status}`);
  });

  it('are counted for the model over all events, not over segments', () => {
    const told = lines({
      models: [{ model: 'flights', events: 9, lastEvent: 5_000, baseline: null }],
      scores: [
        { ...SCORE, verdict: 'drifted' },
        { ...SCORE, feature: 'wind', verdict: 'warning' },
        { ...SCORE, segment: 'origin=JFK', feature: 'wind', verdict: 'drifted' },
      ],
    });
    expect(told.slice(0, 4)).toEqual([
      'model_events_total{flights} 9',
      'model_last_event_timestamp_seconds{flights} 5',
      'model_features{flights} 2',
      'model_drifted_features{flights} 1',
    ]);
  });

  it('are in the same order whatever order they come in, all events before segments', () => {
    const scores = ['b', 'a', 'c'].flatMap((feature) => [
      { ...SCORE, feature, segment: 'origin=JFK' },
      { ...SCORE, feature },
    ]);
    expect(lines({ scores })).toEqual(lines({ scores: scores.toReversed() }));
    const samples = lines({ scores }).filter((line) => line.startsWith('feature_samples'));
    expect(samples.map((line) => line.split('{')[1])).toEqual([
      'flights,a,24h,all} 400',
      'flights,b,24h,all} 400',
      'flights,c,24h,all} 400',
      'flights,a,24h,origin=JFK} 400',
      'flights,b,24h,origin=JFK} 400',
      'flights,c,24h,origin=JFK} 400',
    ]);
  });
});

describe('alerts', () => {
  it('show both severities, so that neither vanishes when it changes', () => {
    const alert = {
      model: 'm',
      feature: 'f',
      state: 'firing' as const,
      severity: 'critical' as const,
    };
    expect(lines({ alerts: [alert] })).toEqual([
      'alert_state{m,f,critical} 2',
      'alert_state{m,f,warning} 0',
    ]);
    expect(lines({ alerts: [{ ...alert, state: 'inactive' }] })).toEqual([
      'alert_state{m,f,critical} 0',
      'alert_state{m,f,warning} 0',
    ]);
  });

  it('of several monitors or segments show the greatest state', () => {
    const alert = { model: 'm', feature: 'f', severity: 'warning' as const };
    const alerts = [
      { ...alert, state: 'firing' as const },
      { ...alert, state: 'pending' as const },
    ];
    expect(lines({ alerts })[1]).toBe('alert_state{m,f,warning} 2');
    expect(lines({ alerts: alerts.toReversed() })[1]).toBe('alert_state{m,f,warning} 2');
  });
});

describe('operation', () => {
  it('the watermark of a partition is the least over its models, each less its lateness', () => {
    const partitions = [
      {
        topic: 't',
        partition: 3,
        halted: true,
        maxEventTime: new Map([
          ['a', 10_000],
          ['b', 12_000],
        ]),
      },
      { topic: 't', partition: 4, halted: false, maxEventTime: new Map<string, number>() },
    ];
    expect(
      lines({ partitions }, [
        ['a', 1_000],
        ['b', 4_000],
      ]),
    ).toEqual([
      'partition_halted{t,3} 1',
      'watermark_timestamp_seconds{t,3} 8',
      'partition_halted{t,4} 0',
    ]);
  });

  it('late ticks are told of a monitor that was never evaluated, too', () => {
    const monitors = [{ monitor: 'daily', lastSuccess: null, lastDue: 7_000, ticksMissed: 0 }];
    expect(lines({ monitors })).toEqual([
      'ticks_missed_total{daily} 0',
      'monitor_ticks_overdue{daily} 3',
    ]);
  });

  it('a configured channel shows an age of 0 while nothing waits', () => {
    const snapshot = { ...EMPTY, outboxOldestSeconds: new Map([['webhook', 7]]) };
    const samples = seriesOf(snapshot, {
      allowedLatenessMs: new Map(),
      channels: ['email'],
      overdue: () => 0,
    });
    expect(samples.map(render)).toEqual([
      'outbox_oldest_seconds{email} 0',
      'outbox_oldest_seconds{webhook} 7',
    ]);
  });
});
