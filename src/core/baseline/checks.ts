import type { Feature } from '../domain/feature.ts';
import { binnedTotal, observationTotal } from '../histogram/histogram.ts';
import type { CategoricalHistogram, NumericHistogram } from '../histogram/types.ts';
import type { Baseline, BaselineFeature } from './types.ts';

/** Fewer rows cannot stand for anything; from the second number on nothing is said. */
export const MIN_ROWS = 30;
const FEW_ROWS = 500;
/** Events may not have more keys. */
const MAX_FEATURES = 1_000;
const MAX_NAME = 128;
const MAX_SEGMENT_NAME = 256;
/** A category feature of which so many values are seen once only is an identifier. */
const IDENTIFIER_SHARE = 0.9;
/** More than this outside the tracked categories makes a feature hard to watch. */
const MAX_UNTRACKED = 0.2;
/** What stands for "missing" in numbers that people write into files. */
const LOW_SENTINELS = new Set([-1, -9, -99, -999, -9999, -99_999, -999_999, -32_768]);
const HIGH_SENTINELS = new Set([
  99, 999, 9999, 99_999, 999_999, 9_999_999, 32_767, 65_535, 2_147_483_647, 4_294_967_295, 1e20,
]);

export type CheckName =
  | 'no-features'
  | 'too-many-features'
  | 'unreadable-text'
  | 'too-few-rows'
  | 'all-missing'
  | 'all-invalid'
  | 'constant'
  | 'kind-contradicts'
  | 'feature-lacking'
  | 'feature-new'
  | 'identifier'
  | 'many-categories'
  | 'sentinel'
  | 'own-binning'
  | 'other-binning';

/** What is wrong with a baseline, or looks so. Errors refuse it; warnings are kept with it. */
export interface Finding {
  readonly level: 'error' | 'warning';
  readonly check: CheckName;
  /** null: about the whole. */
  readonly feature: string | null;
  /** One sentence with the way out. */
  readonly text: string;
}

/** What the model knows before the baseline comes. */
export interface CheckContext {
  /** The model's features as events are counted; empty for a new model. */
  readonly features: readonly Feature[];
  /** null: there is none. */
  readonly active: Baseline | null;
}

/** Checks a baseline before anything of it is stored: errors first, then warnings, feature by feature. */
export function checkBaseline(baseline: Baseline, context: CheckContext): Finding[] {
  const findings = [
    ...checkWhole(baseline),
    ...baseline.features.flatMap((feature) => checkFeature(feature)),
    ...checkAgainstModel(baseline, context),
  ];
  return [
    ...findings.filter(({ level }) => level === 'error'),
    ...findings.filter(({ level }) => level === 'warning'),
  ];
}

function error(check: CheckName, feature: string | null, text: string): Finding {
  return { level: 'error', check, feature, text };
}

function warning(check: CheckName, feature: string | null, text: string): Finding {
  return { level: 'warning', check, feature, text };
}

function checkWhole(baseline: Baseline): Finding[] {
  const { rows, features } = baseline;
  const texts = checkTexts(baseline);
  if (texts.length > 0) return texts;
  if (features.length > MAX_FEATURES) {
    const text = `it has ${features.length} features, at most ${MAX_FEATURES} are watched: ignore some`;
    return [error('too-many-features', null, text)];
  }
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

/** Texts that no database takes: names that are too long, control characters, halves of surrogate pairs. */
function checkTexts({ features, segments }: Baseline): Finding[] {
  const named = features.flatMap(({ name }) =>
    isName(name, MAX_NAME) ? [] : [textFault('the name of a feature', name)],
  );
  const sliced = [...segments.keys()].flatMap((name) =>
    isName(name, MAX_SEGMENT_NAME) ? [] : [textFault('the name of a segment', name)],
  );
  const held = features.flatMap(({ name, histogram }) => {
    if (histogram.kind === 'numeric') return [];
    const texts = [...histogram.binning.categories, ...histogram.heavy.keys()];
    const bad = texts.find((text) => text.includes('\0') || !text.isWellFormed());
    return bad === undefined ? [] : [textFault(`a category of ${name}`, bad)];
  });
  return [...named, ...sliced, ...held];
}

function isName(name: string, most: number): boolean {
  return name.length <= most && name.isWellFormed() && !/\p{Cc}/u.test(name);
}

function textFault(what: string, text: string): Finding {
  const shown = JSON.stringify(text.toWellFormed()).slice(0, 60);
  return error('unreadable-text', null, `${what} is too long or no readable text: ${shown}`);
}

function checkFeature(feature: BaselineFeature): Finding[] {
  const { name, histogram, also } = feature;
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
  return [
    ...(histogram.kind === 'numeric'
      ? checkNumbers(name, histogram)
      : checkCategories(feature, histogram, values)),
    ...(also === undefined
      ? []
      : [
          warning(
            'own-binning',
            name,
            `${name} does not fit the binning in use and gets one of its own: until it is retired it is counted on both`,
          ),
        ]),
  ];
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

function checkAgainstModel(baseline: Baseline, { features, active }: CheckContext): Finding[] {
  const findings: Finding[] = [];
  const kindOf = new Map(features.map((feature) => [feature.name, feature.kind]));
  const own = new Set(baseline.features.map(({ name }) => name));
  const counted = new Set(active?.features.map(({ name }) => name));
  for (const { name, kind } of baseline.features) {
    const known = kindOf.get(name);
    if (known !== undefined && known !== kind) {
      const text = `${name} is ${kind} here, but events are counted as ${known}: declare its kind, or mend the rows`;
      findings.push(error('kind-contradicts', name, text));
    } else if (active !== null && !counted.has(name)) {
      const text = `${name} is new: it is counted from now on, and has no data before`;
      findings.push(warning('feature-new', name, text));
    }
  }
  if (active === null) return findings;
  const earlier = new Map(active.features.map((feature) => [feature.name, feature.histogram]));
  for (const feature of baseline.features) {
    const held = earlier.get(feature.name)?.binning.id;
    const all = [feature, ...(feature.also ?? [])].map(({ histogram }) => histogram.binning.id);
    if (held === undefined || all.includes(held)) continue;
    const text = `${feature.name} is counted on another binning than events were so far: windows before it comes cannot be compared with it`;
    findings.push(warning('other-binning', feature.name, text));
  }
  const watched = features.filter(({ name, tier }) => counted.has(name) && tier !== 'ignore');
  for (const { name, tier } of watched) {
    if (own.has(name)) continue;
    const text = `${name} is counted in events, but not here: once this is active it has no baseline`;
    findings.push(
      tier === 'critical'
        ? error('feature-lacking', name, `${text}, and it is critical`)
        : warning('feature-lacking', name, text),
    );
  }
  return findings;
}
