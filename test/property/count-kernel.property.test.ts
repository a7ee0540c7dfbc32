import fc from 'fast-check';
import { afterEach, expect, test } from 'vitest';
import { SLOT } from '../../src/core/domain/event-frame.ts';
import type { Slot } from '../../src/core/domain/event-frame.ts';
import { BinIndex } from '../../src/core/histogram/bin-lookup.ts';
import { createCounter } from '../../src/core/histogram/counter.ts';
import { emptyHistogram } from '../../src/core/histogram/histogram.ts';
import {
  addTaken,
  letRowsGo,
  selectRows,
  takeRows,
} from '../../src/core/histogram/kernel/count-memory.ts';
import { buildNumericBinning, numericBinning } from '../../src/core/histogram/numeric-binning.ts';
import { tailPlaces } from '../../src/core/histogram/numeric-histogram.ts';
import type { NumericBinning, NumericHistogram } from '../../src/core/histogram/types.ts';
import { anyNumber } from '../support/histograms.ts';

afterEach(letRowsGo);

const plain = (list: readonly number[]): NumericBinning =>
  numericBinning(Float64Array.from(list), new Uint8Array(list.length + 1), Uint16Array.of(0, 1));

const BINNINGS: readonly NumericBinning[] = [
  buildNumericBinning(Float64Array.from({ length: 500 }, (_, i) => (i - 250) / 7)),
  buildNumericBinning(Float64Array.from({ length: 500 }, (_, i) => Math.exp((i - 250) / 20))),
  buildNumericBinning(Float64Array.of(1, 1, 2, 3)),
  buildNumericBinning(Float64Array.from({ length: 400 }, (_, i) => (i < 200 ? 0 : i % 9)).sort()),
  // Without a grid, and with cells that many edges crowd in: some, the first, and one that would be behind the last.
  plain([1]),
  plain([-1.7e308, 1.7e308]),
  plain([-8.9e307, 0, 8.9e307]),
  plain([...Array.from({ length: 40 }, (_, i) => i * 1e-9), 1, 2, 3, 1e6]),
  plain([0, 5e-324, 1e-323, 1.5e-323, 2e-323, 0.5, 1]),
  plain([-1, 0, 5e-324, 1e-323, 1.5e-323]),
];
const indexes = BINNINGS.map(({ edges }) => new BinIndex(edges));
const places = BINNINGS.map(tailPlaces);

const slot = fc.constantFrom<Slot>(SLOT.number, SLOT.number, SLOT.number, ...Object.values(SLOT));
const number = fc.oneof(
  anyNumber,
  fc.integer({ min: -40, max: 40 }),
  fc.double({ min: -40, max: 40, noNaN: true }),
  fc.constantFrom(0, -0, NaN, Infinity, -Infinity),
  fc.constantFrom(...BINNINGS.flatMap((one) => [...one.edges])),
);

/** Rows of a block, and those of them that count. */
const block = fc
  .tuple(fc.integer({ min: 1, max: 4 }), fc.integer({ min: 16, max: 90 }))
  .chain(([width, length]) =>
    fc.record({
      width: fc.constant(width),
      length: fc.constant(length),
      slots: fc.array(slot, { minLength: width * length, maxLength: width * length }),
      numbers: fc.array(number, { minLength: width * length, maxLength: width * length }),
      order: fc.array(fc.integer({ min: 0, max: length - 1 }), { minLength: 16, maxLength: 90 }),
    }),
  );

/** All of it, to the bit. */
function wholeOf({ binning, counts, tailSums, ...numbers }: NumericHistogram): unknown {
  const bits = Object.entries(numbers).map(([name, one]) => [name, Object.is(one, -0), one]);
  return { edges: binning.id, counts: [...counts], tailSums: [...tailSums], bits };
}

test('rows that are taken in are counted to the bit as their slots are one after another', () => {
  fc.assert(
    fc.property(fc.array(block, { minLength: 1, maxLength: 3 }), (blocks) => {
      for (const [i, binning] of BINNINGS.entries()) {
        const counter = createCounter(binning);
        const atOnce = emptyHistogram(binning);
        const oneByOne = emptyHistogram(binning);
        for (const { width, length, slots, numbers, order } of blocks) {
          const rows = {
            width,
            slots: Uint8Array.from([...slots, 7]),
            numbers: Float64Array.from([...numbers, 7]),
            texts: [],
          };
          const which = Uint16Array.from([...order, 7]);
          takeRows(rows, length);
          selectRows(which, order.length);
          for (let feature = 0; feature < width; feature += 1) {
            const observed = addTaken(
              atOnce,
              rows,
              feature,
              which,
              order.length,
              indexes[i] as BinIndex,
              places[i] as Int16Array,
            );
            const there = order.filter((row) => slots[row * width + feature] !== SLOT.absent);
            expect(observed).toBe(there.length);
            for (const row of order) {
              const at = row * width + feature;
              counter.add(oneByOne, slots[at] as Slot, numbers[at] as number, '');
            }
          }
        }
        expect(wholeOf(atOnce)).toEqual(wholeOf(oneByOne));
      }
    }),
    { numRuns: 150 },
  );
});

test('a counter counts rows the same whether they are taken in or not', () => {
  const binning = BINNINGS[0] as NumericBinning;
  const counter = createCounter(binning);
  const numbers = Float64Array.from({ length: 64 }, (_, i) => Math.sin(i) * 50);
  const rows = { width: 1, slots: new Uint8Array(64).fill(SLOT.number), numbers, texts: [] };
  const order = Uint16Array.from(numbers, (_, i) => i);
  const [here, elsewhere] = [emptyHistogram(binning), emptyHistogram(binning)];
  expect(counter.addRows(elsewhere, rows, 0, order, 64)).toBe(64);
  takeRows(rows, 64);
  selectRows(order, 64);
  // What is counted is what was taken in: a row that is changed afterwards shows that it was.
  const kept = numbers[5] as number;
  numbers[5] = NaN;
  expect(counter.addRows(here, rows, 0, order, 64)).toBe(64);
  numbers[5] = kept;
  expect(wholeOf(here)).toEqual(wholeOf(elsewhere));
});

test('other rows, other orders, few rows and rows that were let go are not counted', () => {
  const binning = BINNINGS[0] as NumericBinning;
  const index = indexes[0] as BinIndex;
  const histogram = emptyHistogram(binning);
  const blockOf = () => ({
    width: 1,
    slots: new Uint8Array(32).fill(SLOT.number),
    numbers: new Float64Array(32),
    texts: [],
  });
  const [rows, others] = [blockOf(), blockOf()];
  const order = Uint16Array.from({ length: 32 }, (_, i) => i);
  const add = (block: typeof rows, which: Uint16Array, count: number) =>
    addTaken(histogram, block, 0, which, count, index, places[0] as Int16Array);
  takeRows(rows, 32);
  selectRows(order, 32);
  expect(add(others, order, 32)).toBe(-1);
  expect(add(rows, order.slice(), 32)).toBe(-1);
  expect(add(rows, order, 31)).toBe(-1);
  selectRows(order, 15);
  expect(add(rows, order, 15)).toBe(-1);
  selectRows(order, 32);
  letRowsGo();
  expect(add(rows, order, 32)).toBe(-1);
  takeRows(rows, 15);
  selectRows(order, 32);
  expect(add(rows, order, 32)).toBe(-1);
  expect(wholeOf(histogram)).toEqual(wholeOf(emptyHistogram(binning)));
});

test('more binnings than fit are counted under, in turn', () => {
  const numbers = Float64Array.from({ length: 16 }, (_, i) => i);
  const rows = { width: 1, slots: new Uint8Array(16).fill(SLOT.number), numbers, texts: [] };
  const order = Uint16Array.from(numbers, (_, i) => i);
  // A table takes some 60 kB: 100 of them more than there is room for.
  const many = Array.from({ length: 100 }, (_, i) =>
    plain(Array.from({ length: 3_500 }, (__, j) => j / 50 - i)),
  );
  const own = many.map(({ edges }) => new BinIndex(edges));
  takeRows(rows, 16);
  selectRows(order, 16);
  for (const round of [1, 2]) {
    for (const [i, binning] of many.entries()) {
      const histogram = emptyHistogram(binning);
      const index = own[i] as BinIndex;
      expect(addTaken(histogram, rows, 0, order, 16, index, tailPlaces(binning))).toBe(16);
      const expected = emptyHistogram(binning);
      const counter = createCounter(binning);
      for (const value of numbers) counter.add(expected, SLOT.number, value, '');
      expect([round, wholeOf(histogram)]).toEqual([round, wholeOf(expected)]);
    }
  }
});
