import { slotMixture } from '../../src/core/baseline/slots.ts';
import { emptyHistogram, mergeInto } from '../../src/core/histogram/histogram.ts';
import type { Histogram, NumericHistogram } from '../../src/core/histogram/types.ts';
import { evaluate } from '../../src/core/evaluate/evaluate.ts';
import { DEFAULT_POLICY } from '../../src/core/evaluate/types.ts';
import type { FeatureResult, Subject } from '../../src/core/evaluate/types.ts';
import { NORMAL } from './families.ts';
import { populationOf, subjectOf } from './population.ts';
import type { Population } from './population.ts';
import { Random } from './random.ts';
import { printTable } from './report.ts';

const HOURS = 24;
const HOUR_MS = 3_600_000;
/** Values of an hour of usual volume, and rows of the baseline in each hour of the day. */
const LIVE_AN_HOUR = 10_000;
const BASELINE_AN_HOUR = 2_083;
/** Hours with three times the volume, where a case says so. */
const NIGHT_HOURS = 6;
/** Evaluations a day of one feature: 24 hourly, 4 of six hours, 1 of a day. */
const EVALUATIONS_A_DAY = 29;

/** A daily cycle, and the expected alerts a day of one feature (STATISTICS 4e). */
interface Case {
  readonly name: string;
  /** Amplitude of the hourly means, in standard deviations. */
  readonly amplitude: number;
  readonly night?: number;
  readonly wobble?: number;
  readonly expected: Readonly<Record<Look, number>>;
}

const LOOKS = [
  '1h global',
  '1h slot',
  '6h global',
  '6h mixture',
  '24h',
  'KS global',
  'KS slot',
] as const;
type Look = (typeof LOOKS)[number];
/** Looks at the right reference, which must stay silent. */
const SILENT: readonly Look[] = ['1h slot', '6h mixture', '24h'];
const MOST_A_DAY = 0.05;

const CASES: readonly Case[] = [
  { name: 'A = .2', amplitude: 0.2, expected: expected(6.7, 0, 1.1, 0, 0, 21.8, 1.1) },
  { name: 'A = .4', amplitude: 0.4, expected: expected(17.5, 0, 4, 0, 0, 23.6, 1.1) },
  { name: 'A = .8', amplitude: 0.8, expected: expected(21.9, 0, 4, 0, 0, 24, 0.7) },
  {
    name: 'A = .4, night volume x3',
    amplitude: 0.4,
    night: 3,
    expected: expected(18, 0, 3, 0, 0, 24, 0.7),
  },
  {
    name: 'A = .4, wobble .05 sd',
    amplitude: 0.4,
    wobble: 0.05,
    expected: expected(16.5, 0, 3.8, 0, 0, 23.6, 14.7),
  },
];

function expected(...rates: readonly number[]): Record<Look, number> {
  return Object.fromEntries(LOOKS.map((look, i) => [look, rates[i] ?? NaN])) as Record<
    Look,
    number
  >;
}

/**
 * Table 4e, second half: a daily cycle without drift, looked at through windows of an hour, six hours and a day, against
 * the whole baseline and against the slots of the hours that a window lies in.
 * @returns whether the looks at the right reference give at most .05 alerts a day
 */
export function seasonalityTable(seed: number, days: number): boolean {
  const random = new Random(seed);
  const rows: string[][] = [['cycle', ...LOOKS]];
  let holds = true;
  for (const { name, expected: rates, ...cycle } of CASES) {
    const counts = alertsOf(random, cycle, days);
    holds &&= SILENT.every((look) => counts[look] / days <= MOST_A_DAY);
    const cells = LOOKS.map((look) => {
      const error = Math.sqrt(counts[look]) / days;
      const mark = SILENT.includes(look) && counts[look] / days > MOST_A_DAY ? ' !' : '';
      return `${(counts[look] / days).toFixed(2)} +-${error.toFixed(2)} (${rates[look]})${mark}`;
    });
    rows.push([name, ...cells]);
  }
  printTable(
    `Daily cycle without drift, 10,000 values an hour: alerts a day of one feature +- standard error, ${days} days ` +
      '(published). At most .05 against the right reference (1h slot, 6h mixture, 24h). The other columns show what ' +
      'a wrong reference does, and are not checked. KS: p < .05 of the hourly windows.',
    rows,
  );
  return holds;
}

function alertsOf(
  random: Random,
  cycle: Omit<Case, 'name' | 'expected'>,
  days: number,
): Record<Look, number> {
  const counts = expected(...LOOKS.map(() => 0));
  let season: Season | null = null;
  for (let day = 0; day < days; day += 1) {
    if (season === null || day % 10 === 0) season = seasonOf(random, cycle.amplitude);
    const { population, slots } = season;
    const hours = Array.from({ length: HOURS }, (_, hour) => {
      const volume = hour < NIGHT_HOURS ? (cycle.night ?? 1) : 1;
      const shift = meanOf(cycle.amplitude, hour) + (cycle.wobble ?? 0) * random.normal();
      return population.window(random, LIVE_AN_HOUR * volume, { shift });
    });
    const look = (from: number, length: number, seasonal: boolean): FeatureResult =>
      judge(subjectFor(population, slots, hours, from, length, seasonal));
    for (let hour = 0; hour < HOURS; hour += 1) {
      const [whole, slot] = [look(hour, 1, false), look(hour, 1, true)];
      counts['1h global'] += fired(whole);
      counts['1h slot'] += fired(slot);
      counts['KS global'] += rejects(whole);
      counts['KS slot'] += rejects(slot);
    }
    for (let from = 0; from < HOURS; from += 6) {
      counts['6h global'] += fired(look(from, 6, false));
      counts['6h mixture'] += fired(look(from, 6, true));
    }
    // Only a day of even volume has the baseline's own mixture of hours.
    counts['24h'] += fired(look(0, HOURS, cycle.night !== undefined));
  }
  return counts;
}

interface Season {
  readonly population: Population;
  readonly slots: ReadonlyMap<number, Histogram>;
}

const meanOf = (amplitude: number, hour: number): number =>
  amplitude * Math.sin((2 * Math.PI * hour) / HOURS);

/** A baseline whose rows follow the cycle, whole and by the hour of Monday. */
function seasonOf(random: Random, amplitude: number): Season {
  // The law over the whole day, from which the bins are made.
  const day = populationOf(
    {
      ...NORMAL,
      draw: (r) => r.normal() + meanOf(amplitude, Math.floor(r.uniform() * HOURS)),
    },
    random,
  );
  const { binning } = day.baseline.histogram;
  if (binning.kind !== 'numeric') throw new TypeError('a daily cycle is numeric');
  const slots = new Map<number, Histogram>();
  const whole = emptyHistogram(binning);
  for (let hour = 0; hour < HOURS; hour += 1) {
    const slot = day.window(random, BASELINE_AN_HOUR, { shift: meanOf(amplitude, hour) });
    slots.set(hour, slot);
    mergeInto(whole, slot);
  }
  return { population: { ...day, baseline: { ...day.baseline, histogram: whole } }, slots };
}

function subjectFor(
  population: Population,
  slots: ReadonlyMap<number, Histogram>,
  hours: readonly NumericHistogram[],
  from: number,
  length: number,
  seasonal: boolean,
): Subject {
  const part = hours.slice(from, from + length);
  const live = emptyHistogram((part[0] as NumericHistogram).binning);
  const rows = new Map<number, number>();
  part.forEach((hour, i) => {
    mergeInto(live, hour);
    rows.set(
      from + i,
      hour.counts.reduce((sum, count) => sum + count, 0),
    );
  });
  const mixture = seasonal ? slotMixture(slots, rows, 'daily') : null;
  return subjectOf(population, live, {
    window: { name: `${length}h`, spanMs: length * HOUR_MS },
    mixture: mixture === null ? null : { histogram: mixture.histogram, m: mixture.rows },
  });
}

function judge(subject: Subject): FeatureResult {
  const { results } = evaluate([subject], DEFAULT_POLICY, { evaluationsPerDay: EVALUATIONS_A_DAY });
  return results[0] as FeatureResult;
}

const fired = ({ verdict }: FeatureResult): number =>
  verdict === 'drifted' || verdict === 'warning' ? 1 : 0;

function rejects({ statistics }: FeatureResult): number {
  const ks = statistics.find(({ name }) => name === 'ks');
  return (ks?.logP ?? 0) < Math.log(0.05) ? 1 : 0;
}
