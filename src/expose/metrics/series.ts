import { ALERT_STATE_GAUGE } from '../../core/alerting/types.ts';
import { ALL_SEGMENT } from '../../core/domain/feature.ts';
import { SEVERITIES, VERDICT_GAUGE } from '../../core/domain/verdict.ts';
import type { Verdict } from '../../core/domain/verdict.ts';
import type {
  AlertGauges,
  FeatureGauges,
  GaugeSnapshot,
  PredictionGauges,
  ScoreGauges,
} from '../../storage/gauge-reader.ts';
import type { MetricName } from './catalogue.ts';

/** One series with its value. */
export interface Sample {
  readonly metric: MetricName;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

export interface SeriesOptions {
  /** By model; what is not in it counts as 0. */
  readonly allowedLatenessMs: ReadonlyMap<string, number>;
  /** Channels that show an age of 0 while nothing waits. */
  readonly channels: readonly string[];
  /** Ticks of a monitor that are late, from the due time of the last one that was run; ms. */
  readonly overdue: (monitor: string, lastDue: number, now: number) => number;
}

/** Most telling first: what a feature's status is when its windows and monitors differ. */
const WORST_FIRST: readonly Verdict[] = [
  'drifted',
  'warning',
  'not-comparable',
  'no-baseline',
  'no-data',
  'insufficient',
  'suspected',
  'stable',
];

/**
 * The series of a snapshot, the most important first, always in the same order: a budget that cuts the end off cuts the
 * same series on every replica.
 */
export function seriesOf(snapshot: GaugeSnapshot, options: SeriesOptions): Sample[] {
  const scores = newestPerSeries(snapshot.scores);
  return [
    ...modelSeries(snapshot, scores),
    ...operationSeries(snapshot, options),
    ...statusSeries(scores),
    ...predictionSeries(snapshot.predictions),
    ...alertSeries(snapshot.alerts),
    ...featureSeries(snapshot.features),
    ...scores.flatMap(scoreSeries),
  ];
}

/** Two monitors may judge the same window of a feature: the newer judgement counts. All-events segments come first. */
function newestPerSeries(scores: readonly ScoreGauges[]): ScoreGauges[] {
  const newest = new Map<string, ScoreGauges>();
  for (const score of scores) {
    const key = JSON.stringify([score.segment !== ALL_SEGMENT, ...keyOf(score), score.window]);
    const known = newest.get(key);
    const newer =
      known === undefined ||
      score.windowEnd > known.windowEnd ||
      (score.windowEnd === known.windowEnd && score.monitor < known.monitor);
    if (newer) newest.set(key, score);
  }
  return [...newest.entries()].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, score]) => score);
}

function keyOf({ model, feature, segment }: ScoreGauges): [string, string, string] {
  return [model, segment, feature];
}

function modelSeries(snapshot: GaugeSnapshot, scores: readonly ScoreGauges[]): Sample[] {
  const samples: Sample[] = [];
  const statuses = statusSeries(scores.filter((score) => score.segment === ALL_SEGMENT));
  for (const { model, events, lastEvent, baseline } of snapshot.models) {
    const labels = { model };
    samples.push({ metric: 'driftd_model_events_total', labels, value: events });
    if (lastEvent !== null) {
      samples.push({
        metric: 'driftd_model_last_event_timestamp_seconds',
        labels,
        value: lastEvent / 1_000,
      });
    }
    const own = statuses.filter((status) => status.labels['model'] === model);
    if (own.length > 0) {
      const drifted = own.filter((status) => status.value === VERDICT_GAUGE.drifted).length;
      samples.push({ metric: 'driftd_model_features', labels, value: own.length });
      samples.push({ metric: 'driftd_model_drifted_features', labels, value: drifted });
    }
    if (baseline !== null) {
      const versioned = { model, version: String(baseline.version) };
      samples.push({ metric: 'driftd_baseline_info', labels: versioned, value: 1 });
      const value = baseline.createdAt / 1_000;
      samples.push({
        metric: 'driftd_baseline_created_timestamp_seconds',
        labels: versioned,
        value,
      });
      if (baseline.activatedAt !== null)
        samples.push({
          metric: 'driftd_baseline_activated_timestamp_seconds',
          labels: versioned,
          value: baseline.activatedAt / 1_000,
        });
    }
  }
  return samples;
}

function operationSeries(snapshot: GaugeSnapshot, options: SeriesOptions): Sample[] {
  const samples: Sample[] = [];
  for (const { monitor, lastSuccess, lastDue, ticksMissed } of snapshot.monitors) {
    const labels = { monitor };
    samples.push({ metric: 'driftd_ticks_missed_total', labels, value: ticksMissed });
    const overdue = options.overdue(monitor, lastDue, snapshot.now);
    samples.push({ metric: 'driftd_monitor_ticks_overdue', labels, value: overdue });
    if (lastSuccess === null) continue;
    const value = lastSuccess / 1_000;
    samples.push({ metric: 'driftd_evaluation_last_success_timestamp_seconds', labels, value });
  }
  for (const { topic, partition, halted, maxEventTime } of snapshot.partitions) {
    const labels = { topic, partition: String(partition) };
    samples.push({ metric: 'driftd_partition_halted', labels, value: halted ? 1 : 0 });
    const marks = [...maxEventTime].map(
      ([model, time]) => time - (options.allowedLatenessMs.get(model) ?? 0),
    );
    if (marks.length === 0) continue;
    samples.push({
      metric: 'driftd_watermark_timestamp_seconds',
      labels,
      value: Math.min(...marks) / 1_000,
    });
  }
  for (const [source, value] of snapshot.gapRecords) {
    samples.push({ metric: 'driftd_gap_records_total', labels: { source }, value });
  }
  for (const [source, value] of snapshot.quarantineDropped) {
    samples.push({ metric: 'driftd_quarantine_dropped_total', labels: { source }, value });
  }
  for (const channel of new Set([...options.channels, ...snapshot.outboxOldestSeconds.keys()])) {
    const value = snapshot.outboxOldestSeconds.get(channel) ?? 0;
    samples.push({ metric: 'driftd_outbox_oldest_seconds', labels: { channel }, value });
  }
  return samples;
}

function statusSeries(scores: readonly ScoreGauges[]): Sample[] {
  const worst = new Map<string, ScoreGauges>();
  for (const score of scores) {
    const key = JSON.stringify(keyOf(score));
    const known = worst.get(key);
    if (known === undefined || rank(score.verdict) < rank(known.verdict)) worst.set(key, score);
  }
  return [...worst.values()].map(({ model, feature, segment, verdict }) => ({
    metric: 'driftd_feature_status' as const,
    labels: { model, feature, segment },
    value: VERDICT_GAUGE[verdict],
  }));
}

function rank(verdict: Verdict): number {
  return WORST_FIRST.indexOf(verdict);
}

function featureSeries(features: readonly FeatureGauges[]): Sample[] {
  return features
    .map(({ model, feature, kind, role, tier }) => ({
      metric: 'driftd_feature_info' as const,
      labels: { model, feature, kind, role, tier },
      value: 1,
    }))
    .sort((a, b) => (JSON.stringify(a.labels) < JSON.stringify(b.labels) ? -1 : 1));
}

/** Of two monitors with the same window the newer one is shown. */
function predictionSeries(predictions: readonly PredictionGauges[]): Sample[] {
  const newest = new Map<string, PredictionGauges>();
  for (const one of predictions) {
    const key = JSON.stringify([one.model, one.feature, one.window]);
    const known = newest.get(key);
    if (
      known === undefined ||
      one.windowEnd > known.windowEnd ||
      (one.windowEnd === known.windowEnd && one.monitor < known.monitor)
    )
      newest.set(key, one);
  }
  return [...newest.entries()]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .flatMap(([, { model, feature, window, values, mean, quantiles }]): Sample[] => {
      const labels = { model, feature, window };
      return [
        { metric: 'driftd_model_predictions', labels, value: values },
        ...(mean === null
          ? []
          : [{ metric: 'driftd_model_prediction_mean' as const, labels, value: mean }]),
        ...quantiles.map(({ share, value }) => ({
          metric: 'driftd_model_prediction' as const,
          labels: { ...labels, share: String(share) },
          value,
        })),
      ];
    });
}

/** Both severities of every feature that has an alert row, so that a series never vanishes when the severity changes. */
function alertSeries(alerts: readonly AlertGauges[]): Sample[] {
  const states = new Map<string, Sample>();
  for (const { model, feature, state, severity } of alerts) {
    for (const label of SEVERITIES) {
      const labels = { model, feature, severity: label };
      const applies = (severity ?? 'warning') === label;
      const value = applies ? ALERT_STATE_GAUGE[state] : ALERT_STATE_GAUGE.inactive;
      const key = JSON.stringify([model, feature, label]);
      if (value >= (states.get(key)?.value ?? 0))
        states.set(key, { metric: 'driftd_alert_state', labels, value });
    }
  }
  return [...states.entries()].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, sample]) => sample);
}

function scoreSeries(score: ScoreGauges): Sample[] {
  const { model, feature, window, segment } = score;
  const labels = { model, feature, window, segment };
  const values: readonly [MetricName, number | null][] = [
    ['driftd_feature_psi', score.psi],
    ['driftd_feature_ks_statistic', score.ks],
    ['driftd_feature_ks_error_bound', score.ksErrorBound],
    ['driftd_feature_ks_pvalue', score.ksPvalue],
    ['driftd_feature_samples', score.samples],
    ['driftd_feature_missing_ratio', score.missingRatio],
    ['driftd_feature_invalid_ratio', score.invalidRatio],
    ['driftd_feature_out_of_range_ratio', score.outOfRangeRatio],
    ['driftd_feature_unseen_category_ratio', score.unseenCategoryRatio],
    ['driftd_feature_minimum_detectable_effect', score.minimumDetectableEffect],
  ];
  // Without data only the number of samples, 0, is true: shares of nothing are not.
  const told =
    score.verdict === 'no-data'
      ? values.filter(([metric]) => metric === 'driftd_feature_samples')
      : values;
  return told.flatMap(([metric, value]) => (value === null ? [] : [{ metric, labels, value }]));
}
