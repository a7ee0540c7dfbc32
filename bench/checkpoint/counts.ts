import { Random } from '../../scripts/simulate/random.ts';
import { SLOT } from '../../src/core/domain/event-frame.ts';
import { createCounter } from '../../src/core/histogram/counter.ts';
import { emptyHistogram } from '../../src/core/histogram/histogram.ts';
import { buildNumericBinning } from '../../src/core/histogram/numeric-binning.ts';
import type { NumericHistogram } from '../../src/core/histogram/types.ts';

export const FEATURES = 1_000;
export const VALUES = 100;
/** Rows of the training data that the bins are made from. */
const ROWS = 20_000;

const random = new Random(11);
const training = Float64Array.from({ length: ROWS }, () => random.normal()).sort();
/** 200 quantile bins with tails, as in production. */
export const BINNING = buildNumericBinning(training);

/** What one flush brings: a histogram of new values for each feature. */
export function roundOfCounts(round: number): readonly NumericHistogram[] {
  const draw = new Random(1_000 + round);
  const counter = createCounter(BINNING);
  return Array.from({ length: FEATURES }, () => {
    const histogram = emptyHistogram(BINNING);
    for (let i = 0; i < VALUES; i += 1) counter.add(histogram, SLOT.number, draw.normal(), '');
    return histogram;
  });
}
