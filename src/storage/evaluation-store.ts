import type { Alert, AlertRow } from '../core/alerting/types.ts';
import type { Verdict } from '../core/domain/verdict.ts';
import type { EvaluationPolicy, FeatureResult, HistoryWindow } from '../core/evaluate/types.ts';
import type { OutboxWrite } from './outbox-store.ts';
import type { TickClaim } from './tick-store.ts';

/** What an evaluation was judged by: enough to recompute it. */
export interface EvaluationSettings {
  readonly q: number;
  readonly tests: number;
  readonly evaluationsPerDay: number;
  readonly policy: EvaluationPolicy;
  /** Policies of the features that are judged differently, by name. */
  readonly features: Readonly<Record<string, EvaluationPolicy>>;
}

/** Model level: counts, never an average of scores. */
export interface EvaluationSummary {
  readonly features: number;
  readonly drifted: readonly string[];
  readonly warned: readonly string[];
  /** By falling KS or PSI, the worst five. */
  readonly worst: readonly string[];
}

/** One judged feature with the ids it is stored under. */
export interface ScoreWrite {
  readonly featureId: number;
  readonly result: FeatureResult;
}

export interface AlertWrite {
  readonly featureId: number;
  readonly segment: string;
  readonly alert: Alert;
}

export interface EvaluationWrite {
  /** The tick that this is written under: the fence. */
  readonly claim: TickClaim;
  /** When the windows were due; the claimed tick by default. */
  readonly due?: number;
  readonly windowEnd: number;
  readonly revision: number;
  readonly baselineId: number | null;
  readonly complete: boolean;
  readonly watermark: number | null;
  readonly settings: EvaluationSettings;
  readonly summary: EvaluationSummary;
  readonly durationMs: number;
  readonly scores: readonly ScoreWrite[];
  readonly alerts: readonly AlertWrite[];
  readonly outbox: readonly OutboxWrite[];
}

/** A stored evaluation, as far as another is compared with it. */
export interface StoredEvaluation {
  readonly revision: number;
  readonly due: number;
  readonly complete: boolean;
  /** By `seriesKey` of feature and segment, and by window. */
  readonly verdicts: ReadonlyMap<string, ReadonlyMap<string, Verdict>>;
}

/** Evaluations with their scores, alerts and messages: one transaction, fenced by the tick's epoch. */
export interface EvaluationStore {
  /** @returns the evaluation's id, or null when the tick is no longer ours: then nothing was written */
  store(write: EvaluationWrite): Promise<number | null>;
  alerts(monitorId: number): Promise<AlertRow[]>;
  /** The newest revision of what was stored for windows that end here; null: nothing was. */
  find(monitorId: number, windowEnd: number): Promise<StoredEvaluation | null>;
  /**
   * Disjoint past windows of this length, newest first, that did not fire, by `seriesKey` of feature and segment.
   * Counts of the baseline's coarse groups; only evaluations under this baseline.
   */
  history(
    monitorId: number,
    baselineId: number,
    windowName: string,
    spanMs: number,
    before: number,
  ): Promise<ReadonlyMap<string, HistoryWindow[]>>;
}
