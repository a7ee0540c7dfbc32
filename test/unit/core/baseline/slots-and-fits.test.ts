import { describe, expect, it } from 'vitest';
import { fitsBinning } from '../../../../src/core/baseline/fits.ts';
import { pooledSlot, slotMixture } from '../../../../src/core/baseline/slots.ts';
import { SLOT } from '../../../../src/core/domain/event-frame.ts';
import { buildCategoricalBinning } from '../../../../src/core/histogram/categorical-binning.ts';
import { binnedTotal } from '../../../../src/core/histogram/histogram.ts';
import { buildNumericBinning } from '../../../../src/core/histogram/numeric-binning.ts';
import type { Histogram, NumericHistogram } from '../../../../src/core/histogram/types.ts';
import { countAll } from '../../../support/histograms.ts';

const binning = buildNumericBinning(Float64Array.of(1, 2, 3, 4));

/** `rows` times the value in one slot. */
function slotOfValue(value: number, rows: number): Histogram {
  return countAll(
    binning,
    Array.from({ length: rows }, () => [SLOT.number, value, ''] as const),
  );
}

/** Monday 09:00 is slot 9, Tuesday 33, Saturday 129, Sunday 153. */
const slots = new Map<number, Histogram>([
  [9, slotOfValue(1, 60)],
  [33, slotOfValue(2, 20)],
  [129, slotOfValue(3, 10)],
  [153, slotOfValue(4, 15)],
  [10, slotOfValue(1, 5)],
]);

describe('pooledSlot', () => {
  it.each([
    ['a slot of 50 rows or more stands alone', 9, [9]],
    ['a lighter workday pools with the workdays of its hour', 33, [9, 33]],
    ['a weekend that stays light pools with all days', 129, [9, 33, 129, 153]],
    ['a slot without rows takes its like', 57, [9, 33]],
    ['an hour that is light on all days is what there is', 34, [10]],
  ])('%s', (_, slot, expected) => {
    expect(pooledSlot(slots, slot)?.slots).toEqual(expected);
  });

  it('pools all days of an hour for a daily seasonality', () => {
    const reference = pooledSlot(slots, 9, 'daily');
    expect(reference?.slots).toEqual([9, 33, 129, 153]);
    expect(binnedTotal(reference?.histogram as Histogram)).toBe(105);
  });

  it('has nothing for an hour the baseline never saw', () => {
    expect(pooledSlot(slots, 3)).toBeNull();
  });
});

describe('slotMixture', () => {
  it('mixes by the live weights: G = sum w G_s, 1 / m_eff = sum w^2 / m_s', () => {
    const two = new Map([
      [0, slotOfValue(1, 100)],
      [24, slotOfValue(4, 400)],
    ]);
    const mixture = slotMixture(
      two,
      new Map([
        [0, 30],
        [24, 10],
      ]),
    );
    const expected = 1 / (0.75 ** 2 / 100 + 0.25 ** 2 / 400);
    expect(mixture?.rows).toBeCloseTo(expected, 10);
    expect(mixture?.covered).toBe(1);
    const h = mixture?.histogram as NumericHistogram;
    expect(binnedTotal(h)).toBeCloseTo(expected, 10);
    expect((h.counts[binning.atoms.indexOf(1)] as number) / expected).toBeCloseTo(0.75, 12);
    expect(h.sum / expected).toBeCloseTo(0.75 * 1 + 0.25 * 4, 12);
  });

  it('is the slot itself for a window inside one slot', () => {
    const mixture = slotMixture(slots, new Map([[9, 7]]));
    expect(mixture?.rows).toBeCloseTo(60, 10);
    expect(mixture?.histogram.counts).toEqual(slots.get(9)?.counts);
  });

  it('counts slots that share a pool as one reference', () => {
    const mixture = slotMixture(
      slots,
      new Map([
        [33, 5],
        [57, 5],
      ]),
    );
    expect(mixture?.rows).toBeCloseTo(80, 10);
  });

  it('says how much of the window it covers, and null when nothing', () => {
    const live = new Map([
      [9, 30],
      [3, 10],
    ]);
    expect(slotMixture(slots, live)?.covered).toBe(0.75);
    expect(slotMixture(slots, new Map([[3, 10]]))).toBeNull();
    expect(slotMixture(slots, new Map())).toBeNull();
  });
});

describe('fitsBinning', () => {
  const continuous = buildNumericBinning(Float64Array.from({ length: 20_000 }, (_, i) => i));
  const count = (values: readonly number[]): Histogram =>
    countAll(
      continuous,
      values.map((value) => [SLOT.number, value, ''] as const),
    );

  it('takes the same distribution, and a baseline without values', () => {
    expect(fitsBinning(count(Array.from({ length: 20_000 }, (_, i) => i)))).toEqual({ fits: true });
    expect(fitsBinning(count([]))).toEqual({ fits: true });
  });

  it('refuses a bin with more than 2/K, naming it', () => {
    const values = Array.from({ length: 20_000 }, (_, i) => (i < 300 ? 150 + i / 1_000 : i));
    expect(fitsBinning(count(values))).toEqual({
      fits: false,
      reason: '1.5 % of the values lie in the bin (99, 199], the limit is 1 %',
    });
  });

  it('refuses more than 2 % beyond the outermost edges', () => {
    const values = Array.from({ length: 1_000 }, (_, i) => (i < 21 ? 1e12 : i * 20));
    expect(fitsBinning(count(values))).toMatchObject({
      fits: false,
      reason: '2.1 % of the values lie beyond the outermost edges, the limit is 2 %',
    });
  });

  it('refuses categories of which more than 5 % are not tracked', () => {
    const tracked = buildCategoricalBinning(new Map([['a', 9], ['b', 1]]), { tracked: 1 }); // prettier-ignore
    const mixed = (others: number) =>
      countAll(
        tracked,
        Array.from({ length: 100 }, (_, i) => [SLOT.text, 0, i < others ? 'b' : 'a'] as const),
      );
    expect(fitsBinning(mixed(5))).toEqual({ fits: true });
    expect(fitsBinning(mixed(6))).toMatchObject({ fits: false });
  });
});
