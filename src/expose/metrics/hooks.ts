import type { MetricRegistry } from './registry.ts';

/**
 * What the stages tell about their work. Each object has the shape that its stage asks for (`IngestMetrics`,
 * `EvaluateMetrics`, `NotifyMetrics`); stages and this one meet in the composition root only.
 */
export interface StageHooks {
  readonly ingest: {
    /** Records by what became of them: counted, quarantined, late, duplicate, filtered. */
    events(source: string, result: string, count: number): void;
    quarantined(source: string, reason: string, count: number): void;
    checkpoint(source: string, seconds: number): void;
    fenced(source: string): void;
    unknown(source: string): void;
    /** null: the partition is not ours any more. */
    lag(topic: string, partition: number, records: number | null): void;
  };
  readonly evaluate: {
    evaluated(monitor: string, seconds: number): void;
  };
  readonly notify: {
    /** sent, retry, dead, lost. */
    notification(channel: string, result: string): void;
  };
}

export function createHooks(registry: MetricRegistry): StageHooks {
  return {
    ingest: {
      events(source, result, count) {
        registry.increment('driftd_events_total', { source, result }, count);
        if (result === 'late') registry.increment('driftd_events_late_total', { source }, count);
      },
      quarantined(source, reason, count) {
        registry.increment('driftd_events_quarantined_total', { source, reason }, count);
      },
      checkpoint(source, seconds) {
        registry.observe('driftd_checkpoint_duration_seconds', { source }, seconds);
      },
      fenced(source) {
        registry.increment('driftd_checkpoints_fenced_total', { source });
      },
      unknown(source) {
        registry.increment('driftd_checkpoints_unknown_total', { source });
      },
      lag(topic, partition, records) {
        const labels = { topic, partition: String(partition) };
        if (records === null) registry.remove('driftd_consumer_lag', labels);
        else registry.set('driftd_consumer_lag', labels, records);
      },
    },
    evaluate: {
      evaluated(monitor, seconds) {
        registry.observe('driftd_evaluation_duration_seconds', { monitor }, seconds);
      },
    },
    notify: {
      notification(channel, result) {
        registry.increment('driftd_notifications_total', { channel, result });
      },
    },
  };
}
