import { binnedTotal, observationTotal } from '../../histogram/histogram.ts';
import type { CategoricalHistogram, NumericHistogram } from '../../histogram/types.ts';
import type { Baseline, BaselineFeature } from '../types.ts';
import { checkAgainstModel } from './against-model.ts';
import type { CheckContext } from './against-model.ts';
import { checkAgainstStream } from './against-stream.ts';
import { checkStreamNames } from './stream-names.ts';
import { error, warning } from './finding.ts';
import type { Finding } from './finding.ts';
import { shapeFaults } from './shape.ts';

/** Fewer rows cannot stand for anything; from the second number on nothing is said. */
export const MIN_ROWS = 30;
const FEW_ROWS = 500;
/** A category feature of which so many values are seen once only is an identifier. */
const IDENTIFIER_SHARE = 0.9;
/** More than this outside the tracked categories makes a feature hard to watch. */
const MAX_UNTRACKED = 0.2;
/** What stands for "missing" in numbers that people write into files. */
const LOW_SENTINELS = new Set([-1, -9, -99, -999, -9999, -99_999, -999_999, -32_768]);
const HIGH_SENTINELS = new Set([
  99, 999, 9999, 99_999, 999_999, 9_999_999, 32_767, 65_535, 2_147_483_647, 4_294_967_295, 1e20,
]);

/** Checks a baseline before anything of it is stored: errors first, then warnings, feature by feature. */
export function checkBaseline(baseline: Baseline, context: CheckContext): Finding[] {
  const shape = shapeFaults(baseline);
  if (shape.length > 0) return shape;
  const findings = [
    ...checkWhole(baseline),
    ...baseline.features.flatMap((feature) => checkFeature(feature)),
    ...checkAgainstModel(baseline, context),
    ...checkAgainstStream(baseline, context.stream ?? new Map(), context.attributes),
    ...checkStreamNames(baseline, context),
  ];
  return [
    ...findings.filter(({ level }) => level === 'error'),
    ...findings.filter(({ level }) => level === 'warning'),
  ];
}

function checkWhole(baseline: Baseline): Finding[] {
  const { rows, features } = baseline;
  if (features.length === 0)
    return [error('no-features', null, 'it has no feature: every column is ignored')];
  if (rows < MIN_ROWS) {
    const text = `it has ${rows} rows: give at least ${MIN_ROWS}, better some thousands`;
    return [error('too-few-rows', null, text)];
  }
  if (rows >= FEW_ROWS) return [];
  const text = `it has ${rows} rows only: small drifts cannot be told from chance`;
  return [warning('too-few-rows', null, text)];
}

function checkFeature(feature: BaselineFeature): Finding[] {
  const { name, histogram } = feature;
  const values = binnedTotal(histogram);
  if (values === 0) {
    const { missing, invalid } = histogram;
    return observationTotal(histogram) === 0 || missing >= invalid
      ? [error('all-missing', name, `${name} is missing in every row: ignore it or mend the rows`)]
      : [
          error(
            'all-invalid',
            name,
            `${name} has no valid ${feature.kind} value: declare its kind, ignore it or mend the rows`,
          ),
        ];
  }
  return histogram.kind === 'numeric'
    ? checkNumbers(name, histogram)
    : checkCategories(feature, histogram, values);
}

function checkNumbers(name: string, h: NumericHistogram): Finding[] {
  if (h.min === h.max) {
    const text = `${name} is ${h.min} in every row: any other value will be a drift`;
    return [warning('constant', name, text)];
  }
  return suspiciousEnds(h).map((value) =>
    warning(
      'sentinel',
      name,
      `${name} has ${value} far from all its other values: if it stands for a missing one, leave it empty`,
    ),
  );
}

/** Ends of the range that lie apart from the rest and look like a word for "missing". */
function suspiciousEnds(h: NumericHistogram): number[] {
  const { counts, binning } = h;
  const filled = [...counts.keys()].filter((bin) => (counts[bin] as number) > 0);
  const [lowest = 0, second = lowest] = filled;
  const highest = filled.at(-1) ?? 0;
  const before = filled.at(-2) ?? highest;
  // What the rest spans. An end that is a bin of its own leaves its neighbour's far edge to tell, any other its own.
  const { edges, atoms } = binning;
  const low = edges[atoms[lowest] === 1 ? second : lowest] ?? h.max;
  const high = edges[(atoms[highest] === 1 ? before : highest) - 1] ?? h.min;
  // One other value is a code of two, not a range with something outside it.
  if (!(low < high)) return [];
  const isLow = LOW_SENTINELS.has(h.min) && low - h.min > Math.max(0, h.max - low);
  const isHigh = HIGH_SENTINELS.has(h.max) && h.max - high > Math.max(0, high - h.min);
  // Zero degrees Kelvin, prices of nothing: alone at zero, all others far above it and close together.
  const isZero = h.min === 0 && h.zero > 0 && low > 2 * (h.max - low);
  return [...(isLow || isZero ? [h.min] : []), ...(isHigh ? [h.max] : [])];
}

function checkCategories(
  { name, kind, goodTuring }: BaselineFeature,
  h: CategoricalHistogram,
  values: number,
): Finding[] {
  if (h.counts.some((count) => count === values)) {
    const category = h.binning.categories[h.counts.indexOf(values)] ?? '';
    const text = `${name} is "${category}" in every row: any other value will be a drift`;
    return [warning('constant', name, text)];
  }
  if (kind === 'boolean') return [];
  const distinct = h.binning.categories.length + h.binning.known.length;
  if (values >= MIN_ROWS && (goodTuring?.singletons ?? 0) > IDENTIFIER_SHARE * values) {
    const text = `${name} has another value in nearly every row (${distinct} values): it is an identifier or free text, ignore it`;
    return [error('identifier', name, text)];
  }
  const untracked = (h.other + h.unseen) / values;
  if (untracked <= MAX_UNTRACKED) return [];
  const text = `${name} has ${distinct} values, and the ${h.binning.categories.length} most frequent make up ${Math.round(100 * (1 - untracked))} % only: group them`;
  return [warning('many-categories', name, text)];
}
