import { describe, expect, it } from 'vitest';
import { SLOT } from '../../../../src/core/domain/event-frame.ts';
import type { Slot } from '../../../../src/core/domain/event-frame.ts';
import {
  booleanBinning,
  buildCategoricalBinning,
} from '../../../../src/core/histogram/categorical-binning.ts';
import { categoryKey } from '../../../../src/core/histogram/category-key.ts';
import { createCounter } from '../../../../src/core/histogram/counter.ts';
import { HEAVY_SLOTS } from '../../../../src/core/histogram/heavy-values.ts';
import {
  BinningMismatchError,
  binnedTotal,
  cloneHistogram,
  emptyHistogram,
  mergeInto,
} from '../../../../src/core/histogram/histogram.ts';
import { buildNumericBinning } from '../../../../src/core/histogram/numeric-binning.ts';
import type {
  Binning,
  CategoricalHistogram,
  NumericHistogram,
} from '../../../../src/core/histogram/types.ts';

type Observation = readonly [slot: Slot, value?: number | string];

/** Counts slots as a frame carries them: a number or a 0/1 boolean in `number`, a text in `text`. */
function count(binning: Binning, observations: readonly Observation[]) {
  const histogram = emptyHistogram(binning);
  const counter = createCounter(binning);
  for (const [slot, value] of observations) {
    counter.add(
      histogram,
      slot,
      typeof value === 'number' ? value : 0,
      typeof value === 'string' ? value : '',
    );
  }
  return histogram;
}

const numbers = buildNumericBinning(Float64Array.from({ length: 1_000 }, (_, i) => i - 500));

describe('a numeric counter', () => {
  it('keeps counts, counters, sums and ends', () => {
    const h = count(numbers, [
      [SLOT.number, 1.5],
      [SLOT.number, -3],
      [SLOT.number, -0],
      [SLOT.number, 7],
    ]) as NumericHistogram;
    expect(binnedTotal(h)).toBe(4);
    expect(h).toMatchObject({ zero: 1, negative: 1, integer: 3, infinite: 0, missing: 0 });
    expect(h).toMatchObject({ sum: 5.5, sumSquares: 60.25, min: -3, max: 7 });
  });

  it('puts infinities into the end bins and leaves them out of sums and ends', () => {
    const h = count(numbers, [
      [SLOT.number, Infinity],
      [SLOT.number, -Infinity],
      [SLOT.number, 2],
    ]) as NumericHistogram;
    expect([h.counts[0], h.counts.at(-1), h.infinite]).toEqual([1, 1, 2]);
    expect(h).toMatchObject({ sum: 2, sumSquares: 4, min: 2, max: 2 });
    expect(h.tailSums.every((sum) => sum === 0)).toBe(true);
  });

  it('files what is no number as invalid, null as missing, and nothing for an absent slot', () => {
    const h = count(numbers, [
      [SLOT.number, NaN],
      [SLOT.text, '12'],
      [SLOT.boolean, 1],
      [SLOT.invalid],
      [SLOT.missing],
      [SLOT.absent],
    ]);
    expect([binnedTotal(h), h.invalid, h.missing]).toEqual([0, 4, 1]);
  });

  it('sums the values of the tail bins', () => {
    const far = count(numbers, [
      [SLOT.number, 1e6],
      [SLOT.number, 3e6],
      [SLOT.number, 0.5],
    ]) as NumericHistogram;
    expect(far.tailSums.at(-1)).toBe(4e6);
    expect(far.tailSums.reduce((a, b) => a + b)).toBe(4e6);
  });
});

const cities = buildCategoricalBinning(
  new Map([
    ['Oslo', 50],
    ['Lima', 30],
    ['7', 10],
    ['Rome', 3],
    ['Bonn', 3],
  ]),
  { tracked: 3 },
);

describe('a categorical counter', () => {
  it('tells tracked, other known and unseen values apart', () => {
    const h = count(cities, [
      [SLOT.text, 'Oslo'],
      [SLOT.text, 'Oslo'],
      [SLOT.text, 'Rome'],
      [SLOT.text, 'Atlantis'],
      [SLOT.missing],
      [SLOT.invalid],
    ]) as CategoricalHistogram;
    expect(cities.categories).toEqual(['Oslo', 'Lima', '7']);
    expect(Array.from(h.counts)).toEqual([2, 0, 0]);
    expect(h).toMatchObject({ other: 1, unseen: 1, missing: 1, invalid: 1 });
    expect(h.cells.reduce((a, b) => a + b)).toBe(4);
    expect(h.heavy).toEqual(
      new Map([
        ['Atlantis', 1],
        ['Rome', 1],
      ]),
    );
  });

  it('takes numbers and booleans by their names', () => {
    const h = count(cities, [
      [SLOT.number, 7],
      [SLOT.text, '7'],
      [SLOT.boolean, 1],
      [SLOT.text, 'true'],
    ]) as CategoricalHistogram;
    expect(Array.from(h.counts)).toEqual([0, 0, 2]);
    expect([...h.heavy]).toEqual([['true', 2]]);
  });

  it('knows a category of any length by its bounded name', () => {
    const long = 'é'.repeat(500);
    const binning = buildCategoricalBinning(new Map([[categoryKey(long), 5]]));
    const h = count(binning, [
      [SLOT.text, long],
      [SLOT.text, `${long}!`],
    ]) as CategoricalHistogram;
    expect([h.counts[0], h.unseen]).toEqual([1, 1]);
  });

  it('orders equal counts by name and ignores the order of its input', () => {
    const one = buildCategoricalBinning(new Map([['b', 2], ['a', 2], ['c', 9]])); // prettier-ignore
    const two = buildCategoricalBinning(new Map([['a', 2], ['c', 9], ['b', 2]])); // prettier-ignore
    expect(one.categories).toEqual(['c', 'a', 'b']);
    expect(two.id).toBe(one.id);
  });
});

describe('categoryKey', () => {
  it.each([
    ['short', 'plain'],
    ['64 bytes exactly', 'x'.repeat(64)],
    ['wide and short', '漢'.repeat(21)],
  ])('keeps a text that fits: %s', (_, text) => {
    expect(categoryKey(text)).toBe(text);
  });

  it.each([['x'.repeat(65)], ['漢'.repeat(22)], ['😀'.repeat(17)], ['a'.repeat(100_000)]])(
    'bounds a longer one to 64 bytes, once and for all',
    (text) => {
      const key = categoryKey(text);
      expect(Buffer.byteLength(key)).toBeLessThanOrEqual(64);
      expect(key.isWellFormed()).toBe(true);
      expect(categoryKey(key)).toBe(key);
      expect(categoryKey(`${text}.`)).not.toBe(key);
    },
  );

  it('holds only what a database can: no NUL, no half of a surrogate pair', () => {
    for (const text of ['a\0b', 'a\uD800b']) {
      expect(categoryKey(text)).toBe('a\uFFFDb');
    }
  });
});

describe('a boolean counter', () => {
  it('counts false and true and nothing else', () => {
    const h = count(booleanBinning(), [
      [SLOT.boolean, 0],
      [SLOT.boolean, 1],
      [SLOT.boolean, 1],
      [SLOT.text, 'yes'],
      [SLOT.number, 2],
      [SLOT.missing],
    ]) as CategoricalHistogram;
    expect(h.binning.categories).toEqual(['false', 'true']);
    expect(Array.from(h.counts)).toEqual([1, 2]);
    expect(h).toMatchObject({ invalid: 2, missing: 1, other: 0, unseen: 0 });
  });
});

describe('the names of heavy new values', () => {
  it('names a value of 5 % among values that never come twice, and no other as heavy', () => {
    const observations: Observation[] = Array.from({ length: 20_000 }, (_, i) => [
      SLOT.text,
      i % 20 === 0 ? 'NEW' : `id-${i}`,
    ]);
    const { heavy } = count(cities, observations) as CategoricalHistogram;
    expect(heavy.size).toBeLessThanOrEqual(HEAVY_SLOTS);
    const ranked = [...heavy].sort(([, a], [, b]) => b - a);
    expect(ranked[0]?.[0]).toBe('NEW');
    // A lower bound, at most n / 65 too low; the others came once each.
    expect(ranked[0]?.[1]).toBeLessThanOrEqual(1_000);
    expect(ranked[0]?.[1]).toBeGreaterThanOrEqual(1_000 - 20_000 / 65);
    for (const [, least] of ranked.slice(1)) expect(least).toBe(1);
  });
});

describe('histograms of different binnings', () => {
  it('do not merge, and the target is left as it was', () => {
    const target = count(cities, [[SLOT.text, 'Oslo']]);
    const before = cloneHistogram(target);
    const other = buildCategoricalBinning(new Map([['Oslo', 1]]));
    expect(() => mergeInto(target, count(other, [[SLOT.text, 'Oslo']]))).toThrow(
      BinningMismatchError,
    );
    expect(target).toEqual(before);
  });

  it('are not counted into', () => {
    const other = buildCategoricalBinning(new Map([['Oslo', 1]]));
    expect(() => createCounter(cities).add(emptyHistogram(other), SLOT.text, 0, 'Oslo')).toThrow(
      BinningMismatchError,
    );
  });
});
