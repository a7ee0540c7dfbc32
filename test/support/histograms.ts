import fc from 'fast-check';
import { SLOT } from '../../src/core/domain/event-frame.ts';
import type { Slot } from '../../src/core/domain/event-frame.ts';
import { createCounter } from '../../src/core/histogram/counter.ts';
import { emptyHistogram } from '../../src/core/histogram/histogram.ts';
import type { Binning, Histogram } from '../../src/core/histogram/types.ts';

/** One slot of an event frame: what it holds, its number (0 or 1 for a boolean), its text. */
export type Observation = readonly [slot: Slot, number: number, text: string];

/** Counts observations into a new histogram, as the accumulator does. */
export function countAll(binning: Binning, observations: readonly Observation[]): Histogram {
  const histogram = emptyHistogram(binning);
  const counter = createCounter(binning);
  for (const [slot, number, text] of observations) counter.add(histogram, slot, number, text);
  return histogram;
}

/** Doubles of every magnitude, small whole numbers (ties), and the awkward ones. */
export const anyNumber: fc.Arbitrary<number> = fc.oneof(
  fc.double({ noNaN: true }),
  fc.integer({ min: -5, max: 5 }),
  fc.constantFrom(0, -0, 5e-324, -5e-324, Number.MAX_VALUE, -Number.MAX_VALUE, Infinity, -Infinity),
);

export const finiteNumber: fc.Arbitrary<number> = anyNumber.filter((x) => Number.isFinite(x));

/** Values whose sums stay exact enough to compare: no cancellation of huge terms. */
const tameNumber = fc.oneof(
  fc.double({ min: -1e6, max: 1e6, noNaN: true }),
  fc.integer({ min: -5, max: 5 }),
  fc.constantFrom(Infinity, -Infinity, NaN, -0),
);

const anyText = fc.oneof(
  fc.constantFrom('a', 'b', 'c', 'true', 'FALSE', '1', ''),
  fc.string({ unit: 'binary', maxLength: 90 }),
);

/** Any slot, mostly with a value. */
export const observation: fc.Arbitrary<Observation> = fc.oneof(
  { weight: 6, arbitrary: tameNumber.map((x): Observation => [SLOT.number, x, '']) },
  { weight: 6, arbitrary: anyText.map((text): Observation => [SLOT.text, 0, text]) },
  { weight: 2, arbitrary: fc.nat(1).map((bit): Observation => [SLOT.boolean, bit, '']) },
  fc.constantFrom<Observation>([SLOT.missing, 0, ''], [SLOT.invalid, 0, ''], [SLOT.absent, 0, '']),
);
