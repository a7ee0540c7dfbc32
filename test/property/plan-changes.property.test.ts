import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createModelRegistry } from '../../src/accumulate/model-registry.ts';
import type { CountedModelPlan } from '../../src/accumulate/model-registry.ts';
import { TileCache } from '../../src/accumulate/tile-cache.ts';
import { EventFrame, SLOT } from '../../src/core/domain/event-frame.ts';
import type { Feature } from '../../src/core/domain/feature.ts';
import { buildCategoricalBinning } from '../../src/core/histogram/categorical-binning.ts';
import { emptyHistogram } from '../../src/core/histogram/histogram.ts';
import { createCounter } from '../../src/core/histogram/counter.ts';
import { buildNumericBinning } from '../../src/core/histogram/numeric-binning.ts';
import type { Histogram } from '../../src/core/histogram/types.ts';
import { createLog } from '../../src/platform/log.ts';
import type { BinningSet, CatalogStore, CountingPlan } from '../../src/storage/catalog-store.ts';

const MODEL = { id: 3, name: 'planned' };
const NUMBERS = buildNumericBinning(Float64Array.from({ length: 200 }, (_, i) => i / 2));
const WIDE = buildNumericBinning(Float64Array.of(1, 2, 50, 900));
const TEXTS = buildCategoricalBinning(
  new Map([
    ['a', 5],
    ['b', 3],
  ]),
);

/** Features 10 to 14; 12 is the one of texts. What a set holds never changes. */
const FEATURES = [10, 11, 12, 13, 14].map((id): Feature => ({
  id,
  name: `f${id}`,
  kind: id === 12 ? 'categorical' : 'numeric',
  role: 'input',
  tier: 'standard',
}));
const SETS: readonly BinningSet[] = [
  {
    id: 1,
    entries: [10, 11, 12].map((featureId) => ({
      featureId,
      binning: featureId === 12 ? TEXTS : NUMBERS,
    })),
  },
  { id: 2, entries: [11, 13, 14].map((featureId) => ({ featureId, binning: WIDE })) },
];

/** A plan: which features there are, which of them are ignored, which sets and places in them are counted. */
interface Plan {
  readonly there: readonly boolean[];
  readonly ignored: readonly boolean[];
  readonly sets: readonly boolean[];
  readonly counted: readonly boolean[];
}

function planOf({ there, ignored, sets, counted }: Plan): CountingPlan {
  return {
    model: MODEL,
    features: FEATURES.filter((_, i) => there[i]).map((feature, i) =>
      ignored[i] === true ? { ...feature, tier: 'ignore' } : feature,
    ),
    sets: SETS.filter((_, i) => sets[i]).map(({ id, entries }) => ({
      id,
      entries: entries.map((entry, i) =>
        counted[id * 3 - 3 + i] === true ? entry : { ...entry, featureId: -1 },
      ),
    })),
    ignored: [],
  };
}

/** The program's registry and tiles over a catalogue that says what a test wants. */
async function counting(first: CountingPlan) {
  let current = first;
  const catalog = {
    ensureModel: () => Promise.resolve(MODEL),
    countingPlan: () => Promise.resolve(current),
  } as Partial<CatalogStore> as CatalogStore;
  const registry = createModelRegistry({
    catalog,
    models: () => [{ name: MODEL.name, attributes: [], allowedLatenessMs: 0 }],
    log: createLog('silent'),
  });
  await registry.refresh();
  return {
    registry,
    cache: new TileCache({ limitBytes: Infinity, bytes: 0 }),
    plan: () => registry.planOf(MODEL.id) as CountedModelPlan,
    async change(to: CountingPlan) {
      current = to;
      await registry.refresh();
    },
  };
}

/** Event `n`: each feature has a value that no other has, but for the texts. */
function count(cache: TileCache, plan: CountedModelPlan, n: number): void {
  const frame = new EventFrame();
  frame.reset(plan.schema);
  frame.time = (n % 2) * 300_000;
  plan.schema.features.forEach(({ id }, i) => {
    frame.slots[i] = id === 12 ? SLOT.text : SLOT.number;
    if (id === 12) frame.texts[i] = n % 3 === 0 ? 'a' : 'b';
    else frame.numbers[i] = valueOf(id, n);
  });
  cache.count(plan, frame, ['all']);
}

function valueOf(feature: number, n: number): number {
  return (feature - 9) * 10 + (n % 7);
}

/** The same event, place by place, into the histograms of every tile that it belongs to. */
function countPlainly(
  tiles: Map<string, Histogram[]>,
  touched: Set<string>,
  { sets, ...of }: CountingPlan,
  n: number,
): void {
  const live = new Set(of.features.filter(({ tier }) => tier !== 'ignore').map(({ id }) => id));
  for (const { id, entries } of sets) {
    const key = `${(n % 2) * 300_000}/${id}`;
    const tile = tiles.get(key) ?? entries.map(({ binning }) => emptyHistogram(binning));
    tiles.set(key, tile);
    touched.add(key);
    entries.forEach(({ featureId, binning }, i) => {
      if (!live.has(featureId)) return;
      const [slot, text] = featureId === 12 ? [SLOT.text, n % 3 === 0 ? 'a' : 'b'] : [SLOT.number];
      const number = featureId === 12 ? 0 : valueOf(featureId, n);
      createCounter(binning).add(tile[i] as Histogram, slot, number, text ?? '');
    });
  }
}

function byKey(cache: TileCache): Map<string, readonly Histogram[]> {
  return new Map(
    cache
      .dirty()
      .map(({ start, binningSetId, histograms }) => [`${start}/${binningSetId}`, histograms]),
  );
}

const flags = (length: number) => fc.array(fc.boolean(), { minLength: length, maxLength: length });
const plans = fc.record({ there: flags(5), ignored: flags(5), sets: flags(2), counted: flags(6) });
const steps = fc.array(
  fc.oneof(
    fc.record({ events: fc.integer({ min: 1, max: 40 }) }),
    plans.map((plan) => ({ plan })),
    fc.constant({ checkpoint: true } as const),
  ),
  { maxLength: 20 },
);

test('whatever the plan changes to between two checkpoints, every value is counted at its own feature', async () => {
  await fc.assert(
    fc.asyncProperty(plans, steps, async (first, script) => {
      let plan = planOf(first);
      const { registry, cache, plan: compiled, change } = await counting(plan);
      let { version } = registry;
      const plain = new Map<string, Histogram[]>();
      const touched = new Set<string>();
      let n = 0;
      for (const step of [...script, { checkpoint: true } as const]) {
        if ('plan' in step) {
          plan = planOf(step.plan);
          await change(plan);
        } else if ('events' in step) {
          for (let i = 0; i < step.events; i += 1, n += 1) {
            count(cache, compiled(), n);
            countPlainly(plain, touched, plan, n);
          }
        } else {
          const dirty = byKey(cache);
          expect(dirty).toEqual(new Map([...touched].map((key) => [key, plain.get(key)])));
          touched.clear();
          cache.committed(() => true);
          if (version === registry.version) continue;
          ({ version } = registry);
          cache.clear();
          plain.clear();
        }
      }
    }),
    { numRuns: 300 },
  );
});

test.each([
  ['ignored', 'standard', 'ignore'],
  ['watched again', 'ignore', 'standard'],
] as const)(
  'the first feature, %s in the middle of a claim, shifts no count',
  async (_, before, after) => {
    const of = (tier: 'standard' | 'ignore'): CountingPlan => ({
      model: MODEL,
      features: FEATURES.map((feature, i) => (i === 0 ? { ...feature, tier } : feature)),
      sets: SETS,
      ignored: [],
    });
    const { cache, plan, change } = await counting(of(before));
    for (let n = 0; n < 100; n += 2) count(cache, plan(), n);
    await change(of(after));
    for (let n = 100; n < 200; n += 2) count(cache, plan(), n);

    const tiles = byKey(cache);
    const seen = (set: number): unknown[] =>
      (tiles.get(`0/${set}`) ?? []).map((h) => ({
        values: h.counts.reduce((sum, bin) => sum + bin, 0),
        invalid: h.invalid,
        ...(h.kind === 'numeric' ? { min: h.min, max: h.max } : {}),
      }));
    expect(seen(1)).toEqual([
      { values: 50, invalid: 0, min: 10, max: 16 },
      { values: 100, invalid: 0, min: 20, max: 26 },
      { values: 100, invalid: 0 },
    ]);
    expect(seen(2)).toEqual([
      { values: 100, invalid: 0, min: 20, max: 26 },
      { values: 100, invalid: 0, min: 40, max: 46 },
      { values: 100, invalid: 0, min: 50, max: 56 },
    ]);
  },
);

test('a feature that is of another kind now makes another plan', async () => {
  const of = (kind: Feature['kind']): CountingPlan => ({
    model: MODEL,
    features: FEATURES.map((feature, i) => (i === 0 ? { ...feature, kind } : feature)),
    sets: SETS,
    ignored: [],
  });
  const { registry, plan, change } = await counting(of('numeric'));
  const { version } = registry;
  await change(of('numeric'));
  expect(registry.version).toBe(version);

  await change(of('categorical'));

  expect(plan().schema.features[0]?.kind).toBe('categorical');
  expect(registry.version).toBe(version + 1);
});
