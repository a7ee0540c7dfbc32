import type { FeatureKind, FeatureRole, FeatureTier } from '../../core/domain/feature.ts';
import type { SeenName } from '../../core/quality/unknown-names.ts';
import type { PageOf } from './page.ts';
import type { Actor } from './token-store.ts';

export interface ModelEntry {
  readonly id: number;
  readonly name: string;
  readonly createdAt: number;
  readonly retiredAt: number | null;
  /** Version of the active baseline; null: none. */
  readonly activeBaseline: number | null;
  readonly features: number;
  /** Events counted since ever. */
  readonly events: number;
  readonly lastEventTime: number | null;
}

export interface FeatureEntry {
  readonly id: number;
  readonly name: string;
  readonly kind: FeatureKind;
  readonly role: FeatureRole;
  readonly tier: FeatureTier;
  readonly unit: string | null;
  readonly retiredAt: number | null;
}

/** What there is: models and their features, as people manage them. Every change leaves a line in the audit. */
export interface Directory {
  /** By id; `retired`: only those, or only the others; null: all. */
  models(page: PageOf<number>, retired: boolean | null): Promise<ModelEntry[]>;
  model(name: string): Promise<ModelEntry | null>;
  /** @returns null when the name is taken */
  create(name: string, by: Actor): Promise<ModelEntry | null>;
  /** @returns `taken` when another has the name, `missing` when there is no such model */
  rename(name: string, to: string, by: Actor): Promise<'done' | 'taken' | 'missing'>;
  /** Retired models are neither judged nor shown as gauges; what is stored of them stays. @returns false: no such model */
  retire(name: string, retired: boolean, by: Actor): Promise<boolean>;
  /**
   * Takes the model away with everything that was stored of it, tiles too.
   * @returns `counting` when events of it were counted in the last minute: whoever counts them would be left without it
   */
  remove(name: string, by: Actor): Promise<'done' | 'missing' | 'counting'>;
  /** By id. */
  features(modelId: number, page: PageOf<number>): Promise<FeatureEntry[]>;
  /** Features that events bring and no version in use has, the last seen first. */
  unknownFeatures(modelId: number): Promise<SeenName[]>;
}
