import { describe, expect, it } from 'vitest';

import { predictionsOf } from '../../../../src/core/evaluate/predictions.ts';
import type { Subject } from '../../../../src/core/evaluate/types.ts';
import { baselineFromList } from '../../../support/baselines.ts';

const DAY = { name: '24h', spanMs: 86_400_000 };

/** The subject of a prediction whose live values are those of the baseline. */
function predicted(values: readonly (number | boolean | string)[]): Subject {
  const rows = values.map((score, i) => ({ time: i * 60_000, values: { score } }));
  const [feature] = baselineFromList('m', rows, false).features;
  if (feature === undefined) throw new Error('there is no feature');
  return {
    feature: 'score',
    kind: feature.kind,
    role: 'prediction',
    tier: 'standard',
    segment: 'all',
    window: DAY,
    baseline: feature,
    live: feature.histogram,
    comparable: true,
    history: [],
    mixture: null,
  };
}

describe('predictions of a window', () => {
  it('have a mean and quantiles within a bin of the true ones', () => {
    const values = Array.from({ length: 10_000 }, (_, i) => ((i * 7919) % 10_000) / 10_000);
    const [summary] = predictionsOf([predicted(values)], 'all');
    expect(summary?.values).toBe(10_000);
    expect(summary?.mean).toBeCloseTo(0.49995, 10);
    for (const { share, value } of summary?.quantiles ?? [])
      expect(Math.abs(value - share)).toBeLessThan(0.005);
    expect(summary?.quantiles.map(({ share }) => share)).toEqual([0.05, 0.25, 0.5, 0.75, 0.95]);
  });

  it('of booleans have the share of true, of categories neither', () => {
    const truths = Array.from({ length: 100 }, (_, i) => i % 4 === 0);
    expect(predictionsOf([predicted(truths)], 'all')).toMatchObject([
      { values: 100, mean: 0.25, quantiles: [] },
    ]);
    const names = Array.from({ length: 100 }, (_, i) => (i % 2 === 0 ? 'cat' : 'dog'));
    expect(predictionsOf([predicted(names)], 'all')).toMatchObject([{ mean: null, quantiles: [] }]);
  });

  it('are of the whole stream only, and nothing without values', () => {
    const subject = predicted([1, 2, 3]);
    expect(predictionsOf([{ ...subject, segment: 'origin=JFK' }], 'all')).toEqual([]);
    expect(predictionsOf([{ ...subject, role: 'input' }], 'all')).toEqual([]);
    expect(predictionsOf([{ ...subject, live: null }], 'all')).toMatchObject([
      { values: 0, mean: null, quantiles: [] },
    ]);
  });
});
