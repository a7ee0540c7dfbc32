import { afterEach, expect, it } from 'vitest';
import { SLOT } from '../../../../src/core/domain/event-frame.ts';
import type { Slot } from '../../../../src/core/domain/event-frame.ts';
import { BinIndex } from '../../../../src/core/histogram/bin-lookup.ts';
import { createCounter } from '../../../../src/core/histogram/counter.ts';
import { emptyHistogram } from '../../../../src/core/histogram/histogram.ts';
import {
  addTaken,
  letRowsGo,
  selectRows,
  takeRows,
} from '../../../../src/core/histogram/kernel/count-memory.ts';
import { numericBinning } from '../../../../src/core/histogram/numeric-binning.ts';
import { tailPlaces } from '../../../../src/core/histogram/numeric-histogram.ts';
import type {
  NumericBinning,
  NumericHistogram,
  SlotRows,
} from '../../../../src/core/histogram/types.ts';

/*
 * What the kernel's memory holds at the most. It is one for all: what is written beyond its place is read as slots, numbers,
 * edges or counts of another.
 */

afterEach(letRowsGo);

/** Edges at whole numbers around 0, and the first `tails` bins kept as tails. */
function binningOf(edges: number, tails: number): NumericBinning {
  return numericBinning(
    Float64Array.from({ length: edges }, (_, i) => i - Math.floor(edges / 2)),
    new Uint8Array(edges + 1),
    Uint16Array.from({ length: tails }, (_, i) => i),
  );
}

/** Rows with a value of its own, or none, in each slot. */
function rowsOf(width: number, length: number): SlotRows {
  const size = width * length;
  return {
    width,
    slots: Uint8Array.from({ length: size }, (_, i) => (i % 11 === 0 ? i % 6 : SLOT.number)),
    numbers: Float64Array.from({ length: size }, (_, i) => (Math.imul(i, 40_503) % 5_000) + 0.25),
    texts: [],
  };
}

const inOrder = (length: number) => Uint16Array.from({ length }, (_, i) => i);

/** Has the kernel count features of rows. @returns each histogram; null: it was not counted there */
function counted(
  binning: NumericBinning,
  rows: SlotRows,
  order: Uint16Array,
  features: readonly number[],
): (NumericHistogram | null)[] {
  const index = new BinIndex(binning.edges);
  const places = tailPlaces(binning);
  takeRows(rows, rows.slots.length / rows.width);
  selectRows(order, order.length);
  return features.map((feature) => {
    const histogram = emptyHistogram(binning);
    const { length } = order;
    const observed = addTaken(histogram, rows, feature, order, length, index, places);
    return observed < 0 ? null : histogram;
  });
}

/** The same slots, one after another. */
function expected(
  binning: NumericBinning,
  { width, slots, numbers }: SlotRows,
  order: Uint16Array,
  feature: number,
): NumericHistogram {
  const histogram = emptyHistogram(binning);
  const counter = createCounter(binning);
  for (const row of order) {
    const at = row * width + feature;
    counter.add(histogram, slots[at] as Slot, numbers[at] as number, '');
  }
  return histogram;
}

it.each([
  ['bins', 4_095, 3, true],
  ['bins', 4_096, 3, false],
  ['bins', 40_000, 3, false],
  ['tails', 4_000, 2_048, true],
  ['tails', 4_000, 2_049, false],
] as const)(
  'as many %s as fit are counted, and no more: %i edges, %i tails',
  (_, edges, tails, fits) => {
    const binning = binningOf(edges, tails);
    const [rows, order] = [rowsOf(2, 64), inOrder(64)];
    const features = [0, 1, 0, 1];
    expect(counted(binning, rows, order, features)).toEqual(
      features.map((feature) => (fits ? expected(binning, rows, order, feature) : null)),
    );
  },
);

it.each([
  ['a block as large as there are', 32, 1_024, true],
  ['as many slots as fit', 4_096, 16, true],
  ['more slots than fit', 3_856, 17, false],
  ['a wide model', 10_000, 16, false],
] as const)('%s, to the last slot: %i features of %i rows', (_, width, length, fits) => {
  const binning = binningOf(300, 40);
  const [rows, order] = [rowsOf(width, length), inOrder(length)];
  const features = Array.from({ length: width }, (__, i) => i);
  // In turn, and then again: none has changed what another is counted from.
  const list = width > 100 ? [...features, ...features] : features;
  expect(counted(binning, rows, order, list)).toEqual(
    list.map((feature) => (fits ? expected(binning, rows, order, feature) : null)),
  );
});

it.each([
  [6_144, true],
  [6_145, false],
])('an order of %i rows', (length, fits) => {
  const binning = binningOf(300, 40);
  const rows = rowsOf(1, 500);
  const order = inOrder(length).map((row) => row % 500);
  const wanted = fits ? expected(binning, rows, order, 0) : null;
  expect(counted(binning, rows, order, [0])).toEqual([wanted]);
});

it('the rows that were taken before are gone when the next ones are too few', () => {
  const binning = binningOf(300, 40);
  const [rows, order] = [rowsOf(1, 32), inOrder(32)];
  expect(counted(binning, rows, order, [0])).not.toContain(null);
  takeRows(rows, 15);
  selectRows(order, 32);
  const histogram = emptyHistogram(binning);
  const { edges } = binning;
  const places = tailPlaces(binning);
  expect(addTaken(histogram, rows, 0, order, 32, new BinIndex(edges), places)).toBe(-1);
});

it('a histogram of other lengths than its binning is not counted', () => {
  const binning = binningOf(40_000, 3);
  const [rows, order] = [rowsOf(1, 32), inOrder(32)];
  const index = new BinIndex(binning.edges);
  takeRows(rows, 32);
  selectRows(order, 32);
  for (const other of [binningOf(3, 3), binningOf(300, 3)]) {
    const histogram = emptyHistogram(other);
    const before = structuredClone(histogram);
    expect(addTaken(histogram, rows, 0, order, 32, index, tailPlaces(binning))).toBe(-1);
    expect(histogram).toEqual(before);
  }
});

it('numbers of -0 alone are zeros, which are the least and the greatest of them', () => {
  const binning = binningOf(300, 40);
  const rows = { ...rowsOf(1, 32), numbers: new Float64Array(32).fill(-0) };
  const [histogram] = counted(binning, rows, inOrder(32), [0]);
  expect(histogram).toMatchObject({ min: 0, max: 0, sum: 0, negative: 0 });
  expect(histogram).toEqual(expected(binning, rows, inOrder(32), 0));
});
