import type { FeatureResult } from '../../core/evaluate/types.ts';
import type { EvaluationSettings, EvaluationSummary } from '../evaluation-store.ts';
import type { PageOf } from './page.ts';

export interface EvaluationEntry {
  readonly id: number;
  readonly model: string;
  readonly monitor: string;
  readonly windowEnd: number;
  readonly revision: number;
  readonly due: number;
  readonly baseline: number | null;
  readonly complete: boolean;
  readonly watermark: number | null;
  readonly settings: EvaluationSettings;
  readonly summary: EvaluationSummary;
  readonly durationMs: number;
  readonly createdAt: number;
}

export interface ScoreEntry {
  readonly evaluation: number;
  readonly windowEnd: number;
  readonly revision: number;
  readonly result: FeatureResult;
}

export interface AlertEntry {
  readonly id: number;
  readonly model: string;
  readonly monitor: string;
  readonly feature: string;
  readonly segment: string;
  readonly state: 'inactive' | 'pending' | 'firing';
  readonly severity: 'warning' | 'critical' | null;
  readonly incident: number;
  readonly pendingSince: number | null;
  readonly firingSince: number | null;
  readonly resolvedAt: number | null;
  readonly acknowledgedBy: string | null;
}

export interface QuarantineEntry {
  readonly source: string;
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
  readonly reason: string;
  readonly detail: string;
  readonly payload: Uint8Array | null;
  /** What its headers said of its type. */
  readonly headers: Readonly<Record<string, string>> | null;
  readonly recordedAt: number;
}

/** Where a list of quarantined records goes on: newest first, then by place. */
export interface QuarantineKey {
  readonly recordedAt: number;
  readonly part: number;
  readonly offset: number;
}

/** A line of the audit: who changed what, when. */
export interface AuditEntry {
  readonly id: number;
  readonly happenedAt: number;
  readonly actor: string;
  /** `model.delete`, `token.create`, ... */
  readonly action: string;
  readonly target: string;
  readonly detail: Readonly<Record<string, unknown>>;
  readonly requestId: string | null;
}

export interface TimeRange {
  readonly from: number | null;
  readonly to: number | null;
}

export interface ScoreFilter extends TimeRange {
  readonly feature: string | null;
  readonly segment: string | null;
  readonly window: string | null;
  readonly verdict: string | null;
}

/** What was judged, told and put aside, for readers. */
export interface HistoryReader {
  /** Newest first. */
  evaluations(
    modelId: number,
    filter: TimeRange & { readonly monitor: string | null },
    page: PageOf<number>,
  ): Promise<EvaluationEntry[]>;
  evaluation(id: number): Promise<EvaluationEntry | null>;
  /** Scores of one evaluation, in the order of its features. */
  scoresOf(evaluationId: number): Promise<ScoreEntry[]>;
  /**
   * Scores of a model's evaluations, newest revisions only, newest evaluations first. A page ends with an evaluation:
   * `limit` counts evaluations.
   */
  scores(modelId: number, filter: ScoreFilter, page: PageOf<number>): Promise<ScoreEntry[]>;
  alerts(
    filter: { readonly modelId: number | null; readonly state: string | null },
    page: PageOf<number>,
  ): Promise<AlertEntry[]>;
  quarantine(
    filter: TimeRange & {
      readonly topic: string | null;
      readonly reason: string | null;
      readonly source?: string | null;
      readonly partition?: number | null;
      readonly offset?: number | null;
    },
    page: PageOf<QuarantineKey>,
  ): Promise<(QuarantineEntry & { readonly key: QuarantineKey })[]>;
  /** Newest first. */
  audit(filter: TimeRange, page: PageOf<number>): Promise<AuditEntry[]>;
}
