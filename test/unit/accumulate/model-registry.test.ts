import { describe, expect, it } from 'vitest';

import { createModelRegistry } from '../../../src/accumulate/model-registry.ts';
import { createLog } from '../../../src/platform/log.ts';
import type { CatalogStore, CountingPlan } from '../../../src/storage/catalog-store.ts';

const MODELS = [{ name: 'flights', attributes: [], allowedLatenessMs: 0 }];

function planWith(names: readonly string[]): CountingPlan {
  return {
    model: { id: 1, name: 'flights', retired: false } as unknown as CountingPlan['model'],
    features: names.map((name, id) => ({
      id,
      name,
      kind: 'numeric',
      role: 'input',
      tier: 'standard',
    })) as unknown as CountingPlan['features'],
    sets: [],
    ignored: [],
  };
}

function registryOf(countingPlan: () => Promise<CountingPlan>) {
  const catalog: Partial<CatalogStore> = {
    ensureModel: () =>
      Promise.resolve({ id: 1 } as Awaited<ReturnType<CatalogStore['ensureModel']>>),
    countingPlan,
  };
  return createModelRegistry({
    catalog: catalog as CatalogStore,
    models: () => MODELS,
    log: createLog('silent'),
  });
}

describe('a registry of models', () => {
  it('lets no pass that began earlier have the last word', async () => {
    const answers: ((plan: CountingPlan) => void)[] = [];
    const registry = registryOf(
      () =>
        new Promise((resolve) => {
          answers.push(resolve);
        }),
    );
    const features = () => registry.schema('flights')?.features.map(({ name }) => name);
    const earlier = registry.refresh();
    await expect.poll(() => answers.length).toBe(1);
    const later = registry.refresh();
    // The catalogue changes while the first pass is under way.
    answers[0]?.(planWith(['temp']));
    await earlier;
    await expect.poll(() => answers.length).toBe(2);
    answers[1]?.(planWith(['temp', 'gust']));
    await later;
    expect(features()).toEqual(['temp', 'gust']);
  });

  it('makes the next pass after one that failed', async () => {
    let calls = 0;
    let fail: (error: Error) => void = () => undefined;
    const registry = registryOf(() => {
      calls += 1;
      return calls === 1
        ? new Promise((_, reject) => {
            fail = reject;
          })
        : Promise.resolve(planWith(['temp']));
    });
    const failed = registry.refresh();
    await expect.poll(() => calls).toBe(1);
    const next = registry.refresh();
    fail(new Error('the database is away'));
    await expect(failed).rejects.toThrow('the database is away');
    await next;
    expect(registry.schema('flights')?.features.length).toBe(1);
  });

  it('makes one pass for all who ask while another is under way', async () => {
    let calls = 0;
    let answer: (plan: CountingPlan) => void = () => undefined;
    const registry = registryOf(() => {
      calls += 1;
      return calls === 1
        ? new Promise((resolve) => {
            answer = resolve;
          })
        : Promise.resolve(planWith(['temp']));
    });
    // A database that answers slowly, and is asked every few seconds all the same.
    const first = registry.refresh();
    await expect.poll(() => calls).toBe(1);
    const others = Array.from({ length: 50 }, () => registry.refresh());
    answer(planWith([]));
    await Promise.all([first, ...others]);
    expect(calls).toBe(2);
    expect(registry.schema('flights')?.features.length).toBe(1);
  });
});
