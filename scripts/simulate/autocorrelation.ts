import { groupBins } from '../../src/core/baseline/blocks.ts';
import { evaluate } from '../../src/core/evaluate/evaluate.ts';
import { DEFAULT_POLICY } from '../../src/core/evaluate/types.ts';
import type { FeatureResult, HistoryWindow, Subject } from '../../src/core/evaluate/types.ts';
import { createCounter } from '../../src/core/histogram/counter.ts';
import { emptyNumericHistogram } from '../../src/core/histogram/numeric-histogram.ts';
import type { NumericHistogram } from '../../src/core/histogram/types.ts';
import { SLOT } from '../../src/core/domain/event-frame.ts';
import { NORMAL } from './families.ts';
import { populationOf, subjectOf } from './population.ts';
import type { Population } from './population.ts';
import { Random } from './random.ts';
import { printTable } from './report.ts';

const HOUR_MS = 3_600_000;
/** Past windows that the design effect is estimated from, and windows that are judged: a day of hours. */
const HISTORY = 168;
const WINDOWS_A_DAY = 24;
/** Tests a day of thirty features: what the rates are told per, and what shares the budget with three statistics each. */
const TESTS_A_DAY = 720;
/** A design effect of 168 windows has a standard error of a tenth; the expected ones come from few streams. */
const DESIGN_EFFECT_SLACK = 0.3;
/** Rates without a design effect may differ from the published ones by so much: both come from a few streams. */
const NOMINAL_ERRORS = 4 * Math.SQRT2;
const NOMINAL_SHARE = 0.15;
const NOMINAL_LEAST = 3;
const LEVEL = Math.log(DEFAULT_POLICY.alertBudgetPerDay / (3 * TESTS_A_DAY));

/** Expected flags per 720 tests: KS p < .05, p0 within the budget, KS rule, PSI rule (STATISTICS 4e). */
interface Case {
  readonly phi: number;
  readonly n: number;
  readonly nominal: readonly [number, number, number, number];
  readonly effective: readonly [number, number, number, number];
  readonly designEffect: number;
}

const CASES: readonly Case[] = [
  { phi: 0.5, n: 1000, nominal: [135, 2.9, 0, 0], effective: [28, 0, 0, 0], designEffect: 1.9 },
  { phi: 0.9, n: 1000, nominal: [524, 212, 55, 18], effective: [16, 0, 0, 0], designEffect: 10.3 },
  { phi: 0.9, n: 10_000, nominal: [473, 157, 0, 0], effective: [3.6, 0, 0, 0], designEffect: 14.6 },
  {
    phi: 0.99,
    n: 1000,
    nominal: [717, 663, 552, 623],
    effective: [7.7, 0, 0, 0],
    designEffect: 122,
  },
  {
    phi: 0.99,
    n: 10_000,
    nominal: [716, 649, 209, 76],
    effective: [4.8, 0, 0, 0],
    designEffect: 143,
  },
];

/**
 * Table 4e, first half: AR(1) streams that do not drift, one a feature, judged with every value counted as independent
 * and with the design effect of the windows before.
 * @returns whether the rules stay silent with the design effect (at most one flag in 720 tests), its size is right, and
 * the flags without it are as published
 */
export function autocorrelationTable(seed: number, features: number): boolean {
  const random = new Random(seed);
  const populations = Array.from({ length: features }, () => populationOf(NORMAL, random));
  const rows: string[][] = [
    ['phi', 'n', 'counted as', 'KS p<.05', 'p0', 'KS rule', 'PSI rule', 'design effect'],
  ];
  let holds = true;
  for (const { phi, n, nominal, effective, designEffect } of CASES) {
    const streams = populations.map((population) => windowsOf(population, random, phi, n));
    for (const [as, expected] of [
      ['independent', nominal],
      ['effective', effective],
    ] as const) {
      const results = streams.map((subjects) => judge(subjects, as === 'effective'));
      const rates = ratesOf(results);
      const effects = results.flat().map((result) => result.designEffect);
      const mean = effects.reduce((sum, effect) => sum + effect, 0) / effects.length;
      const right = Math.abs(mean / designEffect - 1) <= DESIGN_EFFECT_SLACK;
      const silent = rates.slice(1).every(({ value }) => value <= 1);
      const near = rates.every(({ value, error }, i) => {
        const wanted = expected[i] as number;
        const slack = Math.max(NOMINAL_ERRORS * error, NOMINAL_SHARE * wanted, NOMINAL_LEAST);
        return Math.abs(value - wanted) <= slack;
      });
      const ok = as === 'independent' ? near : right && silent;
      holds &&= ok;
      rows.push([
        String(phi),
        String(n),
        as,
        ...rates.map(
          ({ value, error }, i) => `${value.toFixed(1)} +-${error.toFixed(1)} (${expected[i]})`,
        ),
        (as === 'independent' ? '1' : `${mean.toFixed(1)} (${designEffect})`) + (ok ? '' : ' !'),
      ]);
    }
  }
  printTable(
    `AR(1), no drift: flags per 720 tests +- standard error over ${features} streams (expected). Counted as ` +
      'independent: within four standard errors, as large for the expected ones, or 15 %. With the design effect p0 ' +
      'and both rules at most 1 each, and the effect within three tenths; KS p<.05 is not checked there.',
    rows,
  );
  return holds;
}

/** A stream's windows of a day, each with the 168 windows before as its history. */
function windowsOf(population: Population, random: Random, phi: number, n: number): Subject[] {
  const { histogram } = population.baseline;
  if (histogram.kind !== 'numeric') throw new TypeError('an AR(1) stream is numeric');
  const counter = createCounter(histogram.binning);
  const groupOf = groupBins(histogram);
  const noise = Math.sqrt(1 - phi * phi);
  let z = random.normal();
  const history: HistoryWindow[] = [];
  const subjects: Subject[] = [];
  for (let hour = 0; hour < HISTORY + WINDOWS_A_DAY; hour += 1) {
    const window = emptyNumericHistogram(histogram.binning);
    for (let i = 0; i < n; i += 1) {
      z = phi * z + noise * random.normal();
      counter.add(window, SLOT.number, z, '');
    }
    if (hour >= HISTORY) subjects.push(subjectOf(population, window, { history }));
    else history.push({ start: hour * HOUR_MS, groups: groupsOf(window, groupOf) });
  }
  return subjects;
}

function groupsOf(window: NumericHistogram, groupOf: Uint8Array): number[] {
  const groups = new Array<number>(10).fill(0);
  window.counts.forEach((count, bin) => {
    const group = groupOf[bin] as number;
    groups[group] = (groups[group] as number) + count;
  });
  return groups;
}

function judge(subjects: readonly Subject[], withHistory: boolean): FeatureResult[] {
  const policy = { ...DEFAULT_POLICY, designEffect: withHistory ? 'history' : 'none' } as const;
  return subjects.flatMap(
    // One of thirty features: a thirtieth of the budget.
    (subject) => evaluate([subject], policy, { evaluationsPerDay: TESTS_A_DAY }).results,
  );
}

/** Flags per 720 tests, with their standard error from the spread between streams. */
function ratesOf(
  streams: readonly (readonly FeatureResult[])[],
): { readonly value: number; readonly error: number }[] {
  const flags = [
    (result: FeatureResult) => (find(result, 'ks').logP ?? 0) < Math.log(0.05),
    (result: FeatureResult) => (find(result, 'ks').logP0 ?? 0) < LEVEL,
    (result: FeatureResult) => find(result, 'ks').fires !== null,
    (result: FeatureResult) => find(result, 'psi').fires !== null,
  ];
  return flags.map((flag) => {
    const rates = streams.map(
      (results) => (results.filter(flag).length / results.length) * TESTS_A_DAY,
    );
    const value = rates.reduce((sum, rate) => sum + rate, 0) / rates.length;
    const variance = rates.reduce((sum, rate) => sum + (rate - value) ** 2, 0) / (rates.length - 1);
    return { value, error: Math.sqrt(variance / rates.length) };
  });
}

function find(result: FeatureResult, name: string): FeatureResult['statistics'][number] {
  const found = result.statistics.find((statistic) => statistic.name === name);
  if (found === undefined) throw new Error(`no statistic ${name}`);
  return found;
}
