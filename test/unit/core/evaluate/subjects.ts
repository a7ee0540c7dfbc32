import { createCounter } from '../../../../src/core/histogram/counter.ts';
import { buildCategoricalBinning } from '../../../../src/core/histogram/categorical-binning.ts';
import { buildNumericBinning } from '../../../../src/core/histogram/numeric-binning.ts';
import { emptyHistogram } from '../../../../src/core/histogram/histogram.ts';
import type { Binning, Histogram } from '../../../../src/core/histogram/types.ts';
import { SLOT } from '../../../../src/core/domain/event-frame.ts';
import type { BaselineFeature } from '../../../../src/core/baseline/types.ts';
import { evaluate } from '../../../../src/core/evaluate/evaluate.ts';
import { DEFAULT_POLICY } from '../../../../src/core/evaluate/types.ts';
import type {
  EvaluationPolicy,
  FeatureResult,
  StatisticResult,
  Subject,
} from '../../../../src/core/evaluate/types.ts';

export const DAY_MS = 86_400_000;
export type Cell = number | string | null;

export function count(binning: Binning, values: Iterable<Cell>): Histogram {
  const histogram = emptyHistogram(binning);
  const counter = createCounter(binning);
  for (const value of values) {
    if (value === null) counter.add(histogram, SLOT.missing, 0, '');
    else if (typeof value === 'number') counter.add(histogram, SLOT.number, value, '');
    else counter.add(histogram, SLOT.text, 0, value);
  }
  return histogram;
}

/** Evenly spread quantiles of a uniform distribution on [from, from + 1): a sample without luck. */
export function even(size: number, from = 0): number[] {
  return Array.from({ length: size }, (_, i) => from + (i + 0.5) / size);
}

/** Uniform on (0, 1], but for a share `d` moved from the upper half to the lower: D is d. */
export function tilted(size: number, d: number): number[] {
  const low = Math.round(size * (0.5 + d));
  return [...even(low).map((x) => x / 2), ...even(size - low).map((x) => 0.5 + x / 2)];
}

export function repeat(size: number, values: readonly Cell[]): Cell[] {
  return Array.from({ length: size }, (_, i) => values[i % values.length] as Cell);
}

function binningOf(values: readonly Cell[]): Binning {
  const numbers = values.filter((value) => typeof value === 'number');
  if (numbers.length > 0) return buildNumericBinning(Float64Array.from(numbers).sort());
  const counts = new Map<string, number>();
  for (const value of values)
    if (typeof value === 'string') counts.set(value, (counts.get(value) ?? 0) + 1);
  return buildCategoricalBinning(counts);
}

/** A subject from raw values; `designEffect: none` keeps it out of the warming-up state unless the policy says so. */
export function subjectOf(
  baseline: readonly Cell[],
  live: readonly Cell[] | null,
  overrides: Partial<Subject> = {},
): Subject {
  const binning = binningOf(baseline);
  const histogram = count(binning, baseline);
  const frequencies = new Map<Cell, number>();
  for (const value of baseline) frequencies.set(value, (frequencies.get(value) ?? 0) + 1);
  const timesSeen = (times: number): number =>
    [...frequencies.values()].filter((frequency) => frequency === times).length;
  const feature: BaselineFeature = {
    name: 'x',
    kind: binning.kind,
    role: 'input',
    histogram,
    blocks: null,
    scale: binning.kind === 'numeric' ? 0.8 : 0,
    goodTuring:
      binning.kind === 'categorical'
        ? { singletons: timesSeen(1), doubletons: timesSeen(2) }
        : null,
    slots: null,
  };
  return {
    feature: 'x',
    kind: binning.kind,
    role: 'input',
    tier: 'standard',
    segment: 'all',
    window: { name: '24h', spanMs: DAY_MS },
    baseline: feature,
    live: live === null ? null : count(binning, live),
    comparable: true,
    history: [],
    mixture: null,
    ...overrides,
  };
}

export const PLAIN: EvaluationPolicy = { ...DEFAULT_POLICY, designEffect: 'none' };

export function judge(subject: Subject, policy: Partial<EvaluationPolicy> = {}): FeatureResult {
  const { results } = evaluate([subject], { ...PLAIN, ...policy }, { evaluationsPerDay: 1 });
  return results[0] as FeatureResult;
}

export function statistic(result: FeatureResult, name: string): StatisticResult {
  const found = result.statistics.find((s) => s.name === name);
  if (found === undefined) throw new Error(`no statistic ${name}`);
  return found;
}
