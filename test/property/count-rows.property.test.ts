import fc from 'fast-check';
import { expect, test } from 'vitest';
import { SLOT } from '../../src/core/domain/event-frame.ts';
import type { Slot } from '../../src/core/domain/event-frame.ts';
import { buildCategoricalBinning } from '../../src/core/histogram/categorical-binning.ts';
import { encodeChunk } from '../../src/core/histogram/coding/codec.ts';
import { createCounter } from '../../src/core/histogram/counter.ts';
import { emptyHistogram, observationTotal } from '../../src/core/histogram/histogram.ts';
import { buildNumericBinning } from '../../src/core/histogram/numeric-binning.ts';
import type { Binning } from '../../src/core/histogram/types.ts';

const BINNINGS: readonly Binning[] = [
  buildNumericBinning(Float64Array.from({ length: 500 }, (_, i) => (i - 250) / 7)),
  buildNumericBinning(Float64Array.of(1, 1, 2, 3)),
  buildCategoricalBinning(
    new Map([
      ['AA', 9],
      ['21', 3],
      ['true', 2],
    ]),
  ),
  buildCategoricalBinning(
    new Map([
      ['false', 9],
      ['true', 3],
    ]),
    { kind: 'boolean' },
  ),
];

const number = fc.oneof(
  fc.double(),
  fc.integer({ min: -40, max: 40 }),
  fc.constantFrom(0, -0, NaN, Infinity, -Infinity, 21),
);
const value = fc.record({
  slot: fc.constantFrom<Slot>(...Object.values(SLOT)),
  number,
  text: fc.constantFrom('', 'AA', '21', 'true', 'True', 'else', 'x'.repeat(100)),
});

test('rows are counted to the bit as their slots are one after another', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 5 }),
      fc.array(fc.tuple(fc.array(value, { minLength: 5, maxLength: 5 }), fc.boolean()), {
        maxLength: 40,
      }),
      (width, rows) => {
        const all = rows.flatMap(([values]) => values.slice(0, width));
        const block = {
          width,
          slots: Uint8Array.from(all, ({ slot }) => slot),
          numbers: Float64Array.from(all, (one) => one.number),
          texts: all.map(({ text }) => text),
        };
        const order = rows.flatMap(([, counts], row) => (counts ? [row] : []));
        for (const binning of BINNINGS) {
          const counter = createCounter(binning);
          const [atOnce, oneByOne] = [emptyHistogram(binning), emptyHistogram(binning)];
          for (let feature = 0; feature < width; feature += 1) {
            const before = observationTotal(atOnce);
            const observed = counter.addRows(
              atOnce,
              block,
              feature,
              Uint16Array.from([...order, 7]),
              order.length,
            );
            expect(observationTotal(atOnce) - before).toBe(observed);
            for (const row of order) {
              const { slot, number: n, text } = all[row * width + feature] as (typeof all)[number];
              counter.add(oneByOne, slot, n, text);
            }
          }
          expect(encodeChunk([atOnce])).toEqual(encodeChunk([oneByOne]));
        }
      },
    ),
    { numRuns: 1_000 },
  );
});
