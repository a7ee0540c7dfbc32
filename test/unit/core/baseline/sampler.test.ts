import { describe, expect, it } from 'vitest';
import { createBaselineBuilder } from '../../../../src/core/baseline/builder.ts';
import { createCategoryCounts } from '../../../../src/core/baseline/category-counts.ts';
import { parseDocument, toDocument } from '../../../../src/core/baseline/document/document.ts';
import { createReservoir } from '../../../../src/core/baseline/reservoir.ts';
import { categoryText, parseNumber } from '../../../../src/core/baseline/row-value.ts';
import type { RowValue } from '../../../../src/core/baseline/row-value.ts';
import { MAX_SEGMENTS, createSampler } from '../../../../src/core/baseline/sampler.ts';
import type { DeclaredFeature, PlannedFeature } from '../../../../src/core/baseline/sampler.ts';
import { buildCategoricalBinning } from '../../../../src/core/histogram/categorical-binning.ts';
import { binnedTotal } from '../../../../src/core/histogram/histogram.ts';
import { buildNumericBinning } from '../../../../src/core/histogram/numeric-binning.ts';
import type { Binning, Histogram } from '../../../../src/core/histogram/types.ts';

function planOf(values: readonly RowValue[], declared?: DeclaredFeature): PlannedFeature {
  const sampler = createSampler({
    columns: ['x'],
    ...(declared === undefined ? {} : { declared: new Map([['x', declared]]) }),
  });
  for (const value of values) sampler.addRow([value], []);
  return sampler.plan().features[0] as PlannedFeature;
}

const kindOf = (values: readonly RowValue[], declared?: DeclaredFeature): string =>
  planOf(values, declared).kind;

describe('the kind of a column', () => {
  it.each<[string, RowValue[], string]>([
    ['numbers', [1, 2.5, -3], 'numeric'],
    ['numbers written as text', ['1', '2.5', '-3e4', ' 7 ', '.5', 'inf'], 'numeric'],
    ['numbers and gaps', [null, 1, null], 'numeric'],
    ['numbers and doubles that are none', [1, NaN, 'nan'], 'numeric'],
    ['codes of zero and one', ['0', '1', '0'], 'numeric'],
    ['booleans', [true, false], 'boolean'],
    ['booleans of pandas', ['True', 'False', null], 'boolean'],
    ['texts', ['a', 'b'], 'categorical'],
    ['hexadecimal and dates', ['0x10', '2013-01-01'], 'categorical'],
    ['a mixture', [1, 'a', true], 'categorical'],
    ['booleans and numbers', [true, 1], 'categorical'],
    ['nothing', [null, null], 'categorical'],
  ])('is inferred: %s', (_, values, kind) => {
    expect(kindOf(values)).toBe(kind);
  });

  it('is numeric from 95 % numbers on, wherever the others stand', () => {
    const mixed = (texts: number, at: 'first' | 'last'): RowValue[] => {
      const numbers = Array.from({ length: 1_000 - texts }, (_, i) => i);
      const others = Array.from({ length: texts }, () => 'unknown');
      return at === 'first' ? [...others, ...numbers] : [...numbers, ...others];
    };
    for (const at of ['first', 'last'] as const) {
      expect(kindOf(mixed(50, at))).toBe('numeric');
      expect(kindOf(mixed(51, at))).toBe('categorical');
    }
  });

  it('is the declared one', () => {
    expect(kindOf([1, 2], { kind: 'categorical' })).toBe('categorical');
    expect(kindOf(['a'], { kind: 'numeric' })).toBe('numeric');
    expect(kindOf(['0', '1'], { kind: 'boolean' })).toBe('boolean');
    expect(planOf([1], { role: 'label' }).role).toBe('label');
    expect(planOf([1]).role).toBe('input');
  });
});

describe('a plan', () => {
  it('leaves ignored columns out and keeps the places of the others', () => {
    const sampler = createSampler({
      columns: ['id', 'x', 'ts', 'y'],
      declared: new Map([
        ['id', { ignore: true }],
        ['ts', { ignore: true }],
      ]),
    });
    sampler.addRow([7, 1, 'now', 'a'], []);
    expect(sampler.plan().features.map(({ name, column }) => [name, column])).toEqual([
      ['x', 1],
      ['y', 3],
    ]);
  });

  it('counts on the current binning when the kind agrees and the values fit', () => {
    const current = buildNumericBinning(Float64Array.from({ length: 10 }, (_, i) => i));
    const sampler = createSampler({ columns: ['x', 'y'] });
    for (let i = 0; i < 10; i += 1) sampler.addRow([i, `v${i}`], []);
    const plan = sampler.plan(
      new Map([
        ['x', [current]],
        ['y', [current]],
      ]),
    );
    expect(plan.features[0]?.binning.id).toBe(current.id);
    expect(plan.features[0]?.also).toBeUndefined();
    expect(plan.features[1]?.binning.kind).toBe('categorical');
  });

  it('makes a binning of its own for values that do not fit, and counts on both', () => {
    const current = buildNumericBinning(Float64Array.from({ length: 10 }, (_, i) => i));
    const known = buildCategoricalBinning(new Map([['a', 10]]));
    const columns = ['x', 'y'];
    const sampler = createSampler({ columns });
    const rows = Array.from({ length: 10 }, (_, i) => [100 + i, i < 8 ? 'a' : 'b']);
    for (const row of rows) sampler.addRow(row, []);
    const plan = sampler.plan(
      new Map<string, readonly Binning[]>([
        ['x', [current]],
        ['y', [known]],
      ]),
    );
    expect(plan.features.map(({ also }) => also?.map(({ binning }) => binning.id))).toEqual([
      [current.id],
      [known.id],
    ]);
    const builder = createBaselineBuilder(plan);
    for (const row of rows) builder.addRow(row, 0, []);
    const baseline = builder.build('m', 'test');
    const [x, y] = baseline.features;
    expect(x?.histogram.binning.id).not.toBe(current.id);
    const [beside] = x?.also ?? [];
    expect(beside?.histogram.binning.id).toBe(current.id);
    expect([x, beside, y, y?.also?.[0]].map((f) => binnedTotal(f?.histogram as Histogram))).toEqual(
      [10, 10, 10, 10],
    );
    expect(y?.also?.[0]?.histogram).toMatchObject({ counts: Float64Array.of(8), unseen: 2 });
    expect(parseDocument(JSON.parse(JSON.stringify(toDocument(baseline))))).toEqual(baseline);
  });

  it('tracks the categories that are declared, by their weight, whatever the rows hold', () => {
    const categories = ['c', 'absent', 'b'];
    const rows = ['a', 'a', 'a', 'b', 'b', 'c'];
    const sampler = createSampler({
      columns: ['x'],
      declared: new Map([['x', { kind: 'categorical', categories } as const]]),
    });
    for (const value of rows) sampler.addRow([value], []);
    const plan = sampler.plan();
    const builder = createBaselineBuilder(plan);
    for (const value of [...rows, 'new']) builder.addRow([value], null, []);
    const histogram = builder.build('m', 'test').features[0]?.histogram;
    expect(histogram).toMatchObject({
      binning: { categories: ['b', 'c', 'absent'] },
      counts: Float64Array.of(2, 1, 0),
      other: 3,
      unseen: 1,
    });

    // The binning in use is kept when it tracks the same, however well or badly its rows fit.
    const again = sampler.plan(
      new Map([['x', [buildCategoricalBinning(new Map(), { declared: categories })]]]),
    );
    expect(again.features[0]?.binning).toMatchObject({ categories: ['absent', 'b', 'c'] });
    expect(again.features[0]?.also).toBeUndefined();
    // Another one is counted beside it, so that history keeps its meaning.
    const all = buildCategoricalBinning(new Map(rows.map((key) => [key, 1])));
    const beside = sampler.plan(new Map([['x', [all]]])).features[0];
    expect(beside?.binning.id).toBe(plan.features[0]?.binning.id);
    expect(beside?.also?.map(({ binning }) => binning.id)).toEqual([all.id]);
  });

  it('counts on further binnings of its history, too, whether or not it fits the one in use', () => {
    const binningOf = (from: number) =>
      buildNumericBinning(Float64Array.from({ length: 10 }, (_, i) => from + i));
    const history = [0, 100, 200, 300].map(binningOf);
    const planOf = (from: number) => {
      const sampler = createSampler({ columns: ['x'] });
      for (let i = 0; i < 10; i += 1) sampler.addRow([from + i], []);
      const [x] = sampler.plan(new Map([['x', history]])).features;
      return [x, ...(x?.also ?? [])].map((each) =>
        history.findIndex((h) => h.id === each?.binning.id),
      );
    };
    expect(planOf(0)).toEqual([0, 1, 2]);
    // Not the one in use, which it does not fit, though its values would give one of the history anew.
    expect(planOf(100)).toEqual([1, 0, 2]);
    expect(planOf(500)).toEqual([-1, 0, 1, 2]);
  });

  it('has q90 - q10 as numpy interpolates it', () => {
    // np.quantile([1, 2, 4, 8, 16], [.1, .9]) is [1.4, 12.8].
    expect(planOf([16, 1, 8, 2, 4]).scale).toBeCloseTo(11.4, 12);
    expect(planOf([5, 5, 5]).scale).toBe(0);
    expect(planOf([null], { kind: 'numeric' }).scale).toBe(0);
  });

  it('knows integer codes by one name, whether a file writes 21, 21.0 or an event says 21', () => {
    const plan = planOf(['21', '21.0', 21, '007'], { kind: 'categorical' });
    expect(plan.binning.kind === 'categorical' && plan.binning.categories).toEqual(['21', '007']);
    expect(plan.goodTuring).toEqual({ singletons: 1, doubletons: 0 });
  });

  it('keeps the segments with 1,000 rows, at most 100, the heaviest', () => {
    const sampler = createSampler({ columns: ['x'] });
    for (let i = 0; i < 1_000; i += 1) sampler.addRow([i], ['origin=JFK', 'carrier=AA']);
    for (let i = 0; i < 999; i += 1) sampler.addRow([i], ['origin=LGA']);
    expect([...sampler.plan().segments]).toEqual(['carrier=AA', 'origin=JFK']);
    const many = Array.from({ length: 150 }, (_, i) => `k=${i}`);
    for (let i = 0; i < 1_000; i += 1) sampler.addRow([i], many);
    expect(sampler.plan().segments.size).toBe(MAX_SEGMENTS);
  });
});

describe('createReservoir', () => {
  it('keeps everything up to its limit', () => {
    const reservoir = createReservoir(1_000);
    for (let i = 1_000; i > 0; i -= 1) reservoir.add(i);
    expect(Array.from(reservoir.sorted())).toEqual(Array.from({ length: 1_000 }, (_, i) => i + 1));
  });

  it('is a uniform sample beyond it, the same every time, with the true ends', () => {
    const draw = (): Float64Array => {
      const reservoir = createReservoir(2_000);
      for (let i = 0; i < 100_000; i += 1) reservoir.add(i);
      return reservoir.sorted();
    };
    const sample = draw();
    expect(draw()).toEqual(sample);
    expect([sample.length, sample[0], sample.at(-1)]).toEqual([2_002, 0, 99_999]);
    // Kolmogorov distance to the uniform: 1.95 / sqrt(2000) is its 99.9 % point.
    let distance = 0;
    for (const [i, x] of sample.entries())
      distance = Math.max(distance, Math.abs(x / 1e5 - i / 2_002));
    expect(distance).toBeLessThan(1.95 / Math.sqrt(2_000));
  });
});

describe('createCategoryCounts', () => {
  it('finds a value that becomes heavy only after its bound was reached', () => {
    const counts = createCategoryCounts(1_000);
    for (let i = 0; i < 20_000; i += 1) counts.add(`early-${i}`);
    for (let i = 0; i < 5_000; i += 1) counts.add(i % 2 === 0 ? 'late' : `more-${i}`);
    expect(counts.counts.size).toBeLessThanOrEqual(1_000);
    expect(counts.counts.get('late')).toBe(2_500);
    // All values but one came once: none is forgotten in the Good-Turing count.
    expect(counts.goodTuring()).toEqual({ singletons: 22_500, doubletons: 0 });
  });
});

describe('values of files', () => {
  it.each([
    ['1e3', 1000],
    ['+.5', 0.5],
    ['-Infinity', -Infinity],
    ['1,5', NaN],
    ['1_000', NaN],
    ['', NaN],
    ['0x1F', NaN],
    ['12abc', NaN],
  ])('parseNumber(%j) is %d', (text, number) => {
    expect(parseNumber(text)).toBe(number);
  });

  it.each([
    ['21.0', '21'],
    ['-3.00', '-3'],
    ['21.50', '21.50'],
    ['v1.0', 'v1.0'],
    ['007', '007'],
  ])('categoryText(%j) is %j', (text, category) => {
    expect(categoryText(text)).toBe(category);
  });
});
