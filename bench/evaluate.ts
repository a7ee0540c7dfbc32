/**
 * How long the decision takes: 10,000 feature comparisons (K = 200, n = 10,000 live values against m = 50,000 of the
 * baseline; every statistic, both gates), one evaluation of 100 features a time. The exact lattice, which small samples
 * use, and the look-up of bins are measured apart. One core; the best of several rounds.
 * Run: npm run bench:evaluate
 */
import { evaluate } from '../src/core/evaluate/evaluate.ts';
import { DEFAULT_POLICY } from '../src/core/evaluate/types.ts';
import type { Subject } from '../src/core/evaluate/types.ts';
import { ksExactLogP } from '../src/core/statistic/ks-lattice.ts';
import { THIRTY } from '../scripts/simulate/families.ts';
import { populationOf, subjectOf } from '../scripts/simulate/population.ts';
import { Random } from '../scripts/simulate/random.ts';

const COMPARISONS = 10_000;
const FEATURES = 100;
const LIVE = 10_000;
const ROUNDS = 5;
const policy = { ...DEFAULT_POLICY, designEffect: 'none' } as const;

const random = new Random(7);
const populations = Array.from({ length: FEATURES }, (_, i) =>
  populationOf(THIRTY[i % THIRTY.length] as (typeof THIRTY)[number], random),
);

/** Evaluations over all features; `shift` in standard deviations of the normal scores. */
function evaluations(shift: number, n: number): Subject[][] {
  return Array.from({ length: COMPARISONS / FEATURES }, () =>
    populations.map((population) => subjectOf(population, population.window(random, n, { shift }))),
  );
}

/** The best of several rounds, in milliseconds. */
function best(work: () => void, rounds = ROUNDS): number {
  let least = Infinity;
  for (let round = 0; round < rounds; round += 1) {
    const start = performance.now();
    work();
    least = Math.min(least, performance.now() - start);
  }
  return least;
}

const rows = [
  { case: 'no drift', subjects: evaluations(0, LIVE) },
  { case: 'shift .05 sd', subjects: evaluations(0.05, LIVE) },
  { case: 'shift .5 sd', subjects: evaluations(0.5, LIVE) },
  { case: 'no drift, n = 1,000,000', subjects: evaluations(0, 1_000_000) },
].map(({ case: name, subjects }) => {
  const milliseconds = best(() => {
    for (const batch of subjects) evaluate(batch, policy, { evaluationsPerDay: 24 });
  });
  return {
    case: name,
    'seconds for 10,000': Number((milliseconds / 1000).toFixed(2)),
    'microseconds each': Number(((milliseconds * 1000) / COMPARISONS).toFixed(0)),
  };
});
console.table(rows);

console.table(
  [1000, 10_000].flatMap((size) =>
    // At the edge of what is noticed, and far beyond the doubles.
    [1.5 / Math.sqrt(size / 2), 0.3].map((d) => ({
      'exact lattice, n = m': size,
      D: Number(d.toFixed(3)),
      milliseconds: Number(best(() => ksExactLogP(d, size, size)).toFixed(2)),
    })),
  ),
);
await import('./lookup.ts');
