import { describe, expect, it } from 'vitest';
import { SLOT } from '../../../../src/core/domain/event-frame.ts';
import { piecesOf, quantileOf, shareUpTo } from '../../../../src/core/drawing/curve.ts';
import { pictureOf } from '../../../../src/core/drawing/picture.ts';
import type { NumericPicture } from '../../../../src/core/drawing/picture.ts';
import { buildCategoricalBinning } from '../../../../src/core/histogram/categorical-binning.ts';
import { buildNumericBinning } from '../../../../src/core/histogram/numeric-binning.ts';
import type { NumericHistogram } from '../../../../src/core/histogram/types.ts';
import { ksInterval } from '../../../../src/core/statistic/ks.ts';
import { countAll } from '../../../support/histograms.ts';

/** Evenly spread values with a fixed pattern: no randomness, known quantiles. */
const spread = (count: number, from: number, to: number): number[] =>
  Array.from({ length: count }, (_, i) => from + ((to - from) * (i + 0.5)) / count);

function histograms(baseline: number[], live: number[]): [NumericHistogram, NumericHistogram] {
  const binning = buildNumericBinning(Float64Array.from(baseline).sort());
  const count = (values: number[]) =>
    countAll(
      binning,
      values.map((value) => [SLOT.number, value, ''] as const),
    ) as NumericHistogram;
  return [count(baseline), count(live)];
}

function numericPicture(baseline: number[], live: number[]): NumericPicture {
  const picture = pictureOf(...histograms(baseline, live));
  if (picture?.kind !== 'numeric') throw new Error('no numeric picture');
  return picture;
}

const total = (shares: readonly number[]): number => shares.reduce((sum, share) => sum + share, 0);

describe('the curve of a histogram', () => {
  it('has the quantiles of the values to about a bin', () => {
    const [histogram] = histograms(spread(20_000, 0, 100), []);
    const pieces = piecesOf(histogram);
    for (const p of [0.01, 0.25, 0.5, 0.9]) expect(quantileOf(pieces, p)).toBeCloseTo(p * 100, 0);
    expect(shareUpTo(pieces, 30)).toBeCloseTo(0.3, 2);
    expect(shareUpTo(pieces, -1)).toBe(0);
    expect(shareUpTo(pieces, 101)).toBe(1);
  });

  it('keeps to the mean and the range of values far outside the baseline', () => {
    const [, live] = histograms(spread(5_000, 0, 100), spread(1_000, 4_000, 4_100));
    const pieces = piecesOf(live);
    expect(quantileOf(pieces, 0.5)).toBeGreaterThan(4_000);
    expect(quantileOf(pieces, 0.5)).toBeLessThan(4_100);
    expect(Math.min(...pieces.map(({ from }) => from))).toBeGreaterThanOrEqual(4_000);
    expect(Math.max(...pieces.map(({ to }) => to))).toBeLessThanOrEqual(4_100);
  });

  it('draws a heavy value as a point', () => {
    const [histogram] = histograms([...spread(1_000, 1, 2), ...Array<number>(500).fill(0)], []);
    expect(piecesOf(histogram)[0]).toEqual({ from: 0, to: 0, share: 500 / 1_500 });
  });

  it('is empty without values', () => {
    const [, empty] = histograms(spread(100, 0, 1), []);
    expect(piecesOf(empty)).toEqual([]);
    expect(quantileOf([], 0.5)).toBeNaN();
  });
});

describe('a numeric picture', () => {
  it('accounts for every value: bars and what is beyond add up to 1', () => {
    const picture = numericPicture(spread(9_000, 0, 1), [...spread(900, 0.5, 1.5), 1e9, -1e9]);
    for (const side of ['baseline', 'live'] as const) {
      const sum = total(picture[side]) + picture.below[side] + picture.above[side];
      expect(sum).toBeCloseTo(1, 2);
      expect(picture.cdf[side]).toEqual(picture.cdf[side].toSorted((a, b) => a - b));
    }
    expect(picture.edges).toHaveLength(picture.live.length + 1);
    expect(picture.edges.at(-1)).toBeLessThan(10); // two far values do not stretch the axis
  });

  it('marks the gap where the KS statistic is', () => {
    const [baseline, live] = histograms(spread(9_000, 0, 1), spread(9_000, 0.25, 1.25));
    const picture = pictureOf(baseline, live);
    const { low } = ksInterval(baseline.counts, live.counts, baseline.binning.atoms);
    if (picture?.kind !== 'numeric' || picture.gap === null) throw new Error('no gap');
    expect(Math.abs(picture.gap.baseline - picture.gap.live)).toBeCloseTo(low, 3);
    expect(picture.gap.baseline).toBeGreaterThan(picture.gap.live);
  });

  it('gives whole numbers bars of their own', () => {
    const hours = Array.from({ length: 2_400 }, (_, i) => 5 + (i % 19));
    const picture = numericPicture(hours, hours);
    expect(picture.edges[0]).toBe(4.5);
    expect(picture.edges.at(-1)).toBe(23.5);
    for (const share of picture.live) expect(share).toBeCloseTo(1 / 19, 3);
    expect(picture.gap).toBeNull();
  });

  it.each([
    ['a constant', [7, 7, 7], [7, 7]],
    ['a constant 0', [0, 0, 0], [0, 1e300]],
    ['a single value', [1], [2]],
    ['huge values', [-1e308, 0, 1e308], [1e308, Infinity]],
    ['tiny values', [1e-300, 2e-300, 3e-300], [1e-300]],
  ])('survives %s', (_name, baseline, live) => {
    const picture = numericPicture(baseline, live);
    for (const numbers of [picture.edges, picture.baseline, picture.live, picture.cdf.live])
      for (const number of numbers) expect(number).toSatisfy(Number.isFinite);
    expect(picture.edges).toEqual(picture.edges.toSorted((a, b) => a - b));
  });

  it('is none when a side is empty', () => {
    expect(pictureOf(...histograms([1, 2, 3], []))).toBeNull();
  });
});

describe('a picture of categories', () => {
  const counts = new Map(Array.from({ length: 30 }, (_, i) => [`c${String(i)}`, 100 - i * 3]));
  const binning = buildCategoricalBinning(counts, { salt: 's' });
  const texts = (list: Iterable<readonly [string, number]>) =>
    [...list].flatMap(([text, times]) =>
      Array.from({ length: times }, () => [SLOT.text, 0, text] as const),
    );
  const baseline = countAll(binning, texts(counts));

  it('shows what weighs and what changed, the rest as one, and new values', () => {
    const live = countAll(binning, texts([...counts, ['c29', 900], ['never seen', 50]]));
    const picture = pictureOf(baseline, live);
    if (picture?.kind !== 'categorical') throw new Error('no picture');
    const labels = picture.bars.map(({ label }) => label);
    expect(labels).toContain('c29');
    expect(labels).toContain('c0');
    expect(labels.slice(-2)).toEqual(['other', 'new values']);
    for (const side of ['baseline', 'live'] as const)
      expect(total(picture.bars.map((bar) => bar[side]))).toBeCloseTo(1, 2);
  });

  it('is none against numbers', () => {
    expect(pictureOf(baseline, histograms([1, 2], [1])[1])).toBeNull();
  });
});
