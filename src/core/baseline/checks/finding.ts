export type CheckName =
  | 'no-features'
  | 'too-many-features'
  | 'unreadable-text'
  | 'too-large'
  | 'segments-differ'
  | 'segments-lacking'
  | 'too-few-rows'
  | 'all-missing'
  | 'all-invalid'
  | 'constant'
  | 'kind-contradicts'
  | 'feature-lacking'
  | 'feature-new'
  | 'identifier'
  | 'many-categories'
  | 'sentinel'
  | 'own-binning'
  | 'other-binning'
  | 'unreadable-events'
  | 'stream-lacks'
  | 'stream-sends'
  | 'stream-missing'
  | 'stream-invalid'
  | 'said-before';

/** What is wrong with a baseline, or looks so. Errors refuse it; warnings are kept with it. */
export interface Finding {
  readonly level: 'error' | 'warning';
  readonly check: CheckName;
  /** null: about the whole. */
  readonly feature: string | null;
  /** One sentence with the way out. */
  readonly text: string;
}

export function error(check: CheckName, feature: string | null, text: string): Finding {
  return { level: 'error', check, feature, text };
}

export function warning(check: CheckName, feature: string | null, text: string): Finding {
  return { level: 'warning', check, feature, text };
}
