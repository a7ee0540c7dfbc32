import type { FeatureKind, FeatureRole, FeatureTier } from '../core/domain/feature.ts';
import type { PredictionSummary } from '../core/evaluate/predictions.ts';
import type { Severity, Verdict } from '../core/domain/verdict.ts';

/** What the gauges show, read from the database: the same on every replica, and there again after a restart. */
export interface GaugeSnapshot {
  /** The database's clock, ms since the epoch. */
  readonly now: number;
  /** Scores of the latest evaluation of each monitor; features that are retired or ignored are nowhere in the snapshot. */
  readonly scores: readonly ScoreGauges[];
  readonly features: readonly FeatureGauges[];
  readonly predictions: readonly PredictionGauges[];
  readonly alerts: readonly AlertGauges[];
  readonly models: readonly ModelGauges[];
  readonly monitors: readonly MonitorGauges[];
  readonly partitions: readonly PartitionGauges[];
  /** Offsets that can never be counted, by source. */
  readonly gapRecords: ReadonlyMap<string, number>;
  /** Bad records of which no row is kept, by source. */
  readonly quarantineDropped: ReadonlyMap<string, number>;
  /** How long the oldest message has waited past its time, by channel, seconds; channels with none late are not in it. */
  readonly outboxOldestSeconds: ReadonlyMap<string, number>;
}

/** What a feature of a watched model is declared as. */
export interface FeatureGauges {
  readonly model: string;
  readonly feature: string;
  readonly kind: FeatureKind;
  readonly role: FeatureRole;
  readonly tier: FeatureTier;
}

/** null: nothing to show, never 0 instead. */
export interface ScoreGauges {
  readonly monitor: string;
  readonly model: string;
  readonly feature: string;
  readonly segment: string;
  /** '1h', '6h', '24h', '7d'. */
  readonly window: string;
  /** ms since the epoch. */
  readonly windowEnd: number;
  readonly verdict: Verdict;
  readonly samples: number;
  readonly psi: number | null;
  readonly ks: number | null;
  /** Width of the certified interval of D. */
  readonly ksErrorBound: number | null;
  readonly ksPvalue: number | null;
  readonly missingRatio: number | null;
  readonly invalidRatio: number | null;
  readonly outOfRangeRatio: number | null;
  readonly unseenCategoryRatio: number | null;
  readonly minimumDetectableEffect: number | null;
}

/** What a model has predicted in the newest window of a monitor. */
export interface PredictionGauges extends PredictionSummary {
  readonly model: string;
  readonly monitor: string;
  readonly windowEnd: number;
}

export interface AlertGauges {
  readonly model: string;
  readonly feature: string;
  readonly state: 'inactive' | 'pending' | 'firing';
  readonly severity: Severity | null;
}

export interface ModelGauges {
  readonly model: string;
  readonly events: number;
  /** Greatest event time counted, ms since the epoch. */
  readonly lastEvent: number | null;
  /** The active one, and since when it is; ms since the epoch. */
  readonly baseline: {
    readonly version: number;
    readonly createdAt: number;
    readonly activatedAt: number | null;
  } | null;
}

export interface MonitorGauges {
  readonly monitor: string;
  /** When the latest evaluation was stored, ms since the epoch. */
  readonly lastSuccess: number | null;
  /** The newest tick that was evaluated, or since when there could be one; ms since the epoch. */
  readonly lastDue: number;
  readonly ticksMissed: number;
}

export interface PartitionGauges {
  readonly topic: string;
  readonly partition: number;
  readonly halted: boolean;
  /** Greatest event time of each model counted here, ms since the epoch. */
  readonly maxEventTime: ReadonlyMap<string, number>;
}

export interface GaugeReader {
  /** One consistent look. Rejects when the database does not answer. */
  read(): Promise<GaugeSnapshot>;
}
