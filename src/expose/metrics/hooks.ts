import { QUARANTINE_REASONS } from '../../core/domain/ingestion.ts';
import type { MetricRegistry } from './registry.ts';

interface Partition {
  readonly source: string;
  readonly topic: string;
  readonly partition: number;
}

/**
 * What the stages tell about their work. Each object has the shape that its stage asks for (`IngestMetrics`,
 * `EvaluateMetrics`, `NotifyMetrics`); stages and this one meet in the composition root only.
 */
export interface StageHooks {
  readonly ingest: {
    /** Records by what became of them: counted, quarantined, too_late, duplicate. */
    events(source: string, result: string, count: number): void;
    /** Events that were not counted: too_late, duplicate; also those of records of which others were. */
    passedOver(source: string, why: string, events: number): void;
    quarantined(source: string, reason: string, count: number): void;
    /** Copies of bad records: sent, dropped since too many waited, failed. */
    deadLetters(result: string, letters: number): void;
    /** An event whose attribute has no segment of its own left. */
    segmentOverflow(model: string): void;
    /** The id of an event that is not remembered, so that a duplicate of it would be counted. */
    idForgotten(source: string): void;
    /** outcome: committed, fenced, unknown, retry. */
    checkpoint(partition: Partition, outcome: string, seconds: number): void;
    /** null: not known any more. */
    lag(partition: Partition, records: number | null): void;
    /** The record that proves that a log is the one that was read is gone from it. */
    anchorMissing(source: string): void;
    halted(partition: Partition, halted: boolean): void;
    /** The partition is not ours any more: another process tells its lag now. */
    released(partition: Partition): void;
  };
  readonly evaluate: {
    evaluated(monitor: string, seconds: number): void;
  };
  readonly notify: {
    /** sent, retry, dead, lost. */
    notification(channel: string, result: string): void;
  };
}

/** What exists from the start, and after a reload: a counter that appears with its first event has no rate for that event. */
export interface KnownParts {
  readonly sources: readonly string[];
  readonly channels: readonly string[];
}

/** Counters at 0 for everything that this process may come to count. */
export function beginAtZero(registry: MetricRegistry, { sources, channels }: KnownParts): void {
  for (const source of sources) {
    for (const result of ['counted', 'quarantined', 'too_late', 'duplicate'])
      registry.increment('driftd_events_total', { source, result }, 0);
    for (const reason of QUARANTINE_REASONS)
      registry.increment('driftd_events_quarantined_total', { source, reason }, 0);
    registry.increment('driftd_events_late_total', { source }, 0);
    registry.increment('driftd_events_duplicate_total', { source }, 0);
    registry.increment('driftd_checkpoints_fenced_total', { source }, 0);
    registry.increment('driftd_checkpoints_unknown_total', { source }, 0);
    registry.increment('driftd_checkpoints_retried_total', { source }, 0);
    registry.increment('driftd_anchors_missing_total', { source }, 0);
    registry.increment('driftd_event_ids_forgotten_total', { source }, 0);
  }
  if (sources.includes('kafka')) {
    for (const result of ['sent', 'dropped', 'failed'])
      registry.increment('driftd_dead_letters_total', { result }, 0);
  }
  for (const channel of channels) {
    for (const result of ['sent', 'retry', 'dead', 'lost'])
      registry.increment('driftd_notifications_total', { channel, result }, 0);
  }
}

export function createHooks(registry: MetricRegistry): StageHooks {
  return {
    ingest: {
      events(source, result, count) {
        registry.increment('driftd_events_total', { source, result }, count);
      },
      passedOver(source, why, events) {
        const metric =
          why === 'too_late' ? 'driftd_events_late_total' : 'driftd_events_duplicate_total';
        registry.increment(metric, { source }, events);
      },
      quarantined(source, reason, count) {
        registry.increment('driftd_events_quarantined_total', { source, reason }, count);
      },
      deadLetters(result, letters) {
        registry.increment('driftd_dead_letters_total', { result }, letters);
      },
      segmentOverflow(model) {
        registry.increment('driftd_segment_overflow_total', { model });
      },
      idForgotten(source) {
        registry.increment('driftd_event_ids_forgotten_total', { source });
      },
      checkpoint({ source }, outcome, seconds) {
        if (outcome === 'fenced') registry.increment('driftd_checkpoints_fenced_total', { source });
        else if (outcome === 'unknown')
          registry.increment('driftd_checkpoints_unknown_total', { source });
        else if (outcome === 'retry')
          registry.increment('driftd_checkpoints_retried_total', { source });
        else if (outcome === 'committed')
          registry.observe('driftd_checkpoint_duration_seconds', { source }, seconds);
      },
      lag(partition, records) {
        if (records === null) registry.remove('driftd_consumer_lag', labelsOf(partition));
        else registry.set('driftd_consumer_lag', labelsOf(partition), records);
      },
      anchorMissing(source) {
        registry.increment('driftd_anchors_missing_total', { source });
      },
      // driftd_partition_halted comes from the database: the same on every replica, whoever found it out.
      halted: () => undefined,
      released(partition) {
        registry.remove('driftd_consumer_lag', labelsOf(partition));
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

function labelsOf({ topic, partition }: Partition): { topic: string; partition: string } {
  return { topic, partition: String(partition) };
}
