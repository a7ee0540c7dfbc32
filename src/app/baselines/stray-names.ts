import { nearest } from '../../config/document/nearest.ts';
import type { DriftdConfig } from '../../config/types.ts';
import { shownName } from '../../core/domain/shown-name.ts';
import { toError } from '../../platform/errors.ts';
import type { Log } from '../../platform/log.ts';
import type { BaselineStore } from '../../storage/baseline-store.ts';
import type { CatalogStore } from '../../storage/catalog-store.ts';

const MAX_TOLD = 10;

/** A model of which the configuration declares features that its active baseline does not have. */
export interface StrayNames {
  readonly model: string;
  readonly names: readonly string[];
  /** One sentence, with the name that was meant where one is near. */
  readonly text: string;
}

interface StrayDeps {
  readonly catalog: Pick<CatalogStore, 'findModel' | 'features'>;
  readonly baselines: Pick<BaselineStore, 'list'>;
}

/**
 * Names of `models[].features` and `monitors[].policy.features` that the active baselines do not have. Only they know the
 * names, so a misspelt one is found here or never: what is declared of it has no effect. Features that are ignored are not
 * in a baseline by intent, and a model without a baseline has no names yet.
 */
export async function strayNames(
  config: DriftdConfig,
  { catalog, baselines }: StrayDeps,
): Promise<StrayNames[]> {
  const told: StrayNames[] = [];
  for (const { name: model, features } of config.models) {
    const ofPolicies = config.monitors
      .filter((monitor) => monitor.model === model)
      .flatMap(({ policy }) => [...policy.features.keys()]);
    const declared = [...new Set([...features.keys(), ...ofPolicies])].filter(
      (name) => features.get(name)?.tier !== 'ignore',
    );
    if (declared.length === 0) continue;
    const row = await catalog.findModel(model);
    if (row === null) continue;
    const known = (await catalog.features(row.id)).map(({ name }) => name);
    const names = declared.filter((name) => !known.includes(name));
    if (names.length === 0) continue;
    // Features of a first candidate are known before it is active.
    if (!(await baselines.list(row.id)).some(({ state }) => state === 'active')) continue;
    told.push({ model, names, text: inWords(names, known) });
  }
  return told;
}

function inWords(names: readonly string[], known: readonly string[]): string {
  const shown = names.slice(0, MAX_TOLD).map((name) => {
    const near = nearest(name, known);
    return near === null
      ? shownName(name)
      : `${shownName(name)} (did you mean ${shownName(near)}?)`;
  });
  const more = names.length > MAX_TOLD ? ` and ${names.length - MAX_TOLD} more` : '';
  return `the configuration declares features that the active baseline does not have: ${shown.join(', ')}${more}; what it says of them has no effect`;
}

/** Tells of stray names in the log, once as long as they stay the same. A look never rejects. */
export function createStrayWatch(
  config: DriftdConfig,
  deps: StrayDeps,
  log: Log,
): () => Promise<void> {
  let before = new Map<string, string>();
  return async () => {
    try {
      const strays = await strayNames(config, deps);
      for (const { model, names, text } of strays)
        if (before.get(model) !== text) log.warn({ model, features: names }, text);
      before = new Map(strays.map(({ model, text }) => [model, text]));
    } catch (thrown) {
      log.warn({ err: toError(thrown) }, 'names of features could not be looked at');
    }
  };
}
