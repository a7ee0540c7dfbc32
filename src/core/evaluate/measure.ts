import type { CategoricalHistogram, NumericHistogram } from '../histogram/types.ts';
import { binnedTotal } from '../histogram/histogram.ts';
import { cellTests, shareTest } from '../statistic/chernoff.ts';
import type { CellTests } from '../statistic/chernoff.ts';
import { contingencyTest } from '../statistic/contingency.ts';
import { ksExactLogP } from '../statistic/ks-lattice.ts';
import { ksDkwLogP, ksInterval, ksLimitLogP, pooledEnds } from '../statistic/ks.ts';
import {
  decileGroups,
  groupCounts,
  psi,
  psiCells,
  psiGateCells,
  psiGroups,
  psiLogP,
} from '../statistic/psi.ts';
import type { PsiGrouping } from '../statistic/psi.ts';
import type { UnseenReference } from '../statistic/unseen.ts';
import { unseenTest } from '../statistic/unseen.ts';
import { wasserstein } from '../statistic/wasserstein.ts';
import { STATISTICS } from '../statistic/catalogue.ts';
import type { StatisticName } from '../statistic/catalogue.ts';
import type { Sample } from './sample.ts';
import { STRUCTURAL_SHARE, toleranceOf } from './tolerance.ts';
import type { Delta, EvaluationPolicy, StatisticResult, Subject } from './types.ts';

/** PSI is tested from this many effective values on, and only over two groups or more (STATISTICS ruling 3). */
const PSI_MIN_N = 200;
/** A statistic before the multiple-testing correction: everything but the gates' outcome. */
export interface Measured extends Omit<StatisticResult, 'logPAdjusted' | 'fires'> {
  /** Of statistics over cells: does any exceed what is tolerated of it? (The greatest change may be of another cell.) */
  readonly beyond?: boolean;
}

/** Every statistic of a sample, in the catalogue's order; those switched off or that do not apply are left out. */
export function measure(
  subject: Subject,
  sample: Sample,
  policy: EvaluationPolicy,
  exactLimit: number,
): Measured[] {
  const measured =
    sample.live.kind === 'numeric'
      ? measureNumeric(
          subject,
          sample,
          sample.baseline as NumericHistogram,
          sample.live,
          policy,
          exactLimit,
        )
      : measureCategories(
          subject,
          sample,
          sample.baseline as CategoricalHistogram,
          sample.live,
          policy,
        );
  return measured.filter(({ name }) => !policy.off.includes(name));
}

function measureNumeric(
  subject: Subject,
  sample: Sample,
  baseline: NumericHistogram,
  live: NumericHistogram,
  policy: EvaluationPolicy,
  exactLimit: number,
): Measured[] {
  const { baselineCells, liveCells, nEff, mEff } = sample;
  const spike = cellTests(baselineCells, liveCells, nEff, mEff, bothOf(policy.shareDelta), {
    maxShare: STRUCTURAL_SHARE,
    edgesOfBaseline: true,
  });
  const edges = live.binning.edges;
  const tenths = decileGroups(baselineCells);
  const width = subject.baseline?.scale ?? 0;
  return [
    measureKs(subject, sample, baseline, live, policy, exactLimit),
    measurePsi(sample, psiGroups(baselineCells, tenths), policy),
    {
      name: 'spike',
      ...cellGates(spike),
      ...(spike.cell < 0 ? {} : { at: edges[Math.min(spike.cell, edges.length - 1)] as number }),
    },
    ...observedShares(sample, policy),
    ...(['zero', 'negative', 'integer'] as const).map((name) =>
      measureShare(name, [baseline[name], sample.m], [live[name], sample.n], sample, policy),
    ),
    // Over 200 fine bins they would measure sampling error.
    ...distances(
      sample,
      groupCounts(baselineCells, tenths.groupOf, tenths.groups),
      groupCounts(liveCells, tenths.groupOf, tenths.groups),
    ),
    // Without a spread there is no unit: a distance of 0 would be a lie, and any other number, too.
    ...(width > 0 ? [reportOnly('wasserstein', wasserstein(baseline, live) / width)] : []),
  ];
}

function measureKs(
  subject: Subject,
  sample: Sample,
  baseline: NumericHistogram,
  live: NumericHistogram,
  policy: EvaluationPolicy,
  exactLimit: number,
): Measured {
  const { n, m, nEff, mEff, c } = sample;
  const interval = ksInterval(baseline.counts, live.counts, live.binning.atoms);
  const effective = c === Infinity ? 0 : 1 / c;
  // Exact only without a design effect or a seasonal mixture: the lattice knows whole, independent samples (ruling 4).
  const whole = subject.mixture === null && nEff === n && mEff === m;
  const exact = whole && n > 0 && m > 0 && Math.max(n, m) <= exactLimit;
  const exactP = exact
    ? ksExactLogP(interval.low, n, m, pooledEnds(baseline.counts, live.counts))
    : null;
  const edge = live.binning.edges[interval.bin];
  return {
    name: 'ks',
    value: interval.low,
    low: interval.low,
    high: interval.high,
    logP: exactP ?? ksLimitLogP(interval.low, effective),
    logP0: exactP ?? ksDkwLogP(interval.low, effective),
    logPDelta: bothDeltas(policy.delta, (delta) => ksDkwLogP(interval.low - delta, effective)),
    ...(edge === undefined ? {} : { at: edge }),
  };
}

function measurePsi(sample: Sample, grouping: PsiGrouping, policy: EvaluationPolicy): Measured {
  const { baselineCells, liveCells, shrinkN, shrinkM, nEff, c } = sample;
  const shown = psi(
    groupCounts(baselineCells, grouping.groupOf, grouping.groups),
    groupCounts(liveCells, grouping.groupOf, grouping.groups),
    policy.psiMode,
  );
  const { groupOf, groups } =
    sample.live.kind === 'numeric' ? grouping : psiGateCells(baselineCells, liveCells);
  if (nEff < PSI_MIN_N || groups < 2 || c === Infinity) {
    return { name: 'psi', value: shown, logP: null, logP0: null, logPDelta: null };
  }
  // The gates see the effective counts, so that +0.5 weighs as it does in the null law.
  const tested = psi(
    groupCounts(baselineCells, groupOf, groups, shrinkM),
    groupCounts(liveCells, groupOf, groups, shrinkN),
  );
  const logP0 = psiLogP(tested, groups, c, 0);
  return {
    name: 'psi',
    value: shown,
    logP: logP0,
    logP0,
    logPDelta: bothDeltas(policy.delta, (delta) => psiLogP(tested, groups, c, delta)),
  };
}

function measureCategories(
  subject: Subject,
  sample: Sample,
  baseline: CategoricalHistogram,
  live: CategoricalHistogram,
  policy: EvaluationPolicy,
): Measured[] {
  const { nEff, mEff, n, m } = sample;
  const linf = (a: Float64Array, b: Float64Array, of: readonly [n: number, m: number]): CellTests =>
    cellTests(a, b, nEff, mEff, bothOf(policy.shareDelta), {
      of,
      bothDirections: true,
      heavy: { above: STRUCTURAL_SHARE, deltas: bothOf(policy.delta) },
    });
  const grouping = psiCells(sample.baselineCells, sample.liveCells);
  // Of the tracked categories alone: that they are the baseline's heaviest makes all the others look too light in it.
  const tracked = linf(baseline.counts, live.counts, [n, m]);
  const results: Measured[] = [
    measurePsi(sample, grouping, policy),
    {
      name: 'linf',
      ...cellGates(tracked),
      ...(tracked.cell < 0 ? {} : { at: live.binning.categories[tracked.cell] ?? '' }),
    },
    ...observedShares(sample, policy),
  ];
  if (live.kind === 'categorical') {
    results.push({ name: 'linf_hash', ...cellGates(linf(baseline.cells, live.cells, [n, m])) });
    const share = n > 0 ? live.unseen / n : 0;
    const test = (delta: number) =>
      unseenTest(share, nEff, unseenReference(subject, sample), delta);
    results.push({
      name: 'unseen',
      value: share,
      logP: test(0).logP0,
      logP0: test(0).logP0,
      logPDelta: bothDeltas(policy.shareDelta, (delta) => test(delta).logPDelta),
    });
  }
  // Not over the cells of the PSI: where all categories are light those are one, and nothing has any distance.
  results.push(...distances(sample, sample.baselineCells, sample.liveCells));
  // Where not all categories were kept, the rest of them is one.
  const cells = subject.categories ?? {
    baseline: Float64Array.of(...sample.baselineCells, baseline.missing),
    live: Float64Array.of(...sample.liveCells, live.missing),
  };
  const table = contingencyTest(cells.baseline, cells.live);
  if (table !== null) results.push({ ...reportOnly('chi2', table.chi2), logP: table.logP });
  return results;
}

/** What the whole baseline, in any season, says of values it has not seen. */
function unseenReference(subject: Subject, sample: Sample): UnseenReference {
  const whole = subject.baseline?.histogram ?? sample.baseline;
  return {
    m: binnedTotal(whole),
    unseen: whole.kind === 'numeric' ? 0 : whole.unseen,
    designEffect: sample.designEffect,
    ...(subject.baseline?.goodTuring ?? { singletons: 0, doubletons: 0 }),
  };
}

/** Missing and invalid are shares of all observations. */
function observedShares(sample: Sample, policy: EvaluationPolicy): Measured[] {
  const { baseline, live, observedN, observedM } = sample;
  return (['missing', 'invalid'] as const).map((name) =>
    measureShare(name, [baseline[name], observedM], [live[name], observedN], sample, policy),
  );
}

/** A count of a baseline or live sample, and the sample's size. */
type Part = readonly [count: number, of: number];

function measureShare(
  name: StatisticName,
  [baseCount, m]: Part,
  [liveCount, n]: Part,
  sample: Sample,
  policy: EvaluationPolicy,
): Measured {
  const { shrinkN, shrinkM } = sample;
  const liveShare = n > 0 ? liveCount / n : 0;
  const test = (delta: number) =>
    shareTest(baseCount * shrinkM, m * shrinkM, liveShare, n * shrinkN, delta);
  const none = test(0);
  return {
    name,
    value: Math.abs(none.change),
    logP: none.logP0,
    logP0: none.logP0,
    logPDelta: bothDeltas(
      toleranceOf(name, sample, policy) ?? policy.shareDelta,
      (delta) => test(delta).logPDelta,
    ),
  };
}

/** The distances of the catalogue, of counts on the same cells. */
function distances(sample: Sample, baseline: Float64Array, live: Float64Array): Measured[] {
  return STATISTICS.flatMap((entry) =>
    'distance' in entry && entry.kinds.includes(sample.live.kind)
      ? [reportOnly(entry.name, entry.distance(baseline, live))]
      : [],
  );
}

function reportOnly(name: StatisticName, value: number): Measured {
  return { name, value, logP: null, logP0: null, logPDelta: null };
}

const bothOf = ({ warning, critical }: Delta): readonly number[] => [warning, critical];

/** Value and p-values of tests of cells at both deltas. */
function cellGates({ value, logP0, logPDeltas, beyond }: CellTests): Omit<Measured, 'name'> {
  const [warning = 0, critical = 0] = logPDeltas;
  return { value, logP: logP0, logP0, logPDelta: { warning, critical }, beyond };
}

function bothDeltas(delta: Delta, logP: (delta: number) => number): Delta {
  return { warning: logP(delta.warning), critical: logP(delta.critical) };
}
