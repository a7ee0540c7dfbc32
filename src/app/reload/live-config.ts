import type { DriftdConfig } from '../../config/types.ts';

/** The configuration in force: whoever reads a section of `config` when it needs it sees what a reload has changed. */
export interface LiveConfig {
  /** Do not take it apart before it is needed: sections taken out stay as they were. */
  readonly config: DriftdConfig;
  current(): DriftdConfig;
  replace(next: DriftdConfig): void;
}

export function createLiveConfig(initial: DriftdConfig): LiveConfig {
  let current = initial;
  const config = new Proxy({ ...initial }, { get: (_, section) => Reflect.get(current, section) });
  return {
    config,
    current: () => current,
    replace(next) {
      current = next;
    },
  };
}
