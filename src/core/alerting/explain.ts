import { piecesOf, quantileOf } from '../drawing/curve.ts';
import type { FeatureResult, Subject } from '../evaluate/types.ts';
import { binnedTotal } from '../histogram/histogram.ts';
import type { CategoricalHistogram, NumericHistogram } from '../histogram/types.ts';
import { ksInterval } from '../statistic/ks.ts';
import { groupCounts, psiGroups } from '../statistic/psi.ts';

/** A change of a share below this is not worth a sentence. */
const SHARE = 0.01;
const MAX_CATEGORIES = 3;
const MAX_LABEL = 60;

/** Sentences that say what changed about a feature, most telling first; none when there is nothing to compare. */
export function explain(subject: Subject, result: FeatureResult): string[] {
  const { live, baseline } = subject;
  if (live === null || baseline === null) return [];
  const reference = subject.mixture?.histogram ?? baseline.histogram;
  const sentences: string[] = [];
  if (binnedTotal(live) > 0 && binnedTotal(reference) > 0) {
    if (reference.kind === 'numeric' && live.kind === 'numeric')
      sentences.push(...numericSentences(reference, live, result));
    else if (reference.kind !== 'numeric' && live.kind !== 'numeric')
      sentences.push(...categorySentences(reference, live));
  }
  return [...sentences, ...qualitySentences(result)];
}

function numericSentences(
  baseline: NumericHistogram,
  live: NumericHistogram,
  result: FeatureResult,
): string[] {
  const [before, now] = [piecesOf(baseline), piecesOf(live)];
  const quantiles = (p: number): [string, string] => [
    number(quantileOf(before, p)),
    number(quantileOf(now, p)),
  ];
  const [median, low, high] = [quantiles(0.5), quantiles(0.25), quantiles(0.75)];
  return [
    `Median ${median[1]}, in the baseline ${median[0]}; the middle half runs from ${low[1]} to ${high[1]}, in the baseline from ${low[0]} to ${high[0]}.`,
    ...largestGap(baseline, live),
    ...heaviestGain(baseline, live),
    ...spikeSentences(result),
    ...((result.outOfRangeShare ?? 0) >= SHARE
      ? [`${percent(result.outOfRangeShare ?? 0)} of the values lie outside the baseline's range.`]
      : []),
  ];
}

/** The KS statistic in words. */
function largestGap(baseline: NumericHistogram, live: NumericHistogram): string[] {
  const { bin } = ksInterval(baseline.counts, live.counts, baseline.binning.atoms);
  const edge = baseline.binning.edges[bin];
  if (edge === undefined) return [];
  const share = (histogram: NumericHistogram): number => {
    let sum = 0;
    for (let i = 0; i <= bin; i += 1) sum += histogram.counts[i] as number;
    return sum / binnedTotal(histogram);
  };
  const [before, now] = [share(baseline), share(live)];
  return Math.abs(now - before) < SHARE
    ? []
    : [
        `${percent(now)} of the values are at or below ${number(edge)}, in the baseline ${percent(before)}.`,
      ];
}

/** The tenth of the baseline that holds much more than its tenth now. */
function heaviestGain(baseline: NumericHistogram, live: NumericHistogram): string[] {
  const { groupOf, groups } = psiGroups(baseline.counts);
  const before = groupCounts(baseline.counts, groupOf, groups, 1 / binnedTotal(baseline));
  const now = groupCounts(live.counts, groupOf, groups, 1 / binnedTotal(live));
  let best = 0;
  for (let g = 1; g < groups; g += 1)
    if ((now[g] ?? 0) - (before[g] ?? 0) > (now[best] ?? 0) - (before[best] ?? 0)) best = g;
  const [share, reference] = [now[best] ?? 0, before[best] ?? 0];
  if (share - reference < SHARE) return [];
  const { edges } = baseline.binning;
  const from = edges[groupOf.indexOf(best) - 1];
  const to = edges[groupOf.lastIndexOf(best)];
  // An end of the range: the largest gap has said it.
  if (from === undefined || to === undefined) return [];
  return [
    `${percent(share)} of the values are between ${number(from)} and ${number(to)}, in the baseline ${percent(reference)}.`,
  ];
}

function spikeSentences(result: FeatureResult): string[] {
  const spike = result.statistics.find(({ name }) => name === 'spike');
  if (spike === undefined || spike.fires === null || typeof spike.at !== 'number') return [];
  return [
    `Values pile up near ${number(spike.at)}: ${percent(spike.value)} more of them than in the baseline.`,
  ];
}

function categorySentences(baseline: CategoricalHistogram, live: CategoricalHistogram): string[] {
  const [m, n] = [binnedTotal(baseline), binnedTotal(live)];
  const moves = baseline.binning.categories
    .map((label, i) => ({
      label,
      before: (baseline.counts[i] ?? 0) / m,
      now: (live.counts[i] ?? 0) / n,
    }))
    .filter(({ before, now }) => Math.abs(now - before) >= SHARE)
    .sort((a, b) => Math.abs(b.now - b.before) - Math.abs(a.now - a.before))
    .slice(0, MAX_CATEGORIES)
    .map(
      ({ label, before, now }) =>
        `${quoted(label)} is ${percent(now)} of the values, in the baseline ${percent(before)}.`,
    );
  return [...moves, ...newValues(baseline, live, n)];
}

function newValues(
  baseline: CategoricalHistogram,
  live: CategoricalHistogram,
  n: number,
): string[] {
  if (live.unseen / n < SHARE / 2) return [];
  const tracked = new Set(baseline.binning.categories);
  const heaviest = [...live.heavy]
    .filter(([label]) => !tracked.has(label) && !baseline.heavy.has(label))
    .sort((a, b) => b[1] - a[1])[0];
  const named = heaviest === undefined ? '' : `, most often ${quoted(heaviest[0])}`;
  return [
    `${percent(live.unseen / n)} of the values are new: the baseline never had them${named}.`,
  ];
}

function qualitySentences({ missing, invalid }: FeatureResult): string[] {
  const tell = (what: string, { baseline, live }: FeatureResult['missing']): string[] =>
    Math.abs(live - baseline) < SHARE / 2
      ? []
      : [`${what}: ${percent(live)} of the events, in the baseline ${percent(baseline)}.`];
  return [...tell('Missing', missing), ...tell("Not of the feature's type", invalid)];
}

function quoted(label: string): string {
  const chars = [...label];
  return `"${chars.length > MAX_LABEL ? `${chars.slice(0, MAX_LABEL - 1).join('')}…` : label}"`;
}

/** Four significant digits. */
function number(value: number): string {
  return String(Number(value.toPrecision(4)));
}

function percent(share: number): string {
  const value = share * 100;
  return `${value === 0 ? '0' : value < 9.95 ? value.toFixed(1) : value.toFixed(0)} %`;
}
