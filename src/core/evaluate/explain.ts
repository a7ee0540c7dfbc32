import { shareText } from '../domain/figures.ts';
import { withUnit } from '../domain/feature.ts';
import { binnedTotal } from '../histogram/histogram.ts';
import type { CategoricalHistogram, Histogram, NumericHistogram } from '../histogram/types.ts';
import { isKnownCategory } from '../histogram/category-lookup.ts';
import { piecesOf, quantileOf } from '../drawing/curve.ts';
import { ksInterval } from '../statistic/ks.ts';
import { groupCounts, psiCells, psiContributions, psiGroups } from '../statistic/psi.ts';
import { comparedCells } from './sample.ts';
import type { Subject } from './types.ts';

/** A part of the values that moved: a range (from, to] or a category. */
export interface Move {
  /** "(12.5, 78.1]", "above 78.1", a category, "other values", "rare values". */
  readonly label: string;
  /** Numeric: the ends of the range; null: unbounded. Categories: both null. */
  readonly from: number | null;
  readonly to: number | null;
  readonly baselineShare: number;
  readonly liveShare: number;
  /** Part of the PSI that comes from here; all moves of a feature add up to 1. 0 when the PSI is 0. */
  readonly psiShare: number;
}

export interface QuantileShift {
  readonly p: number;
  readonly baseline: number;
  readonly live: number;
}

/** A category on one side only. */
export interface CategoryShare {
  readonly category: string;
  readonly share: number;
}

/** Why a feature counts as drifted: plain data, JSON-safe. */
export interface Explanation {
  /** The parts of the PSI that moved most, by falling share of the PSI; at most `limit`. */
  readonly moves: readonly Move[];
  /** Numeric: q05 q25 q50 q75 q95, interpolated inside bins; empty for categories and for values without finite ones. */
  readonly quantiles: readonly QuantileShift[];
  /** Categories: unseen in the baseline and heavy now (lower bound of the share); of the baseline and absent now. */
  readonly newCategories: readonly CategoryShare[];
  readonly vanishedCategories: readonly CategoryShare[];
  /** The same in words, most telling first. */
  readonly words: readonly string[];
}

const QUANTILES = [0.05, 0.25, 0.5, 0.75, 0.95];
/** Changes of a share below this are not put in words. */
const SPOKEN_SHARE = 0.005;
/** A category has vanished when this many of it were to be expected (chance of none by luck: e^-10). */
const EXPECTED_WHEN_VANISHED = 10;

/**
 * Explains the difference of a subject's live window from its reference.
 * @param limit greatest number of moves and of categories in each list
 * @returns null when a side has no values to compare
 */
export function explanationOf(subject: Subject, limit = 5): Explanation | null {
  const { live, baseline: feature, comparable } = subject;
  if (live === null || feature === null || !comparable) return null;
  const baseline = subject.mixture?.histogram ?? feature.histogram;
  if (binnedTotal(live) === 0 || binnedTotal(baseline) === 0) return null;
  if (live.kind === 'numeric' && baseline.kind === 'numeric') {
    const { unit = null } = subject;
    const moves = rangeMoves(baseline, live, unit);
    const quantiles = quantileShifts(baseline, live);
    return {
      moves: moves.slice(0, limit),
      quantiles,
      newCategories: [],
      vanishedCategories: [],
      words: [
        ...gapInWords(baseline, live, unit),
        ...movesInWords(moves),
        ...medianInWords(quantiles, unit),
      ],
    };
  }
  if (live.kind === 'numeric' || baseline.kind === 'numeric') return null;
  const moves = categoryMoves(baseline, live);
  const newCategories = newOnes(baseline, live).slice(0, limit);
  const vanishedCategories = vanishedOnes(baseline, live).slice(0, limit);
  const words = [
    ...newCategories.map((c) => `new category ${c.category}: at least ${shareText(c.share)}`),
    ...vanishedCategories.map((c) => `category ${c.category} is gone: was ${shareText(c.share)}`),
    ...movesInWords(moves),
  ];
  return { moves: moves.slice(0, limit), quantiles: [], newCategories, vanishedCategories, words };
}

interface Grouping {
  readonly groupOf: Uint8Array;
  readonly groups: number;
}

/** One move a PSI group, named by the group's number, by falling share of the PSI. */
function movesOf(
  baseline: Histogram,
  live: Histogram,
  { groupOf, groups }: Grouping,
  naming: (group: number) => Pick<Move, 'label' | 'from' | 'to'>,
): Move[] {
  const before = groupCounts(comparedCells(baseline), groupOf, groups);
  const now = groupCounts(comparedCells(live), groupOf, groups);
  const parts = psiContributions(before, now, 'half');
  const total = parts.reduce((sum, part) => sum + part, 0);
  const [m, n] = [binnedTotal(baseline), binnedTotal(live)];
  return Array.from(parts, (part, group): Move => ({
    ...naming(group),
    baselineShare: (before[group] as number) / m,
    liveShare: (now[group] as number) / n,
    psiShare: total > 0 ? part / total : 0,
  })).sort((a, b) => b.psiShare - a.psiShare);
}

function rangeMoves(
  baseline: NumericHistogram,
  live: NumericHistogram,
  unit: string | null,
): Move[] {
  const grouping = psiGroups(baseline.counts);
  const { edges } = baseline.binning;
  return movesOf(baseline, live, grouping, (group) => {
    const from = edges[grouping.groupOf.indexOf(group) - 1] ?? null;
    const to = edges[grouping.groupOf.lastIndexOf(group)] ?? null;
    return { label: rangeLabel(from, to, unit), from, to };
  });
}

/**
 * Where values of the bin that ends at an edge lie, in words: "at 7" when the bin holds one value, "above 12" when they lie
 * beyond the last edge.
 */
export function placeLabel(live: NumericHistogram, edge: number, unit: string | null): string {
  const { counts, binning } = live;
  const bin = binning.edges.indexOf(edge);
  const beyond = bin === binning.edges.length - 1 && (counts[bin + 1] ?? 0) > (counts[bin] ?? 0);
  if (beyond) return rangeLabel(edge, null, unit);
  const from = bin > 0 ? (binning.edges[bin - 1] as number) : null;
  const single = binning.atoms[bin] === 1 || (from !== null && number(from) === number(edge));
  return single ? `at ${number(edge, unit)}` : rangeLabel(from, edge, unit);
}

function rangeLabel(from: number | null, to: number | null, unit: string | null): string {
  if (from === null) return to === null ? 'all values' : `at or below ${number(to, unit)}`;
  if (to === null) return `above ${number(from, unit)}`;
  return withUnit(`in (${number(from)}, ${number(to)}]`, unit);
}

function categoryMoves(baseline: CategoricalHistogram, live: CategoricalHistogram): Move[] {
  const grouping = psiCells(comparedCells(baseline), comparedCells(live));
  const names = [...baseline.binning.categories, 'other values'];
  return movesOf(baseline, live, grouping, (group) => {
    const single = grouping.groupOf.indexOf(group) === grouping.groupOf.lastIndexOf(group);
    const label = single ? names[grouping.groupOf.indexOf(group)] : undefined;
    return { label: label ?? 'rare values', from: null, to: null };
  });
}

function quantileShifts(baseline: NumericHistogram, live: NumericHistogram): QuantileShift[] {
  const [before, now] = [piecesOf(baseline), piecesOf(live)];
  if (before.length === 0 || now.length === 0) return [];
  return QUANTILES.map((p) => ({ p, baseline: quantileOf(before, p), live: quantileOf(now, p) }));
}

/** Names that the baseline never had, neither among its tracked categories nor among the others; their counts are lower bounds. */
function newOnes(baseline: CategoricalHistogram, live: CategoricalHistogram): CategoryShare[] {
  const n = binnedTotal(live);
  if (live.unseen === 0) return [];
  return [...live.heavy]
    .filter(
      ([name, count]) =>
        count > 0 && !baseline.heavy.has(name) && !isKnownCategory(baseline.binning, name),
    )
    .map(([category, count]) => ({ category, share: Math.min(count, live.unseen) / n }))
    .sort(heaviestFirst);
}

function vanishedOnes(baseline: CategoricalHistogram, live: CategoricalHistogram): CategoryShare[] {
  const [m, n] = [binnedTotal(baseline), binnedTotal(live)];
  return baseline.binning.categories
    .map((category, i) => ({ category, share: (baseline.counts[i] ?? 0) / m, now: live.counts[i] }))
    .filter(({ share, now }) => now === 0 && share * n >= EXPECTED_WHEN_VANISHED)
    .map(({ category, share }) => ({ category, share }))
    .sort(heaviestFirst);
}

function heaviestFirst(a: CategoryShare, b: CategoryShare): number {
  return b.share - a.share || (a.category < b.category ? -1 : 1);
}

/** The Kolmogorov-Smirnov gap: which way the values moved. */
function gapInWords(
  baseline: NumericHistogram,
  live: NumericHistogram,
  unit: string | null,
): string[] {
  const { low, bin, sign } = ksInterval(baseline.counts, live.counts, baseline.binning.atoms);
  const edge = baseline.binning.edges[bin];
  if (edge === undefined || low < SPOKEN_SHARE) return [];
  const [m, n] = [binnedTotal(baseline), binnedTotal(live)];
  let [before, now] = [0, 0];
  for (let i = 0; i <= bin; i += 1) {
    before += (baseline.counts[i] as number) / m;
    now += (live.counts[i] as number) / n;
  }
  return sign < 0
    ? [`more mass above ${number(edge, unit)}: ${shareText(1 - before)} -> ${shareText(1 - now)}`]
    : [`less mass above ${number(edge, unit)}: ${shareText(1 - before)} -> ${shareText(1 - now)}`];
}

function movesInWords(moves: readonly Move[]): string[] {
  return moves
    .filter(({ baselineShare: q, liveShare: p }) => Math.abs(p - q) >= SPOKEN_SHARE)
    .slice(0, 3)
    .map(({ label, baselineShare, liveShare }) => {
      const direction = liveShare > baselineShare ? 'more' : 'less';
      return `${direction} ${label}: ${shareText(baselineShare)} -> ${shareText(liveShare)}`;
    });
}

function medianInWords(quantiles: readonly QuantileShift[], unit: string | null): string[] {
  const median = quantiles.find(({ p }) => p === 0.5);
  if (median === undefined || number(median.baseline) === number(median.live)) return [];
  return [`median ${number(median.baseline, unit)} -> ${number(median.live, unit)}`];
}

/** Four significant digits. */
function number(value: number, unit: string | null = null): string {
  return withUnit(String(Number(value.toPrecision(4))), unit);
}
