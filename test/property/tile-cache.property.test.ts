import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { CountedFeature, CountedModelPlan } from '../../src/accumulate/model-registry.ts';
import { TileCache } from '../../src/accumulate/tile-cache.ts';
import { EventFrame, SLOT } from '../../src/core/domain/event-frame.ts';
import type { Slot } from '../../src/core/domain/event-frame.ts';
import { createCounter } from '../../src/core/histogram/counter.ts';
import { emptyHistogram } from '../../src/core/histogram/histogram.ts';
import { buildNumericBinning } from '../../src/core/histogram/numeric-binning.ts';
import type { Histogram } from '../../src/core/histogram/types.ts';

const counters = [
  createCounter(buildNumericBinning(Float64Array.from({ length: 400 }, (_, i) => i / 4))),
  createCounter(buildNumericBinning(Float64Array.of(1, 2, 50, 900))),
];

/** A model of so many features, each counted in two sets. */
function planOf(modelId: number, width: number, attributes: readonly string[]): CountedModelPlan {
  const names = Array.from({ length: width }, (_, i) => `f${i}`);
  return {
    schema: {
      modelId,
      model: `m${modelId}`,
      features: names.map((name, id) => ({
        id,
        name,
        kind: 'numeric',
        role: 'input',
        tier: 'standard',
      })),
      indexOf: new Map(names.map((name, i) => [name, i])),
      attributes,
    },
    allowedLatenessMs: 0,
    sets: counters.map((counter, i) => ({
      id: modelId * 10 + i,
      features: names.map((_, frameIndex) => ({ frameIndex, counter })),
    })),
  };
}

/** Blocks of theirs hold 128 rows at the most, 1,024 in segments, and too few for the kernel. */
const PLANS = [planOf(1, 3, []), planOf(2, 2, ['country']), planOf(3, 2_100, ['country'])];
const SEGMENTS = ['country=A', 'country=B', 'country=C'];

type Tiles = Map<string, { events: number; histograms: Histogram[] }>;

const numberOf = (n: number, i: number): number => ((n * 37 + i * 11) % 997) / 9 - 3;
const slotOf = (n: number, i: number): Slot =>
  (n + i) % 13 === 0 ? SLOT.missing : n % 17 === i ? SLOT.absent : SLOT.number;
/** Few features of the wide model have a value: the others are absent. */
const filled = (width: number): number[] =>
  width > 10 ? [0, width - 1] : [0, 1, 2].slice(0, width);

function segmentsOf({ schema }: CountedModelPlan, n: number): readonly string[] {
  return schema.attributes.length === 0 ? ['all'] : ['all', SEGMENTS[(n * 7) % 3] as string];
}

function frameOf({ schema }: CountedModelPlan, n: number): EventFrame {
  const frame = new EventFrame();
  frame.reset(schema);
  frame.time = Math.floor(n / 400) * 300_000 + (n % 29 === 0 ? 300_000 : 0);
  for (const i of filled(schema.features.length)) {
    frame.slots[i] = slotOf(n, i);
    frame.numbers[i] = numberOf(n, i);
  }
  return frame;
}

/** The same event, slot by slot. */
function countPlainly(tiles: Tiles, plan: CountedModelPlan, n: number): void {
  const { time, slots, numbers } = frameOf(plan, n);
  const start = Math.floor(time / 300_000) * 300_000;
  for (const { id, features } of plan.sets) {
    for (const segment of segmentsOf(plan, n)) {
      const key = `${start}/${id}/${segment}`;
      const tile = tiles.get(key) ?? {
        events: 0,
        histograms: filled(features.length).map((i) =>
          emptyHistogram((features[i] as CountedFeature).counter.binning),
        ),
      };
      tiles.set(key, tile);
      tile.events += 1;
      for (const [at, i] of filled(features.length).entries()) {
        const { counter } = features[i] as CountedFeature;
        counter.add(tile.histograms[at] as Histogram, slots[i] as Slot, numbers[i] as number, '');
      }
    }
  }
}

const steps = fc.array(
  fc.record({
    partition: fc.nat(1),
    plan: fc.nat(2),
    events: fc.oneof(fc.integer({ min: 1, max: 40 }), fc.integer({ min: 500, max: 1_500 })),
    after: fc.constantFrom('go on', 'go on', 'look', 'commit', 'clear'),
  }),
  { maxLength: 8 },
);

test('partitions, models and segments in turn: each event is counted once in each tile that it is of', () => {
  fc.assert(
    fc.property(steps, (script) => {
      const memory = { limitBytes: Infinity, bytes: 0 };
      const caches = [new TileCache(memory), new TileCache(memory)];
      const plain: Tiles[] = [new Map(), new Map()];
      let n = 0;
      const last = [0, 1].map((partition) => ({ partition, plan: 0, events: 0, after: 'look' }));
      for (const step of [...script, ...last]) {
        const cache = caches[step.partition] as TileCache;
        const tiles = plain[step.partition] as Tiles;
        const plan = PLANS[step.plan] as CountedModelPlan;
        const events = step.plan === 2 ? Math.min(step.events, 30) : step.events;
        for (let i = 0; i < events; i += 1, n += 1) {
          cache.count(plan, frameOf(plan, n), segmentsOf(plan, n));
          countPlainly(tiles, plan, n);
        }
        if (step.after === 'look' || step.after === 'commit') {
          const seen = cache
            .dirty()
            .map(({ start, binningSetId, segment, events, histograms }) => [
              `${start}/${binningSetId}/${segment}`,
              { events, histograms: filled(histograms.length).map((i) => histograms[i]) },
            ]);
          expect(new Map(seen as [])).toEqual(tiles);
        }
        if (step.after === 'commit' || step.after === 'clear') {
          if (step.after === 'commit') cache.committed(() => false);
          else cache.clear();
          tiles.clear();
          expect(cache.isDirty).toBe(false);
        }
      }
    }),
    { numRuns: 12 },
  );
});
