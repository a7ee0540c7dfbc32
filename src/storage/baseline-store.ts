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
  readonly createdAt: number;
  readonly activatedAt: number | null;
}

export interface BaselineStore {
  /**
   * Stores a baseline as a candidate, with its features and binnings. Idempotent by content: the same fingerprint gives
   * the version that is there already.
   */
  add(baseline: Baseline, tiers: ReadonlyMap<string, FeatureTier>): Promise<BaselineRow>;
  /** Makes this version the active one and retires the one before, in one transaction. */
  activate(modelId: number, version: number): Promise<BaselineRow>;
  active(
    modelId: number,
  ): Promise<{ readonly row: BaselineRow; readonly baseline: Baseline } | null>;
  list(modelId: number): Promise<BaselineRow[]>;
}
