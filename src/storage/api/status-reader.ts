import type { ProblemKind } from '../../core/alerting/problems.ts';
import type { Severity, Verdict } from '../../core/domain/verdict.ts';

/** How everything stands, for people: what `driftd status` shows. Times in ms since the epoch. */
export interface StatusSnapshot {
  /** The database's clock. */
  readonly now: number;
  readonly schemaVersion: number;
  readonly processes: readonly ProcessStatus[];
  readonly models: readonly ModelStatus[];
  readonly monitors: readonly MonitorStatus[];
  readonly partitions: readonly PartitionStatus[];
  /** Pending and firing ones. */
  readonly alerts: readonly AlertStatus[];
  /** Channels with messages that wait or were given up. */
  readonly outbox: readonly OutboxStatus[];
  readonly problems: readonly ProblemStatus[];
}

export interface ProcessStatus {
  readonly name: string;
  readonly roles: readonly string[];
  readonly startedAt: number;
  readonly seenAt: number;
}

export interface ModelStatus {
  readonly model: string;
  readonly features: number;
  readonly events: number;
  /** Greatest event time counted. */
  readonly lastEvent: number | null;
  /** When the newest event was counted. */
  readonly lastEventAt: number | null;
  readonly baseline: {
    readonly version: number;
    readonly rows: number;
    readonly createdAt: number;
  } | null;
  /** Versions that wait to be activated. */
  readonly candidates: readonly number[];
  /** What the configuration says of it without effect, in sentences. */
  readonly notes: readonly string[];
}

export interface MonitorStatus {
  readonly monitor: string;
  readonly model: string;
  readonly ticksMissed: number;
  /** Due time of a tick that runs now. */
  readonly running: number | null;
  /** What waits for events: the first tick that is due and not ready, on the events' clock the next one. */
  readonly waiting: WaitingTick | null;
  readonly latest: EvaluationStatus | null;
}

export interface WaitingTick {
  /** The events must have passed it. */
  readonly windowEnd: number;
  /** Then it is judged with what there is; null: it waits as long as it takes. */
  readonly until: number | null;
}

/** The part of a monitor's status that is stored. */
export interface StoredMonitor extends Omit<MonitorStatus, 'waiting'> {
  readonly modelId: number;
  /** Ticks up to then are done or missed, or from before the monitor's time; null: its clock has not ticked yet. */
  readonly dealtWith: number | null;
}

/** The part of the status that is stored; what follows from the configuration is to be added. */
export interface StoredStatus extends Omit<StatusSnapshot, 'models' | 'monitors'> {
  readonly models: readonly Omit<ModelStatus, 'notes'>[];
  readonly monitors: readonly StoredMonitor[];
}

export interface StoredStatusReader {
  /** One consistent look. Rejects when the database does not answer. */
  read(): Promise<StoredStatus>;
}

export interface EvaluationStatus {
  readonly windowEnd: number;
  readonly revision: number;
  readonly complete: boolean;
  readonly storedAt: number;
  /** Judgements by verdict, over features, segments and windows. */
  readonly verdicts: Readonly<Partial<Record<Verdict, number>>>;
}

export interface PartitionStatus {
  readonly source: string;
  readonly topic: string;
  readonly partition: number;
  readonly state: 'ok' | 'halted';
  /** Why it is halted. */
  readonly reason: string | null;
  /** The process that reads it, as far as the database knows. */
  readonly owner: string | null;
  /** The first offset that was to be read. */
  readonly startOffset: number;
  /** The next offset to read. Those from the first up to it are in the counters that follow, and in gaps. */
  readonly nextOffset: number;
  readonly counted: number;
  readonly quarantined: number;
  readonly tooLate: number;
  readonly duplicate: number;
  /** Without an event: tombstones, transaction markers, aborted and compacted records. */
  readonly filtered: number;
  /** Of those in quarantine: of how many no row is kept. */
  readonly quarantineDropped: number;
  /** Records that were gone before they could be read. */
  readonly gapRecords: number;
  /** Complete up to this event time; null: nothing was counted. */
  readonly watermark: number | null;
  readonly progressedAt: number;
}

export interface AlertStatus {
  readonly model: string;
  readonly monitor: string;
  readonly feature: string;
  readonly segment: string;
  readonly state: 'pending' | 'firing';
  readonly severity: Severity | null;
  readonly since: number | null;
}

export interface OutboxStatus {
  readonly channel: string;
  readonly waiting: number;
  /** When the oldest that waits was queued. */
  readonly oldest: number | null;
  /** Given up for good. */
  readonly dead: number;
  readonly lastError: string | null;
}

export interface ProblemStatus {
  readonly kind: ProblemKind;
  readonly about: string;
  readonly since: number;
  readonly detail: string;
}

export interface StatusReader {
  /** Rejects when the database does not answer. */
  read(): Promise<StatusSnapshot>;
}
