import { evaluate } from '../../src/core/evaluate/evaluate.ts';
import { DEFAULT_POLICY } from '../../src/core/evaluate/types.ts';
import { THIRTY } from './families.ts';
import { populationOf, subjectOf } from './population.ts';
import type { Population } from './population.ts';
import { Random } from './random.ts';
import { printTable } from './report.ts';

/** Windows a day, each judged over thirty features. */
const WINDOWS_A_DAY = 24;
/** Days that share a baseline, before a new one is drawn. */
const DAYS_A_BASELINE = 12;
/** Standard deviation of the benign wobble of each window's normal scores: D about .012. */
const WOBBLE = 0.03;
/** What the shipped policy promises, above its budget of 1 / 30 only by what a simulation cannot tell apart. */
const MOST_A_DAY = 0.05;

/** Expected flags a day, without and with the wobble (STATISTICS 4b). */
const EXPECTED = [
  { n: 200, still: 0, wobbling: 0.008 },
  { n: 1000, still: 0, wobbling: 0 },
  { n: 10_000, still: 0, wobbling: 0 },
  { n: 1_000_000, still: 0, wobbling: 0 },
] as const;

/**
 * Table 4b, driftd's row: false alarms a day of the default policy on data that does not drift, and on data whose every
 * window wobbles a little. Every flagged feature of every window counts, although the daemon announces only the second
 * in three.
 * @returns whether every figure is at most .05
 */
export function falseAlarmTable(seed: number, days: number): boolean {
  const random = new Random(seed);
  const rows: string[][] = [['n', 'days', 'stationary', 'expected', 'wobble .03 sd', 'expected']];
  let holds = true;
  for (const { n, still, wobbling } of EXPECTED) {
    const counts = [0, WOBBLE].map((wobble) => falseAlarms(random, n, days, wobble));
    holds &&= counts.every((count) => count / days <= MOST_A_DAY);
    const [stationary = '', moving = ''] = counts.map((count) => rate(count, days));
    rows.push([String(n), String(days), stationary, String(still), moving, String(wobbling)]);
  }
  printTable(
    'False alarms a day: 30 features, 24 windows, default policy, m = 50,000. At most .05 a day.',
    rows,
  );
  return holds;
}

function falseAlarms(random: Random, n: number, days: number, wobble: number): number {
  let flags = 0;
  let populations: readonly Population[] = [];
  for (let day = 0; day < days; day += 1) {
    if (day % DAYS_A_BASELINE === 0)
      populations = THIRTY.map((family) => populationOf(family, random));
    for (let window = 0; window < WINDOWS_A_DAY; window += 1) {
      const subjects = populations.map((population) =>
        subjectOf(population, population.window(random, n, { shift: wobble * random.normal() })),
      );
      const { results } = evaluate(subjects, DEFAULT_POLICY, { evaluationsPerDay: WINDOWS_A_DAY });
      for (const { verdict } of results)
        if (verdict === 'drifted' || verdict === 'warning') flags += 1;
    }
  }
  return flags;
}

/** A rate a day with its Poisson standard error; without an event, with the upper end of its 95 % interval. */
function rate(count: number, days: number): string {
  if (count === 0) return `0 (< ${(3 / days).toFixed(3)})`;
  return `${(count / days).toFixed(3)} +-${(Math.sqrt(count) / days).toFixed(3)}`;
}
