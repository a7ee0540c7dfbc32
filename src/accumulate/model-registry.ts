import type { EventFrame, ModelSchema } from '../core/domain/event-frame.ts';
import { createCounter } from '../core/histogram/counter.ts';
import type { Counter } from '../core/histogram/counter.ts';
import type { Log } from '../platform/log.ts';
import type { CatalogStore, CountingPlan } from '../storage/catalog-store.ts';

/** What the configuration says about a model's counting. */
export interface CountedModel {
  readonly name: string;
  readonly attributes: readonly string[];
  readonly allowedLatenessMs: number;
}

/** One feature of a binning set, ready to count: its slot in the frame and its counter. */
export interface CountedFeature {
  readonly frameIndex: number;
  readonly counter: Counter;
}

/** A binning set, ready to count. */
export interface CountedSet {
  readonly id: number;
  readonly features: readonly CountedFeature[];
}

/** A model, ready to count: its dictionary and the binning sets its events are counted under. */
export interface CountedModelPlan {
  readonly schema: ModelSchema;
  readonly allowedLatenessMs: number;
  readonly sets: readonly CountedSet[];
}

/** The models of the configuration with their counting plans, refreshed when a baseline is activated. */
export interface ModelRegistry {
  schema(model: string): ModelSchema | null;
  plan(frame: EventFrame): CountedModelPlan;
  planOf(modelId: number): CountedModelPlan | undefined;
  modelIds(): readonly number[];
  /** Raised whenever a plan has changed: who holds tiles under the old one commits and drops them. */
  readonly version: number;
  /** One pass over the catalogue, begun after this call: passes follow each other, so that no older one has the last word. */
  refresh(): Promise<void>;
}

export function createModelRegistry(deps: {
  readonly catalog: CatalogStore;
  /** Asked at each refresh: a reload may change them. */
  readonly models: () => readonly CountedModel[];
  readonly log: Log;
}): ModelRegistry {
  const byName = new Map<string, CountedModelPlan>();
  const byId = new Map<number, CountedModelPlan>();
  const fingerprints = new Map<string, string>();
  let version = 0;
  let passes: Promise<void> = Promise.resolve();
  /** The pass that has not begun yet, for all who ask until it does: a slow database must not have them pile up. */
  let waiting: Promise<void> | null = null;

  async function refreshModel(model: CountedModel): Promise<void> {
    const row = await deps.catalog.ensureModel(model.name);
    const plan = await deps.catalog.countingPlan(row.id);
    const fingerprint = JSON.stringify([
      row.id,
      model.attributes,
      model.allowedLatenessMs,
      plan?.features.map(({ id, kind, role, tier }) => [id, kind, role, tier]) ?? null,
      plan?.ignored ?? null,
      plan?.sets.map(({ id, entries }) => [id, entries.map(({ featureId }) => featureId)]) ?? null,
    ]);
    if (fingerprints.get(model.name) === fingerprint) return;
    const counted = compile(model, row.id, plan);
    fingerprints.set(model.name, fingerprint);
    byName.set(model.name, counted);
    byId.set(row.id, counted);
    version += 1;
    const features = counted.schema.features.length;
    deps.log.info({ model: model.name, features }, 'counting plan loaded');
  }

  async function refreshAll(): Promise<void> {
    const models = deps.models();
    for (const model of models) await refreshModel(model);
    // Events of a model that is configured no more are of an unknown one; what was counted of it can still be told.
    for (const name of byName.keys()) {
      if (models.some((model) => model.name === name)) continue;
      byName.delete(name);
      fingerprints.delete(name);
      version += 1;
    }
  }

  return {
    schema: (model) => byName.get(model)?.schema ?? null,
    plan: (frame) => byId.get(frame.schema?.modelId ?? -1) as CountedModelPlan,
    planOf: (modelId) => byId.get(modelId),
    modelIds: () => [...byId.keys()],
    get version() {
      return version;
    },
    refresh() {
      if (waiting !== null) return waiting;
      const pass = (): Promise<void> => {
        waiting = null;
        return refreshAll();
      };
      passes = passes.then(pass, pass);
      waiting = passes;
      return passes;
    },
  };
}

/** A model without a baseline has no features yet: its events are known, but nothing of them is binned. */
function compile(
  model: CountedModel,
  modelId: number,
  plan: CountingPlan | null,
): CountedModelPlan {
  const ignored = new Set([
    ...(plan?.ignored ?? []),
    ...(plan?.features ?? []).filter(({ tier }) => tier === 'ignore').map(({ name }) => name),
  ]);
  const features = (plan?.features ?? []).filter(({ name }) => !ignored.has(name));
  const indexOf = new Map(features.map((feature, i) => [feature.name, i]));
  const indexById = new Map(features.map((feature, i) => [feature.id, i]));
  const sets = (plan?.sets ?? []).map((set): CountedSet => ({
    id: set.id,
    features: set.entries.map(({ featureId, binning }) => ({
      // A feature that is ignored now keeps its place in the blob, empty: -1 is no slot.
      frameIndex: indexById.get(featureId) ?? -1,
      counter: createCounter(binning),
    })),
  }));
  return {
    schema: {
      modelId,
      model: model.name,
      features,
      indexOf,
      ignored,
      attributes: model.attributes,
    },
    allowedLatenessMs: model.allowedLatenessMs,
    sets,
  };
}
