import type { Finding } from '../../../core/baseline/checks/finding.ts';
import type { BaselineDocument } from '../../../core/baseline/document/document.ts';
import type { FeatureKind, FeatureRole } from '../../../core/domain/feature.ts';
import type { BaselineDiff } from '../../../core/evaluate/baseline-diff.ts';
import type { BaselineAction, BaselineState, Change } from '../../../storage/baseline-store.ts';

/** A version as it is told: plain data, times in RFC 3339. */
export interface BaselineView {
  readonly model: string;
  readonly version: number;
  readonly state: BaselineState;
  readonly fingerprint: string;
  readonly rows: number;
  readonly from: string | null;
  readonly to: string | null;
  readonly provenance: string;
  readonly created: string;
  readonly activated: string | null;
  readonly retired: string | null;
  /** When it becomes active by itself. */
  readonly activateAt: string | null;
  readonly warnings: readonly string[];
}

/** One feature of a version in short. */
export interface BaselineFeatureView {
  readonly feature: string;
  readonly kind: FeatureKind;
  readonly role: FeatureRole;
  readonly binning: string;
  /** Binnings of its history that it is counted on, too. */
  readonly also: readonly string[];
  readonly rows: number;
  readonly missing: number;
  readonly invalid: number;
}

export interface BaselineEventView extends Change {
  readonly version: number;
  readonly action: BaselineAction;
  readonly at: string;
}

export interface BaselineDetail extends BaselineView {
  readonly features: readonly BaselineFeatureView[];
  readonly segments: readonly string[];
  readonly events: readonly BaselineEventView[];
}

export interface BaselineDiffView extends BaselineDiff {
  readonly model: string;
  /** The version that is compared with: the active one unless another is asked for. */
  readonly before: number;
  readonly after: number;
}

export interface ShadowView {
  readonly monitor: string;
  readonly version: number;
  readonly from: string;
  readonly to: string;
  readonly days: number;
  readonly evaluations: number;
  readonly thinned: boolean;
  readonly judgedDays: readonly string[];
  readonly alertDays: readonly string[];
  readonly features: readonly string[];
  readonly alerts: readonly {
    readonly at: string;
    readonly feature: string;
    readonly segment: string;
    readonly severity: string;
  }[];
  readonly notComparable: number;
  /** "would have alerted on 2 of the 8 days that could be judged (14 asked for): temp, pressure" */
  readonly summary: string;
}

/** Names of columns, or of a document's features. */
export interface UploadDeclarations {
  readonly numeric?: readonly string[];
  readonly categorical?: readonly string[];
  readonly boolean?: readonly string[];
  readonly ignore?: readonly string[];
  /** Of these roles; what is not named is an input. */
  readonly prediction?: readonly string[];
  readonly label?: readonly string[];
  /** Of this tier, unless the configuration says another. */
  readonly critical?: readonly string[];
  /** Categories that are tracked of a feature, by its name. */
  readonly categories?: Readonly<Record<string, readonly string[]>>;
  /** Of the numbers of a feature, by its name; the configuration's wins. */
  readonly unit?: Readonly<Record<string, string>>;
  /** The column of the rows' times. */
  readonly time?: string;
}

/** A file of rows or a histogram document that somebody wants as a baseline. */
export interface BaselineUpload extends Change {
  /** Where its bytes are; the file's own name tells its format. */
  readonly path: string;
  /** What it is called, kept for people; the file's own name unless it is said. */
  readonly name?: string;
  /** What its bytes have to have, in hex; without it they are what they are. */
  readonly sha256?: string;
  /** What is said about columns, over what the configuration says. */
  readonly declared?: UploadDeclarations;
  /** Check only: nothing is stored. */
  readonly validateOnly: boolean;
  readonly onProgress?: (share: number) => void;
}

/** A stretch of a topic of the configuration, by the time that Kafka gives its records; ms since the epoch. */
export interface ReplayRequest {
  readonly topic: string;
  readonly from: number;
  readonly to: number;
  readonly validateOnly: boolean;
  readonly onProgress?: (share: number) => void;
}

export interface UploadResult {
  /** null: it was only checked. */
  readonly baseline: BaselineView | null;
  /** The same content was there already: nothing was added. */
  readonly known: boolean;
  readonly rows: number;
  readonly warnings: readonly Finding[];
}

/**
 * What can be done about baselines. Every call names the model.
 * @throws DriftdError BASELINE_UNKNOWN | BASELINE_INVALID | INPUT_INVALID
 */
export interface BaselineDesk {
  list(model: string): Promise<BaselineView[]>;
  events(model: string): Promise<BaselineEventView[]>;
  show(model: string, version: number): Promise<BaselineDetail>;
  /** @param against another version; null: the active one */
  diff(model: string, version: number, against: number | null): Promise<BaselineDiffView>;
  /** One entry a monitor of the model. @param days of event time, back from where the events are complete */
  shadow(model: string, version: number, days: number): Promise<ShadowView[]>;
  /** @param at ms; null: now */
  activate(
    model: string,
    version: number,
    change: Change,
    at: number | null,
  ): Promise<BaselineView>;
  unschedule(model: string, version: number, change: Change): Promise<BaselineView>;
  /** Takes a candidate back for good: it is counted no longer. */
  discard(model: string, version: number, change: Change): Promise<BaselineView>;
  rollback(model: string, change: Change): Promise<BaselineView>;
  document(model: string, version: number): Promise<BaselineDocument>;
  upload(model: string, upload: BaselineUpload): Promise<UploadResult>;
  /**
   * Is a file known, before its bytes are sent? null: it is not.
   * @param sha256 of its bytes, in hex @param ending that tells its format, such as `.csv.gz`
   */
  known(
    model: string,
    sha256: string,
    ending: string,
    declared?: UploadDeclarations,
  ): Promise<UploadResult | null>;
  /** Makes a candidate of the events of a stretch of a topic, read again. */
  replay(model: string, range: ReplayRequest, change: Change): Promise<UploadResult>;
  /** Makes a candidate of what was counted in [from, to), ms. */
  promote(model: string, from: number, to: number, change: Change): Promise<UploadResult>;
}
