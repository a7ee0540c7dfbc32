import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { buildCategoricalBinning } from '../../src/core/histogram/categorical-binning.ts';
import { cloneHistogram, emptyHistogram, mergeInto } from '../../src/core/histogram/histogram.ts';
import { buildNumericBinning } from '../../src/core/histogram/numeric-binning.ts';
import type { Binning, Histogram } from '../../src/core/histogram/types.ts';
import { VERDICTS } from '../../src/core/domain/verdict.ts';
import { evaluate } from '../../src/core/evaluate/evaluate.ts';
import { explanationOf } from '../../src/core/evaluate/explain.ts';
import { DEFAULT_POLICY } from '../../src/core/evaluate/types.ts';
import type { EvaluationPolicy, Subject } from '../../src/core/evaluate/types.ts';
import { STATISTICS } from '../../src/core/statistic/catalogue.ts';
import { countAll, finiteNumber, observation } from '../support/histograms.ts';

const POLICY: EvaluationPolicy = { ...DEFAULT_POLICY, designEffect: 'none' };
const observations = fc.array(observation, { maxLength: 120 });

const binning: fc.Arbitrary<Binning> = fc.oneof(
  fc
    .array(finiteNumber, { minLength: 1, maxLength: 60 })
    .map((values) => buildNumericBinning(Float64Array.from(values).sort())),
  fc
    .uniqueArray(fc.string({ maxLength: 4 }), { minLength: 1, maxLength: 90 })
    .map((names) => buildCategoricalBinning(new Map(names.map((name, i) => [name, i + 1])))),
);

function subjectOf(
  baseline: Histogram,
  live: Histogram | null,
  over: Partial<Subject> = {},
): Subject {
  return {
    feature: 'x',
    kind: baseline.kind,
    role: 'input',
    tier: 'standard',
    segment: 'all',
    window: { name: '1h', spanMs: 3_600_000 },
    baseline: {
      name: 'x',
      kind: baseline.kind,
      role: 'input',
      histogram: baseline,
      blocks: null,
      scale: baseline.kind === 'numeric' ? 1 : 0,
      goodTuring: baseline.kind === 'categorical' ? { singletons: 3, doubletons: 1 } : null,
      slots: null,
    },
    live,
    comparable: true,
    history: [],
    mixture: null,
    ...over,
  };
}

/** Any two histograms of one binning, with any policy that the configuration lets through. */
const hostile = fc
  .record({
    binning,
    before: observations,
    now: observations,
    factor: fc.constantFrom(1, 7, 1e3, 1e9),
    designEffect: fc.constantFrom<EvaluationPolicy['designEffect']>('none', 'baseline', 1.7, 1e6),
    mode: fc.constantFrom('half' as const, 'floor' as const, 'evidently' as const),
    over: fc.constantFrom<Partial<Subject>>(
      {},
      { comparable: false },
      { baseline: null },
      { live: null },
    ),
    mixed: fc.boolean(),
  })
  .map(({ binning: bins, before, now, factor, designEffect, mode, over, mixed }) => {
    const baseline = countAll(bins, before);
    const live = scaled(countAll(bins, now), factor);
    const mixture = mixed ? { histogram: baseline, m: before.length * 0.37 } : null;
    const policy: EvaluationPolicy = { ...POLICY, designEffect, psiMode: mode };
    return { policy, subject: subjectOf(baseline, live, { mixture, ...over }) };
  });

/** Counts of a bigger sample with the same shares. */
function scaled(histogram: Histogram, factor: number): Histogram {
  const copy = cloneHistogram(histogram);
  copy.counts.forEach((count, i) => (copy.counts[i] = count * factor));
  if (copy.kind === 'numeric') {
    copy.tailSums.forEach((sum, i) => (copy.tailSums[i] = sum * factor));
    for (const key of ['zero', 'negative', 'integer', 'infinite', 'sum', 'sumSquares'] as const)
      copy[key] *= factor;
  } else {
    copy.cells.forEach((count, i) => (copy.cells[i] = count * factor));
    copy.other *= factor;
    copy.unseen *= factor;
  }
  return copy;
}

/** Every number of plain data, with where it stands. */
function numbersOf(data: unknown, path = ''): [string, number][] {
  if (typeof data === 'number') return [[path, data]];
  if (data === null || typeof data !== 'object') return [];
  return Object.entries(data).flatMap(([key, value]) => numbersOf(value, `${path}.${key}`));
}

const expectFinite = (data: unknown): void => {
  for (const [path, value] of numbersOf(data)) {
    if (!Number.isFinite(value)) throw new Error(`${path} is ${value}`);
  }
};

describe('evaluate', () => {
  it('is total: one verdict a subject, and no number that JSON does not know', () => {
    fc.assert(
      fc.property(
        fc.array(hostile, { maxLength: 4 }),
        fc.double({ min: 0.01, max: 1e4, noNaN: true }),
        (cases, perDay) => {
          const subjects = cases.map(({ subject, policy }) => ({ ...subject, policy }));
          const evaluation = evaluate(subjects, POLICY, { evaluationsPerDay: perDay });
          expect(evaluation.results).toHaveLength(subjects.length);
          for (const result of evaluation.results) expect(VERDICTS).toContain(result.verdict);
          expectFinite(evaluation);
          expect(JSON.parse(JSON.stringify(evaluation))).toEqual(evaluation);
          for (const subject of subjects) expectFinite(explanationOf(subject));
        },
      ),
      { numRuns: 300 },
    );
  });

  it('keeps every statistic within the range that its catalogue entry declares', () => {
    fc.assert(
      fc.property(hostile, ({ subject, policy }) => {
        const [result] = evaluate([subject], policy, { evaluationsPerDay: 1 }).results;
        for (const { name, value } of result?.statistics ?? []) {
          const entry = STATISTICS.find((one) => one.name === name);
          expect(entry?.kinds).toContain(subject.kind);
          expect(value).toBeGreaterThanOrEqual(0);
          expect(value).toBeLessThanOrEqual((entry?.upper ?? 0) * (1 + 1e-12));
        }
      }),
      { numRuns: 200 },
    );
  });

  it('finds no difference between a histogram and itself', () => {
    fc.assert(
      fc.property(binning, observations, (bins, values) => {
        const histogram = countAll(bins, values);
        const [result] = evaluate([subjectOf(histogram, histogram)], POLICY, {
          evaluationsPerDay: 1,
        }).results;
        expect(['stable', 'insufficient', 'no-baseline', 'no-data']).toContain(result?.verdict);
        for (const { name, value, logP0, fires } of result?.statistics ?? []) {
          expect(fires).toBeNull();
          if (name === 'unseen') continue;
          expect(value, name).toBeLessThan(1e-6);
          expect(logP0 ?? 0, name).toBeGreaterThan(-1e-6);
        }
        if (result?.verdict === 'stable' || result?.verdict === 'insufficient')
          expect(explanationOf(subjectOf(histogram, histogram))?.words ?? []).toEqual([]);
      }),
      { numRuns: 200 },
    );
  });

  it('judges merged buckets as it judges the pooled rows', () => {
    fc.assert(
      fc.property(
        binning,
        observations,
        fc.array(observations, { maxLength: 4 }),
        (bins, before, buckets) => {
          const baseline = countAll(bins, before);
          const merged = emptyHistogram(bins);
          for (const bucket of buckets) mergeInto(merged, countAll(bins, bucket));
          const pooled = countAll(bins, buckets.flat());
          const judged = [merged, pooled].map((live) => {
            const { results } = evaluate([subjectOf(baseline, live)], POLICY, {
              evaluationsPerDay: 1,
            });
            return results.map(({ verdict, n, statistics }) => ({
              verdict,
              n,
              // Sums of doubles depend on their order: the Wasserstein distance is compared to rounding only.
              statistics: statistics.filter(({ name }) => name !== 'wasserstein'),
            }));
          });
          expect(judged[0]).toEqual(judged[1]);
        },
      ),
      { numRuns: 150 },
    );
  });
});
