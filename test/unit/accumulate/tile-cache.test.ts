import { expect, it } from 'vitest';
import type { CountedModelPlan } from '../../../src/accumulate/model-registry.ts';
import { TileCache } from '../../../src/accumulate/tile-cache.ts';
import { EventFrame, SLOT } from '../../../src/core/domain/event-frame.ts';
import { BinIndex } from '../../../src/core/histogram/bin-lookup.ts';
import { createCounter } from '../../../src/core/histogram/counter.ts';
import type { Counter } from '../../../src/core/histogram/counter.ts';
import { addTaken } from '../../../src/core/histogram/kernel/count-memory.ts';
import {
  buildNumericBinning,
  numericBinning,
} from '../../../src/core/histogram/numeric-binning.ts';
import { tailPlaces } from '../../../src/core/histogram/numeric-histogram.ts';
import type { NumericHistogram } from '../../../src/core/histogram/types.ts';

const binning = buildNumericBinning(Float64Array.from({ length: 400 }, (_, i) => i / 4));

type AddRows = Counter['addRows'];

/** A model of one feature, in segments, whose rows are counted by the function. */
function planOf(addRows: AddRows): CountedModelPlan {
  const counter = { ...createCounter(binning), addRows };
  return {
    schema: {
      modelId: 1,
      model: 'm',
      features: [{ id: 1, name: 'f', kind: 'numeric', role: 'input', tier: 'standard' }],
      indexOf: new Map([['f', 0]]),
      attributes: ['country'],
    },
    allowedLatenessMs: 0,
    sets: [1, 2].map((id) => ({ id, features: [{ frameIndex: 0, counter }] })),
  };
}

/** One of so many events is in segment B, 64 before the end; half of the others in A. */
function countEvents(cache: TileCache, plan: CountedModelPlan, events: number): void {
  const frame = new EventFrame();
  for (let n = 0; n < events; n += 1) {
    frame.reset(plan.schema);
    frame.slots[0] = SLOT.number;
    frame.numbers[0] = n % 90;
    cache.count(plan, frame, ['all', n === events - 64 ? 'B' : n % 2 === 0 ? 'A' : 'C']);
  }
}

it('rows are where the kernel counts them for each group of 16 and more, and not any longer', () => {
  const index = new BinIndex(binning.edges);
  const places = tailPlaces(binning);
  const there: [rows: number, isThere: boolean][] = [];
  const again: (() => number)[] = [];
  const plan = planOf((histogram, rows, feature, order, count) => {
    const target = histogram as NumericHistogram;
    const add = () => addTaken(target, rows, feature, order, count, index, places);
    const observed = add();
    there.push([count, observed === count]);
    again.push(add);
    return observed < 0 ? 0 : observed;
  });
  const cache = new TileCache({ limitBytes: Infinity, bytes: 0 });
  countEvents(cache, plan, 16 + 32 + 64);
  cache.dirty();
  // Blocks of 16, 32 and 64 rows, each in two sets: all of it, A and C; of the last B before them.
  expect(there.map(([rows]) => rows)).toEqual(
    [16, 8, 8, 32, 16, 16, 64, 1, 32, 31].flatMap((rows) => [rows, rows]),
  );
  for (const [rows, isThere] of there) expect([rows, isThere]).toEqual([rows, rows >= 16]);
  for (const add of again) expect(add()).toBe(-1);
});

it('a defect in the middle of counting leaves nothing behind for the tiles of others', () => {
  const other = numericBinning(Float64Array.of(1), new Uint8Array(2), Uint16Array.of(0));
  const { addRows } = createCounter(other);
  const broken = new TileCache({ limitBytes: Infinity, bytes: 0 });
  countEvents(broken, planOf(addRows), 16);
  expect(() => broken.dirty()).toThrow('binning');
  const counted = new TileCache({ limitBytes: Infinity, bytes: 0 });
  countEvents(counted, planOf(createCounter(binning).addRows), 40);
  expect(counted.dirty().map(({ segment, observed }) => [segment, observed[0]])).toEqual(
    [
      ['all', 40],
      ['A', 20],
      ['C', 20],
    ].flatMap((one) => [one, one]),
  );
});
