/**
 * Every metric of driftd itself, once: the registry, the pages and docs/metrics.md are made from this list.
 *
 * origin
 * - stored: from what the database holds; the same on every replica, set anew at each refresh, gone with its subject.
 * - process: counted by this process since it started; sum over the processes.
 */
export interface MetricSpec {
  readonly type: 'gauge' | 'counter' | 'histogram';
  readonly help: string;
  readonly labels: readonly string[];
  readonly origin: 'stored' | 'process';
  /** Upper bounds of a histogram. */
  readonly buckets?: readonly number[];
}

const FEATURE_WINDOW = ['model', 'feature', 'window', 'segment'] as const;
const SECONDS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60];

function stored(type: 'gauge' | 'counter', labels: readonly string[], help: string): MetricSpec {
  return { type, labels, help, origin: 'stored' };
}

function process(type: 'gauge' | 'counter', labels: readonly string[], help: string): MetricSpec {
  return { type, labels, help, origin: 'process' };
}

function seconds(labels: readonly string[], help: string): MetricSpec {
  return { type: 'histogram', labels, help, origin: 'process', buckets: SECONDS };
}

export const METRICS = {
  driftd_feature_psi: stored(
    'gauge',
    FEATURE_WINDOW,
    'Population stability index of the window against the baseline.',
  ),
  driftd_feature_ks_statistic: stored(
    'gauge',
    FEATURE_WINDOW,
    'Two-sample Kolmogorov-Smirnov distance D: the lower end of its certified interval.',
  ),
  driftd_feature_ks_error_bound: stored(
    'gauge',
    FEATURE_WINDOW,
    'Width of the certified interval of D: the exact D lies in [statistic, statistic + bound].',
  ),
  driftd_feature_ks_pvalue: stored(
    'gauge',
    FEATURE_WINDOW,
    'Probability of a D at least this large without any change.',
  ),
  driftd_feature_samples: stored('gauge', FEATURE_WINDOW, 'Observations in the window.'),
  driftd_feature_missing_ratio: stored(
    'gauge',
    FEATURE_WINDOW,
    'Share of observations without a value.',
  ),
  driftd_feature_invalid_ratio: stored(
    'gauge',
    FEATURE_WINDOW,
    'Share of observations whose value is of the wrong kind.',
  ),
  driftd_feature_out_of_range_ratio: stored(
    'gauge',
    FEATURE_WINDOW,
    'Share of values outside of the range of the baseline.',
  ),
  driftd_feature_unseen_category_ratio: stored(
    'gauge',
    FEATURE_WINDOW,
    'Share of values in categories that the baseline does not have.',
  ),
  driftd_feature_minimum_detectable_effect: stored(
    'gauge',
    FEATURE_WINDOW,
    'The smallest change in D that this window could have proven.',
  ),
  driftd_feature_status: stored(
    'gauge',
    ['model', 'feature', 'segment'],
    'Worst verdict of the windows: 0 stable, 1 suspected, 2 warning, 3 drifted, -1 insufficient, -2 no data, -3 no baseline, -4 not comparable.',
  ),
  driftd_feature_info: stored(
    'gauge',
    ['model', 'feature', 'kind', 'role', 'tier'],
    '1 for each watched feature: what it is declared as, to join with.',
  ),
  driftd_alert_state: stored(
    'gauge',
    ['model', 'feature', 'severity'],
    'Alert of the feature: 0 none, 1 pending, 2 firing.',
  ),
  driftd_model_features: stored('gauge', ['model'], 'Features in the latest evaluation.'),
  driftd_model_prediction: stored(
    'gauge',
    ['model', 'feature', 'window', 'share'],
    'Quantiles of what the model predicted in the newest judged window: this share of the values is not above.',
  ),
  driftd_model_prediction_mean: stored(
    'gauge',
    ['model', 'feature', 'window'],
    'Mean of what the model predicted in the newest judged window; of booleans the share of true.',
  ),
  driftd_model_predictions: stored(
    'gauge',
    ['model', 'feature', 'window'],
    'Predictions in the newest judged window.',
  ),
  driftd_model_drifted_features: stored(
    'gauge',
    ['model'],
    'Features of the latest evaluation whose verdict is drifted.',
  ),
  driftd_model_events_total: stored(
    'counter',
    ['model'],
    'Events counted for the model since it is known.',
  ),
  driftd_model_last_event_timestamp_seconds: stored(
    'gauge',
    ['model'],
    'Event time of the newest event.',
  ),
  driftd_baseline_info: stored('gauge', ['model', 'version'], '1 for the active baseline.'),
  driftd_baseline_created_timestamp_seconds: stored(
    'gauge',
    ['model', 'version'],
    'When the active baseline was stored.',
  ),
  driftd_baseline_activated_timestamp_seconds: stored(
    'gauge',
    ['model', 'version'],
    'Since when the active baseline is active.',
  ),
  driftd_evaluation_last_success_timestamp_seconds: stored(
    'gauge',
    ['monitor'],
    'When the latest evaluation was stored.',
  ),
  driftd_monitor_ticks_overdue: stored(
    'gauge',
    ['monitor'],
    'Ticks that are late: their windows were complete more than a minute ago, or cannot wait any longer, and no evaluation is stored. Always 0 with clock: event.',
  ),
  driftd_ticks_missed_total: stored(
    'counter',
    ['monitor'],
    'Ticks that were due and are not run any more.',
  ),
  driftd_partition_halted: stored(
    'gauge',
    ['topic', 'partition'],
    '1 when the partition waits for a person: its log is not the one that was read before.',
  ),
  driftd_watermark_timestamp_seconds: stored(
    'gauge',
    ['topic', 'partition'],
    'Event time up to which the partition is complete: newest event time less the allowed lateness, least over its models.',
  ),
  driftd_quarantine_dropped_total: stored(
    'counter',
    ['source'],
    'Records in quarantine of which no row is kept: too many at a time, or too old. They are counted all the same.',
  ),
  driftd_gap_records_total: stored(
    'counter',
    ['source'],
    'Records that were gone before they could be read.',
  ),
  driftd_outbox_oldest_seconds: stored(
    'gauge',
    ['channel'],
    'How long the oldest notification has waited past its time; 0 when none is late. Waiting for its group is no delay.',
  ),
  driftd_evaluation_duration_seconds: seconds(['monitor'], 'Time that an evaluation took.'),
  driftd_events_total: process(
    'counter',
    ['source', 'result'],
    'Records by what became of them: counted, quarantined, too_late, duplicate.',
  ),
  driftd_events_quarantined_total: process(
    'counter',
    ['source', 'reason'],
    'Records in quarantine by reason.',
  ),
  driftd_dead_letters_total: process(
    'counter',
    ['result'],
    'Copies of bad records for `kafka.dead_letter`: sent; dropped, since too many waited; failed, not taken by the brokers.',
  ),
  driftd_events_late_total: process(
    'counter',
    ['source'],
    'Events too late to count, each by itself: a record of which others were counted is told as counted.',
  ),
  driftd_events_duplicate_total: process(
    'counter',
    ['source'],
    'Events whose id was counted before, each by itself.',
  ),
  driftd_segment_overflow_total: process(
    'counter',
    ['model'],
    'Events counted under "(other)" since their model has as many segments as it may have.',
  ),
  driftd_checkpoints_fenced_total: process(
    'counter',
    ['source'],
    'Checkpoints refused since another process had taken the partition over; nothing is lost.',
  ),
  driftd_checkpoints_unknown_total: process(
    'counter',
    ['source'],
    'Checkpoints whose connection broke at commit; the stored position told what had happened.',
  ),
  driftd_checkpoints_retried_total: process(
    'counter',
    ['source'],
    'Checkpoints that the database did not take (away, disk full, a lock); they are tried again, nothing is lost.',
  ),
  driftd_anchors_missing_total: process(
    'counter',
    ['source'],
    'Times that the last record which was read was gone from its log: on a compacted topic reading goes on, on another the partition is halted.',
  ),
  driftd_event_ids_forgotten_total: process(
    'counter',
    ['source'],
    'Event ids that were not remembered, there being more than a million of a partition and window: duplicates of them are counted.',
  ),
  driftd_source_up: process(
    'gauge',
    ['source'],
    '1 while the source answers; 0: none of its brokers has for a while.',
  ),
  driftd_checkpoint_duration_seconds: seconds(['source'], 'Time that a committed checkpoint took.'),
  driftd_consumer_lag: process(
    'gauge',
    ['topic', 'partition'],
    'Records behind the end of what can be read, for the partitions of this process; absent when the source has not told for 30 s.',
  ),
  driftd_notifications_total: process(
    'counter',
    ['channel', 'result'],
    'Attempts to deliver a notification: sent, retry, dead, lost.',
  ),
  driftd_http_request_duration_seconds: seconds(
    ['method', 'route', 'status'],
    'Time until the answer was sent.',
  ),
  driftd_up: process('gauge', [], '1 while the process answers.'),
  driftd_build_info: process('gauge', ['version', 'node'], '1; what is running.'),
  driftd_config_last_reload_successful: process(
    'gauge',
    [],
    '1 when the last attempt to read the configuration was taken, 0 when it was refused and nothing changed.',
  ),
  driftd_config_last_reload_success_timestamp_seconds: process(
    'gauge',
    [],
    'When this process took the configuration that it has.',
  ),
  driftd_gauges_refreshed_timestamp_seconds: process(
    'gauge',
    [],
    'When this process last read the stored gauges; older than a minute: the database does not answer it.',
  ),
  driftd_series_over_budget: process(
    'gauge',
    [],
    'Series that are left out now, since a page may have 10,000.',
  ),
  driftd_series_dropped_total: process(
    'counter',
    [],
    'Series that were left out since the process started, each counted when it began to be.',
  ),
} as const satisfies Readonly<Record<string, MetricSpec>>;

export type MetricName = keyof typeof METRICS;

/** Default process metrics of prom-client whose names promtool refuses: gauges that end in _total. */
export const REFUSED_PROCESS_METRICS = [
  'nodejs_active_handles_total',
  'nodejs_active_requests_total',
  'nodejs_active_resources_total',
] as const;
