import { SLOT } from '../domain/event-frame.ts';
import type { FeatureKind } from '../domain/feature.ts';
import {
  booleanBinning,
  buildCategoricalBinning,
  tracksExactly,
} from '../histogram/categorical-binning.ts';
import { categoryKey, numberKey } from '../histogram/category-key.ts';
import { booleanOfText, createCounter } from '../histogram/counter.ts';
import { emptyHistogram } from '../histogram/histogram.ts';
import { buildNumericBinning } from '../histogram/numeric-binning.ts';
import { quantileLinear } from '../histogram/numbers/quantile.ts';
import type { Binning, CategoricalBinning, NumericBinning } from '../histogram/types.ts';
import { groupBins } from './blocks.ts';
import { createCategoryCounts } from './category-counts.ts';
import { fitsBinning } from './fits.ts';
import { createReservoir } from './reservoir.ts';
import { categoryText, isMissingText, isNumberText, parseNumber } from './row-value.ts';
import type { RowValue } from './row-value.ts';
import type { GoodTuring } from './types.ts';

/** From this share of numbers on, a column is numeric and its other values are invalid. */
const NUMERIC_SHARE = 0.95;
/** After so many values at a time a column that looks numeric lets its texts go. */
const LOOK_EVERY = 1_000;

/** Binnings of its history besides the one in use that a feature is counted on at most. */
const MAX_FURTHER_BINNINGS = 2;

/** What pass 1 over the training rows learns about one feature. */
export interface FeatureSampler {
  add(value: RowValue): void;
  /** Declared, or inferred from all values so far; null while none has been seen. */
  kind(): FeatureKind | null;
  /**
   * The column looked numeric until its texts had been let go, and turned out to be categorical: its values must be sampled
   * once more, with the kind declared.
   */
  isUnfinished(): boolean;
  /**
   * How to count the feature in pass 2. Always there: a feature without a value gets a binning for none.
   * @param history the binnings that the feature's history is counted under, the one in use first, as far as kinds agree:
   * that one is used instead of a new one when the values fit it (`fitsBinning`); the values are counted on all others, too
   * @param declared categories to track: the binning in use fits when it tracks these and no others
   */
  plan(history: readonly Binning[], declared?: readonly string[]): SampledPlan;
}

export interface SampledPlan {
  readonly kind: FeatureKind;
  readonly binning: Binning;
  /** Coarse group of each bin or cell (`groupBins`). */
  readonly groupOf: Uint8Array;
  /** q90 - q10 of the sample; 0 for categories. */
  readonly scale: number;
  /** Categories only. */
  readonly goodTuring: GoodTuring | null;
  /** Further binnings of its history: that is judged on them still. */
  readonly also?: readonly Omit<SampledPlan, 'also'>[];
}

/**
 * @param declared the kind that was declared, or null to infer it from all values, whatever their order: numeric from 95 %
 * numbers on, boolean when all are, else categorical. Texts that stand for no value have no say.
 * @param limits distinct values kept at most: numbers, texts
 */
export function createFeatureSampler(
  declared: FeatureKind | null,
  limits: { readonly numbers: number; readonly categories: number },
): FeatureSampler {
  const reservoir = createReservoir(limits.numbers);
  let categories = createCategoryCounts(limits.categories);
  let numbers = 0;
  let booleans = 0;
  let texts = 0;
  let holdsTexts = declared === null || declared === 'categorical';

  function kindSoFar(): FeatureKind | null {
    const total = numbers + booleans + texts;
    if (declared !== null) return declared;
    if (total === 0) return null;
    if (numbers >= NUMERIC_SHARE * total) return 'numeric';
    return booleans === total ? 'boolean' : 'categorical';
  }

  function note(value: number | string | boolean): void {
    if (typeof value === 'boolean') booleans += 1;
    else if (typeof value === 'number' || isNumberText(value)) numbers += 1;
    else if (isMissingText(value)) return;
    else if (booleanOfText(value) !== null) booleans += 1;
    else texts += 1;
    if (
      holdsTexts &&
      (numbers + booleans + texts) % LOOK_EVERY === 0 &&
      kindSoFar() === 'numeric'
    ) {
      holdsTexts = false;
      categories = createCategoryCounts(limits.categories);
    }
  }

  return {
    add(value) {
      if (value === null) return;
      if (declared === null) note(value);
      if (declared === null || declared === 'numeric') {
        const number = typeof value === 'string' ? parseNumber(value) : value;
        if (typeof number === 'number' && Number.isFinite(number)) reservoir.add(number);
      }
      if (holdsTexts) {
        const text = typeof value === 'number' ? numberKey(value) : categoryText(String(value));
        if (typeof value !== 'number' || Number.isFinite(value)) categories.add(categoryKey(text));
      }
    },
    kind: kindSoFar,
    isUnfinished: () => !holdsTexts && kindSoFar() === 'categorical',
    plan(history, declaredCategories) {
      const kind = kindSoFar() ?? 'categorical';
      if (kind === 'boolean') {
        const binning = booleanBinning();
        return { kind, binning, groupOf: Uint8Array.of(0, 1, 1, 1), scale: 0, goodTuring: null };
      }
      const sorted = kind === 'numeric' ? reservoir.sorted() : Float64Array.of();
      const goodTuring = categories.goodTuring();
      return onHistory(
        history.filter((binning) => binning.kind === kind),
        (binning) =>
          kind === 'numeric'
            ? numericPlan(sorted, binning)
            : categoricalPlan(categories.counts, binning, goodTuring, declaredCategories),
      );
    },
  };
}

/** A plan on one binning, and whether the values fit it. */
interface OnBinning {
  readonly plan: SampledPlan;
  readonly fits: boolean;
}

/** @param planOn a plan on this binning, or on a new one */
function onHistory(
  [current, ...others]: readonly Binning[],
  planOn: (binning: Binning | undefined) => OnBinning,
): SampledPlan {
  const first = planOn(current);
  const own = current === undefined || first.fits ? first.plan : planOn(undefined).plan;
  const also = [
    ...(own === first.plan ? [] : [first.plan]),
    ...others.slice(0, MAX_FURTHER_BINNINGS).map((binning) => planOn(binning).plan),
  ].filter(({ binning }) => binning.id !== own.binning.id);
  return also.length === 0 ? own : { ...own, also };
}

function numericPlan(sorted: Float64Array, current: Binning | undefined): OnBinning {
  // Without a finite value there is nothing to cut: the bins of a constant 0 count whatever comes later.
  const binning = (current ??
    buildNumericBinning(sorted.length === 0 ? Float64Array.of(0) : sorted)) as NumericBinning;
  const histogram = emptyHistogram(binning);
  const counter = createCounter(binning);
  for (const value of sorted) counter.add(histogram, SLOT.number, value, '');
  const spread = quantileLinear(sorted, 0.9) - quantileLinear(sorted, 0.1);
  const scale = Number.isFinite(spread) ? spread : 0;
  const groupOf = groupBins(histogram);
  return {
    plan: { kind: 'numeric', binning, groupOf, scale, goodTuring: null },
    fits: fitsBinning(histogram).fits,
  };
}

function categoricalPlan(
  counts: ReadonlyMap<string, number>,
  current: Binning | undefined,
  goodTuring: GoodTuring,
  declared: readonly string[] | undefined,
): OnBinning {
  const binning = (current ??
    buildCategoricalBinning(
      counts,
      declared === undefined ? {} : { declared },
    )) as CategoricalBinning;
  const histogram = emptyHistogram(binning);
  // The coarse groups need the tracked categories' weights; the rest is one group anyhow.
  binning.categories.forEach((category, i) => {
    histogram.counts[i] = counts.get(category) ?? 0;
  });
  const groupOf = groupBins(histogram);
  for (const count of counts.values()) histogram.other += count;
  for (const count of histogram.counts) histogram.other -= count;
  return {
    plan: { kind: 'categorical', binning, groupOf, scale: 0, goodTuring },
    fits: declared === undefined ? fitsBinning(histogram).fits : tracksExactly(binning, declared),
  };
}
