import type { Alert, AlertCause, AlertRow } from '../core/alerting/types.ts';
import type { Verdict } from '../core/domain/verdict.ts';
import type { PredictionSummary } from '../core/evaluate/predictions.ts';
import type { EvaluationPolicy, FeatureResult, HistoryWindow } from '../core/evaluate/types.ts';
import type { CountedSoFar, QualityFault } from '../core/quality/faults.ts';
import type { QualityProblem } from '../core/quality/problems.ts';
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
  /** What is wrong with the data. */
  readonly quality: readonly QualityFault[];
  /** Events of each window. */
  readonly events: Readonly<Record<string, number>>;
  /** Events of the model when this was evaluated, since ever. */
  readonly counted: CountedSoFar;
  readonly features: number;
  /** What the model has predicted in each window. Evaluations from before this was kept have none. */
  readonly predictions?: readonly PredictionSummary[];
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
  /** Receivers that know of the open incident; null: unknown. */
  readonly told?: readonly string[] | null;
  readonly causes?: readonly AlertCause[] | null;
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
  /** What is remembered of the checks of the data. */
  readonly problems: readonly QualityProblem[];
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

/** What the checks of the data look back at. */
export interface QualityStore {
  /** Events of the windows that end at these instants, by window, as the newest revisions have stored them. */
  volumes(
    monitorId: number,
    ends: readonly number[],
  ): Promise<ReadonlyMap<string, ReadonlyMap<number, number>>>;
  /** Events of the model so far. */
  counted(modelId: number): Promise<CountedSoFar>;
  /** The same as the evaluation before this instant has stored it; null: there is none. */
  countedBefore(monitorId: number, before: number): Promise<CountedSoFar | null>;
  problems(monitorId: number): Promise<QualityProblem[]>;
}
