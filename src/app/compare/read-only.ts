import { DriftdError } from '../../platform/errors.ts';
import type { CatalogStore } from '../../storage/catalog-store.ts';
import type { TickStore } from '../../storage/tick-store.ts';

/** A monitor that has never run has no history and no stored evaluations. */
const NEVER_RUN = -1;

/** The stores with their registering parts turned into looking up. */
export function readOnly(
  catalog: CatalogStore,
  ticks: TickStore,
): { catalog: CatalogStore; ticks: TickStore } {
  return {
    catalog: {
      ...catalog,
      async ensureModel(name) {
        const model = await catalog.findModel(name);
        if (model === null) throw nothingCounted(name);
        return model;
      },
    },
    ticks: {
      ...ticks,
      async ensureMonitor(name, modelId) {
        const monitor = await ticks.findMonitor(name);
        return monitor ?? { id: NEVER_RUN, name, modelId, scheduledFrom: null };
      },
    },
  };
}

export function nothingCounted(model: string): DriftdError {
  return new DriftdError(
    'INPUT_INVALID',
    `nothing of the model ${model} has been counted in this database; start driftd run first, or say another postgres.url`,
  );
}
