import { booleanBinning, buildCategoricalBinning } from '../histogram/categorical-binning.ts';
import { categoryKey } from '../histogram/category-key.ts';
import { buildNumericBinning } from '../histogram/numeric-binning.ts';
import { createCounter } from '../histogram/counter.ts';
import type { Counter } from '../histogram/counter.ts';
import { emptyHistogram } from '../histogram/histogram.ts';
import { quantileLinear } from '../histogram/quantile.ts';
import { SLOT } from '../domain/event-frame.ts';
import { groupBins } from './blocks.ts';
import type { BaselineFeature } from './types.ts';
import type { Binning, Histogram } from '../histogram/types.ts';
import type { FeatureKind } from '../domain/feature.ts';

/** Values kept a feature; beyond that a uniform sample of this size (edges may differ, counts stay exact). */
export const MAX_SAMPLE = 200_000;
/** Distinct categories counted a feature; values first seen after that take no part in the binning. */
export const MAX_CATEGORIES = 200_000;

/** So many numbers and nothing else make a column numeric for good: a stray text after them is an invalid value. */
const NUMERIC_AFTER = 1_000;

/** A value of a training row: text as read from a file, or a typed value; null is missing. */
export type RowValue = number | string | boolean | null;

/** What pass 1 over the training rows learns about one feature: its kind, and a binning for it. */
export interface FeatureSampler {
  add(value: RowValue): void;
  /** Declared, or inferred: numbers only is numeric, true/false only is boolean, else categorical; 1,000 numbers
   * at the start settle it; null without a value. */
  kind(): FeatureKind | null;
  /**
   * A binning from the values seen, the coarse groups of its bins, and q90 - q10 of the sample (0 for categories).
   * @param onto count on this binning of an earlier baseline instead of making a new one
   * @returns null when the feature has no value to bin (all missing)
   */
  plan(onto?: Binning): SampledPlan | null;
}

export interface SampledPlan {
  readonly binning: Binning;
  readonly groupOf: Uint8Array;
  readonly scale: number;
  readonly goodTuring: BaselineFeature['goodTuring'];
}

/** xorshift32 with a fixed seed: the same rows give the same sample. */
function uniformStream(): () => number {
  let state = 0x9e3779b9;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 2 ** 32;
  };
}

/** A number as people write it in files; NaN when it is none. Blank text is no number. */
export function parseNumber(text: string): number {
  const trimmed = text.trim();
  if (trimmed === '') return NaN;
  if (/^[+-]?(inf|infinity)$/i.test(trimmed)) return trimmed.startsWith('-') ? -Infinity : Infinity;
  return /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(trimmed) ? Number(trimmed) : NaN;
}

function isBooleanText(text: string): boolean {
  return /^(true|false)$/i.test(text);
}

/** @param declared the kind that was declared, or null to infer it */
export function createFeatureSampler(declared: FeatureKind | null): FeatureSampler {
  const uniform = uniformStream();
  let sample = new Float64Array(1024);
  let finite = 0;
  const categories = new Map<string, number>();
  let numbers = 0;
  let booleans = 0;
  let texts = 0;
  let kindBy = declared;

  function addFinite(x: number): void {
    if (finite < MAX_SAMPLE) {
      if (finite === sample.length) {
        const grown = new Float64Array(Math.min(MAX_SAMPLE, sample.length * 2));
        grown.set(sample);
        sample = grown;
      }
      sample[finite] = x;
    } else {
      const at = Math.floor(uniform() * (finite + 1));
      if (at < MAX_SAMPLE) sample[at] = x;
    }
    finite += 1;
  }

  function addCategory(text: string): void {
    const key = categoryKey(text);
    const count = categories.get(key);
    if (count !== undefined) categories.set(key, count + 1);
    else if (categories.size < MAX_CATEGORIES) categories.set(key, 1);
  }

  function inferred(): FeatureKind | null {
    if (numbers + booleans + texts === 0) return null;
    if (texts === 0 && booleans === 0) return 'numeric';
    return texts === 0 && numbers === 0 ? 'boolean' : 'categorical';
  }

  return {
    add(value) {
      if (value === null) return;
      const text = String(value);
      const number =
        typeof value === 'number' ? value : typeof value === 'string' ? parseNumber(value) : NaN;
      if (typeof value === 'boolean' || isBooleanText(text)) booleans += 1;
      else if (Number.isNaN(number)) texts += 1;
      else numbers += 1;
      if (kindBy !== 'categorical' && Number.isFinite(number)) addFinite(number);
      if (kindBy !== 'numeric') addCategory(text);
      if (kindBy === null && numbers >= NUMERIC_AFTER && texts + booleans === 0) {
        kindBy = 'numeric';
        categories.clear();
      }
    },
    kind: () => kindBy ?? inferred(),
    plan(onto) {
      const kind = kindBy ?? inferred();
      if (kind === null) return null;
      if (kind === 'numeric') {
        const size = Math.min(finite, MAX_SAMPLE);
        return size === 0 ? null : numericPlan(sample.slice(0, size).sort(), onto);
      }
      const made = kind === 'boolean' ? booleanBinning() : buildCategoricalBinning(categories);
      const binning = onto ?? made;
      const histogram = emptyHistogram(binning);
      const counter = createCounter(binning);
      for (const [text, count] of categories) addWeighted(counter, histogram, text, count);
      return {
        binning,
        groupOf: groupBins(histogram),
        scale: 0,
        goodTuring: rareCounts(categories),
      };
    },
  };
}

function rareCounts(categories: ReadonlyMap<string, number>): SampledPlan['goodTuring'] {
  let singletons = 0;
  let doubletons = 0;
  for (const count of categories.values()) {
    if (count === 1) singletons += 1;
    else if (count === 2) doubletons += 1;
  }
  return { singletons, doubletons };
}

function numericPlan(sorted: Float64Array, onto: Binning | undefined): SampledPlan {
  const binning = onto ?? buildNumericBinning(sorted);
  const histogram = emptyHistogram(binning);
  const counter = createCounter(binning);
  for (const value of sorted) counter.add(histogram, SLOT.number, value, '');
  const scale = quantileLinear(sorted, 0.9) - quantileLinear(sorted, 0.1);
  return { binning, groupOf: groupBins(histogram), scale, goodTuring: null };
}

/** Counts a category `weight` times; only the coarse groups are made from it. */
function addWeighted(counter: Counter, histogram: Histogram, text: string, weight: number): void {
  const cell = counter.add(histogram, SLOT.text, 0, text);
  if (cell < 0 || histogram.kind === 'numeric') return;
  if (cell < histogram.counts.length) {
    histogram.counts[cell] = (histogram.counts[cell] as number) + weight - 1;
  } else if (cell === histogram.counts.length) histogram.other += weight - 1;
  else histogram.unseen += weight - 1;
}
