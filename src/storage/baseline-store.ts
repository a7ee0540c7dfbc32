import type { Finding } from '../core/baseline/checks/finding.ts';
import type { Baseline } from '../core/baseline/types.ts';
import type { FeatureTier } from '../core/domain/feature.ts';

export type BaselineState = 'candidate' | 'active' | 'retired';

export interface BaselineRow {
  readonly id: number;
  readonly modelId: number;
  readonly version: number;
  readonly state: BaselineState;
  readonly fingerprint: string;
  readonly rows: number;
  readonly provenance: string;
  /** Time range of the rows, ms; null without times. */
  readonly from: number | null;
  readonly to: number | null;
  readonly createdAt: number;
  readonly activatedAt: number | null;
  readonly retiredAt: number | null;
  /** When it becomes active by itself; null: not scheduled. */
  readonly activateAt: number | null;
  /** What the checks found. */
  readonly warnings: readonly Finding[];
}

/** What whoever uploads says of a feature: it is kept with the version, and holds with it. */
export interface FeatureSaid {
  readonly tier?: FeatureTier;
  /** Of its numbers, for people. */
  readonly unit?: string;
}

/** Who wants something, and why, as it is kept. */
export interface Change {
  readonly actor: string;
  readonly reason: string;
  /** Of the request that asked for it, for the audit. */
  readonly requestId?: string | null;
}

/** What is known of a baseline's origin besides its content. */
export interface BaselineOrigin extends Change {
  /** SHA-256 of what it was made of; null: only its content tells. */
  readonly sourceFingerprint: string | null;
  readonly warnings: readonly Finding[];
}

export type BaselineAction =
  'added' | 'activated' | 'rolled-back' | 'scheduled' | 'unscheduled' | 'discarded';

/** One line of a model's record: never changed, never deleted before the model is. */
export interface BaselineEvent extends Change {
  readonly version: number;
  readonly action: BaselineAction;
  readonly happenedAt: number;
}

export interface AddedBaseline extends BaselineRow {
  /** false: it was there already. */
  readonly added: boolean;
}

export interface StoredBaseline {
  readonly row: BaselineRow;
  readonly baseline: Baseline;
}

/** Baselines and their lives: candidate, active, retired. What is stored of one never changes but for its state. */
export interface BaselineStore {
  /**
   * Stores a baseline as a candidate, with its features and binnings. Idempotent: the same source, or the same content,
   * gives the version that is there already. Live features stay as they are: kinds, roles and tiers of the candidate hold
   * once it is active.
   * @param said of features, as its uploader says
   * @throws DriftdError BASELINE_INVALID when the model has too many candidates
   */
  add(
    baseline: Baseline,
    said: ReadonlyMap<string, FeatureSaid>,
    origin?: BaselineOrigin,
  ): Promise<AddedBaseline>;
  /** Makes this version the active one and retires the one before, with the features that it lacks, in one transaction. */
  activate(modelId: number, version: number, change?: Change): Promise<BaselineRow>;
  /** Makes the version active that was so before the active one; null: there was none. */
  rollback(modelId: number, change: Change): Promise<BaselineRow | null>;
  /** Takes a candidate back for good. @returns `not-candidate`: it is, or was, active; null: no such version */
  discard(
    modelId: number,
    version: number,
    change: Change,
  ): Promise<BaselineRow | 'not-candidate' | null>;
  /** @param at ms since the epoch on the database's clock; null takes a schedule back. null: no such version */
  schedule(
    modelId: number,
    version: number,
    at: number | null,
    change: Change,
  ): Promise<BaselineRow | null>;
  /** Activates what is scheduled for now or earlier; of several of one model the last. */
  activateDue(): Promise<BaselineRow[]>;
  active(modelId: number): Promise<StoredBaseline | null>;
  find(modelId: number, version: number): Promise<StoredBaseline | null>;
  findSource(modelId: number, sourceFingerprint: string): Promise<BaselineRow | null>;
  list(modelId: number): Promise<BaselineRow[]>;
  /** The model's record, oldest first. */
  events(modelId: number): Promise<BaselineEvent[]>;
}
