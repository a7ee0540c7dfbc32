import type { DashboardBuilder } from '@grafana/grafana-foundation-sdk/dashboard';
import { dashboard, lines, number, promql, quantile, steps, UID } from './parts.ts';

/** driftd itself: is it fast enough, and does it get through to everybody? */
export function daemonDashboard(): DashboardBuilder {
  return dashboard('driftd / Daemon', UID.daemon, 'Latency, errors, events, lag, delivery, memory.')
    .withPanel(number('Processes', 'short', 'sum(driftd_up)').thresholds(steps()))
    .withPanel(
      number('Lag', 'short', 'sum(max by (topic, partition) (driftd_consumer_lag)) or vector(0)'),
    )
    .withPanel(
      number('Sources that do not answer', 'short', 'sum(1 - driftd_source_up)').thresholds(
        steps([1, 'red']),
      ),
    )
    .withPanel(
      number('Evaluations overdue', 'short', 'max(driftd_monitor_ticks_overdue)').thresholds(
        steps([1, 'yellow'], [2, 'red']),
      ),
    )
    .withPanel(
      number('Series left out', 'short', 'max(driftd_series_over_budget)').thresholds(
        steps([1, 'yellow']),
      ),
    )
    .withPanel(
      number(
        'Configurations refused',
        'short',
        'sum(1 - driftd_config_last_reload_successful)',
      ).thresholds(steps([1, 'yellow'])),
    )
    .withPanel(
      number(
        'Partitions halted',
        'short',
        'sum(max by (topic, partition) (driftd_partition_halted))',
      ).thresholds(steps([1, 'red'])),
    )
    .withPanel(
      number('Oldest notification that waits', 's', 'max(driftd_outbox_oldest_seconds)').thresholds(
        steps([600, 'red']),
      ),
    )
    .withPanel(
      lines('Events by result', 'cps', [
        promql('sum by (source, result) (rate(driftd_events_total[5m]))', '{{source}} {{result}}'),
      ]),
    )
    .withPanel(
      lines('Quarantined by reason', 'cps', [
        promql('sum by (reason) (rate(driftd_events_quarantined_total[5m]))', '{{reason}}'),
      ]),
    )
    .withPanel(
      lines('Lag by partition', 'short', [
        promql('max by (topic, partition) (driftd_consumer_lag)', '{{topic}}/{{partition}}'),
      ]),
    )
    .withPanel(
      lines('Checkpoint', 's', [
        quantile(0.5, 'driftd_checkpoint_duration_seconds', '', 'median'),
        quantile(0.99, 'driftd_checkpoint_duration_seconds', '', '99th percentile'),
      ]),
    )
    .withPanel(
      lines('Evaluation', 's', [
        quantile(0.5, 'driftd_evaluation_duration_seconds', 'monitor', '{{monitor}} median'),
        quantile(0.99, 'driftd_evaluation_duration_seconds', 'monitor', '{{monitor}} 99th'),
      ]),
    )
    .withPanel(
      lines('Checkpoints fenced, unknown or tried again', 'cps', [
        promql('sum(rate(driftd_checkpoints_fenced_total[5m]))', 'fenced'),
        promql('sum(rate(driftd_checkpoints_unknown_total[5m]))', 'unknown'),
        promql('sum(rate(driftd_checkpoints_retried_total[5m]))', 'tried again'),
      ]),
    )
    .withPanel(
      lines('HTTP latency, 99th percentile', 's', [
        quantile(0.99, 'driftd_http_request_duration_seconds', 'route', '{{route}}'),
      ]),
    )
    .withPanel(
      lines('HTTP requests by status', 'reqps', [
        promql(
          'sum by (status) (rate(driftd_http_request_duration_seconds_count[5m]))',
          '{{status}}',
        ),
      ]),
    )
    .withPanel(
      lines('HTTP errors by route', 'reqps', [
        promql(
          'sum by (route) (rate(driftd_http_request_duration_seconds_count{status=~"5.."}[5m])) or vector(0)',
          '{{route}}',
        ),
      ]),
    )
    .withPanel(
      lines('Notifications', 'short', [
        promql(
          'sum by (channel, result) (increase(driftd_notifications_total[1h]))',
          '{{channel}} {{result}}',
        ),
      ]),
    )
    .withPanel(
      lines('Oldest notification that waits', 's', [
        promql('max by (channel) (driftd_outbox_oldest_seconds)', '{{channel}}'),
      ]),
    )
    .withPanel(
      lines('Memory', 'bytes', [
        promql('process_resident_memory_bytes{job="driftd"}', '{{instance}} resident'),
        promql('nodejs_heap_size_used_bytes{job="driftd"}', '{{instance}} heap'),
      ]),
    )
    .withPanel(
      lines('CPU and event loop', 's', [
        promql('rate(process_cpu_seconds_total{job="driftd"}[5m])', '{{instance}} CPU'),
        promql('nodejs_eventloop_lag_p99_seconds{job="driftd"}', '{{instance}} loop lag, 99th'),
      ]),
    );
}
