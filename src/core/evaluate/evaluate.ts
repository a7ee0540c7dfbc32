import type { Severity, Verdict } from '../domain/verdict.ts';
import { binnedTotal, observationTotal } from '../histogram/histogram.ts';
import type { Histogram } from '../histogram/types.ts';
import { benjaminiHochberg } from '../statistic/multiple-testing.ts';
import { statisticEntry } from '../statistic/catalogue.ts';
import { measure } from './measure.ts';
import type { Measured } from './measure.ts';
import { sampleOf } from './sample.ts';
import type { Sample } from './sample.ts';
import { toleranceOf } from './tolerance.ts';
import type {
  Budget,
  Delta,
  EvaluationPolicy,
  EvaluationResult,
  FeatureResult,
  StatisticResult,
  Subject,
} from './types.ts';

/** Exact p-values cost time with the product of the sizes (STATISTICS ruling 11). */
export const DEFAULT_EXACT_LIMIT = 1_000;
/**
 * Above this minimum detectable effect a window cannot say anything worth hearing (ruling 2): .2, which is .15 beyond the
 * default's tolerated effect; as much beyond a greater one.
 */
const maxDetectable = (policy: EvaluationPolicy): number =>
  Math.max(0.2, policy.delta.warning + 0.15);
/** Quantile of the second gate at alpha .001 in units of sqrt(c): sqrt(ln(2 / .001) / 2) = 1.95. */
const gateWidth = (alpha: number): number => Math.sqrt(Math.log(2 / alpha) / 2);

interface Judged {
  readonly subject: Subject;
  readonly policy: EvaluationPolicy;
  readonly sample: Sample | null;
  readonly measured: readonly Measured[];
}

/**
 * Judges all subjects of one evaluation together: the first gate (Benjamini-Hochberg at q = budget / evaluations a day)
 * runs over all features, segments, windows and statistics of the evaluation, so that the budget holds for the whole.
 *
 * Total: every subject gets exactly one result with one verdict; no number in it is NaN or infinite.
 */
export function evaluate(
  subjects: readonly Subject[],
  policy: EvaluationPolicy,
  budget: Budget,
): EvaluationResult {
  const exactLimit = budget.exactLimit ?? DEFAULT_EXACT_LIMIT;
  const judged = subjects.map((subject): Judged => {
    const own = { ...policy, ...subject.policy };
    const sample = subject.comparable ? sampleOf(subject, own) : null;
    const measured = sample === null ? [] : measure(subject, sample, own, exactLimit);
    return { subject, policy: own, sample, measured };
  });
  const levelOf = (budgetPerDay: number): number =>
    Math.min(1, budgetPerDay / budget.evaluationsPerDay);
  // Subjects with a budget of their own are tested apart, those with an equal one together.
  const families = Map.groupBy(judged, (entry) => entry.policy.alertBudgetPerDay);
  const familyOf = new Map<Judged, Family>();
  for (const [budgetPerDay, members] of families) {
    const family = familyFrom(members, levelOf(budgetPerDay));
    for (const member of members) familyOf.set(member, family);
  }
  const results = judged.map((entry) => judge(entry, familyOf.get(entry) as Family));
  const tests = judged.reduce((sum, { measured }) => sum + measured.filter(isGate).length, 0);
  return { results, q: levelOf(policy.alertBudgetPerDay), tests };
}

/** Tests that share a budget: q for all of them, and their adjusted p-values. */
interface Family {
  readonly q: number;
  readonly tests: number;
  readonly adjustedOf: ReadonlyMap<Measured, number>;
}

function familyFrom(members: readonly Judged[], q: number): Family {
  const gates = members.flatMap(({ measured }) => measured.filter(isGate));
  const adjusted = benjaminiHochberg(gates.map((gate) => gate.logP0 ?? 0));
  return {
    q,
    tests: gates.length,
    adjustedOf: new Map(gates.map((gate, i) => [gate, adjusted[i] as number])),
  };
}

/** Does this statistic take part in the first gate? */
function isGate(measured: Measured): boolean {
  return measured.logP0 !== null && statisticEntry(measured.name).use === 'gate';
}

function judge(entry: Judged, { adjustedOf, q, tests }: Family): FeatureResult {
  const { subject, policy, sample, measured } = entry;
  const statistics = measured.map((m): StatisticResult => {
    const { beyond: _, ...shown } = m;
    const logPAdjusted = adjustedOf.get(m) ?? null;
    return finite({ ...shown, logPAdjusted, fires: firing(m, logPAdjusted, q, policy) });
  });
  const c = sample?.c ?? Infinity;
  const mde = minimumDetectableEffect(c, policy, q, tests);
  const ks = statistics.find(({ name }) => name === 'ks');
  const warmingUp = sample?.warmingUp ?? false;
  return {
    feature: subject.feature,
    kind: subject.kind,
    role: subject.role,
    tier: subject.tier,
    segment: subject.segment,
    window: subject.window.name,
    verdict: verdictOf(entry, statistics, mde),
    warmingUp,
    provenBelow:
      ks?.high !== undefined &&
      c !== Infinity &&
      ks.high + gateWidth(policy.alpha) * Math.sqrt(c) < policy.delta.warning,
    n: sample?.n ?? (subject.live === null ? 0 : binnedTotal(subject.live)),
    m: sample?.m ?? (subject.baseline === null ? 0 : binnedTotal(subject.baseline.histogram)),
    nEff: sample?.nEff ?? 0,
    mEff: sample?.mEff ?? 0,
    designEffect: sample?.designEffect ?? 1,
    minimumDetectableEffect: mde,
    missing: shareOf(sample, (h) => h.missing),
    invalid: shareOf(sample, (h) => h.invalid),
    outOfRangeShare: outOfRange(subject, sample),
    unseenShare:
      sample !== null && sample.live.kind !== 'numeric' && sample.n > 0
        ? sample.live.unseen / sample.n
        : null,
    statistics,
    groups: groupsOf(subject, sample),
  };
}

/** Both gates, or a fixed threshold; null: it does not fire. */
function firing(
  m: Measured,
  logPAdjusted: number | null,
  q: number,
  policy: EvaluationPolicy,
): Severity | null {
  const fixed = policy.fixed[m.name];
  if (fixed !== undefined) return severity((key) => m.value >= fixed[key]);
  if (logPAdjusted === null || m.logPDelta === null || logPAdjusted > Math.log(q)) return null;
  const { logPDelta } = m;
  return severity((key) => logPDelta[key] < Math.log(policy.alpha));
}

function severity(passes: (key: keyof Delta) => boolean): Severity | null {
  if (passes('critical')) return 'critical';
  return passes('warning') ? 'warning' : null;
}

/** STATISTICS ruling 2: the first that applies. */
function verdictOf(entry: Judged, statistics: readonly StatisticResult[], mde: number): Verdict {
  const { subject, policy, sample, measured } = entry;
  if (!subject.comparable) return 'not-comparable';
  if (subject.baseline === null || observationTotal(subject.baseline.histogram) === 0)
    return 'no-baseline';
  if (sample === null) return 'no-data';
  if (sample.observedN < policy.minSamples) return 'insufficient';
  const critical = statistics.some(({ fires }) => fires === 'critical');
  const warning = statistics.some(({ fires }) => fires === 'warning');
  if (critical && !sample.warmingUp) return 'drifted';
  if (critical || warning) return 'warning';
  if (mde > maxDetectable(policy)) return 'insufficient';
  return measured.some((m) => exceedsDelta(m, sample, policy)) ? 'suspected' : 'stable';
}

/** Is the point estimate beyond the tolerated effect? Only statistics that were tested can say so. */
function exceedsDelta(measured: Measured, sample: Sample, policy: EvaluationPolicy): boolean {
  const { name, value, logP0, beyond } = measured;
  if (logP0 === null) return false;
  const tolerance = toleranceOf(name, sample, policy);
  if (tolerance === null || !(beyond ?? value > tolerance.warning)) return false;
  // The excess of a single share is compared with what the baseline makes credible, not with its point estimate.
  return statisticEntry(name).effect !== 'share' || logP0 < Math.log(0.05);
}

/**
 * t(n) of STATISTICS 4: max(delta + 1.95 sqrt(c), sqrt(ln(2T/b)/2) sqrt(c)), T/b = tests of this evaluation / q.
 * 1 when nothing can be told.
 */
export function minimumDetectableEffect(
  c: number,
  policy: EvaluationPolicy,
  q: number,
  tests: number,
): number {
  if (c === Infinity) return 1;
  const big = policy.delta.warning + gateWidth(policy.alpha) * Math.sqrt(c);
  const real = Math.sqrt((Math.log((2 * Math.max(1, tests)) / q) / 2) * c);
  return Math.min(1, Math.max(big, real));
}

function shareOf(
  sample: Sample | null,
  count: (h: Histogram) => number,
): { baseline: number; live: number } {
  if (sample === null) return { baseline: 0, live: 0 };
  return {
    baseline: count(sample.baseline) / sample.observedM,
    live: count(sample.live) / sample.observedN,
  };
}

/** Live values outside the training range: in the bins below prev(min) and above max of the baseline. */
function outOfRange(subject: Subject, sample: Sample | null): number | null {
  const whole = subject.baseline?.histogram;
  if (
    sample === null ||
    whole?.kind !== 'numeric' ||
    sample.live.kind !== 'numeric' ||
    sample.n === 0
  )
    return null;
  const { counts } = whole;
  const first = counts.findIndex((count) => count > 0);
  const last = counts.findLastIndex((count) => count > 0);
  if (first < 0) return null;
  let outside = 0;
  sample.live.counts.forEach((count, bin) => {
    if (bin < first || bin > last) outside += count;
  });
  return outside / sample.n;
}

function groupsOf(subject: Subject, sample: Sample | null): number[] | null {
  const blocks = subject.baseline?.blocks ?? null;
  if (sample === null || blocks === null) return null;
  const { live } = sample;
  // As the blocks were counted (core/baseline/blocks.ts): categories have a cell for other and one for unseen values.
  const cells = live.kind === 'numeric' ? live.counts : [...live.counts, live.other, live.unseen];
  const groups = new Array<number>(blocks.groups).fill(0);
  cells.forEach((count, cell) => {
    const group = blocks.groupOf[cell] ?? 0;
    groups[group] = (groups[group] as number) + count;
  });
  return groups;
}

/** Log p-values below this stand for themselves in reports; JSON has no infinity. */
const LEAST_LOG_P = -1e6;

function finite(statistic: StatisticResult): StatisticResult {
  const bound = (logP: number | null): number | null =>
    // + 0: a negative zero would not survive JSON.
    logP === null ? null : Math.max(LEAST_LOG_P, Math.min(0, logP)) + 0;
  const { logPDelta } = statistic;
  return {
    ...statistic,
    value: Number.isFinite(statistic.value) ? statistic.value : Number.MAX_VALUE,
    logP: bound(statistic.logP),
    logP0: bound(statistic.logP0),
    logPAdjusted: bound(statistic.logPAdjusted),
    logPDelta:
      logPDelta === null
        ? null
        : {
            warning: bound(logPDelta.warning) as number,
            critical: bound(logPDelta.critical) as number,
          },
  };
}
