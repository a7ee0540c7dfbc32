import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SLOT } from '../../src/core/domain/event-frame.ts';
import type { FeatureKind } from '../../src/core/domain/feature.ts';
import { evaluate } from '../../src/core/evaluate/evaluate.ts';
import { DEFAULT_POLICY } from '../../src/core/evaluate/types.ts';
import type { EvaluationPolicy } from '../../src/core/evaluate/types.ts';
import {
  booleanBinning,
  buildCategoricalBinning,
} from '../../src/core/histogram/categorical-binning.ts';
import { createCounter } from '../../src/core/histogram/counter.ts';
import { emptyHistogram } from '../../src/core/histogram/histogram.ts';
import { buildNumericBinning } from '../../src/core/histogram/numeric-binning.ts';
import type { Binning, Histogram } from '../../src/core/histogram/types.ts';
import { STATISTICS } from '../../src/core/statistic/catalogue.ts';
import type { StatisticEntry, StatisticName } from '../../src/core/statistic/catalogue.ts';

/**
 * The laws of the catalogue, for every statistic and kind of feature in it, through the evaluation that the daemon runs. A
 * new entry is tested by itself; it must only say what a drift is that it sees (`PATHS`).
 */
type Value = number | string | null;

/** Salt under which the categories below have hash cells of their own. */
const SALT = 's';
const CATEGORIES = ['a', 'b', 'c', 'd', 'e', 'f'];
const POLICY: EvaluationPolicy = { ...DEFAULT_POLICY, designEffect: 'none' };

function binningOf(kind: FeatureKind, values: readonly Value[]): Binning {
  if (kind === 'boolean') return booleanBinning();
  if (kind === 'categorical') {
    const names = values.filter((value) => typeof value === 'string');
    return buildCategoricalBinning(new Map(names.map((name) => [name, 1])), { salt: SALT });
  }
  const numbers = values.filter((value) => typeof value === 'number' && Number.isFinite(value));
  return buildNumericBinning(Float64Array.from(numbers as number[]).sort());
}

/** A text among numbers, and NaN among texts, are of the wrong type. */
function count(binning: Binning, values: readonly Value[]): Histogram {
  const histogram = emptyHistogram(binning);
  const counter = createCounter(binning);
  for (const value of values) {
    if (value === null) counter.add(histogram, SLOT.missing, 0, '');
    else if (typeof value === 'number') counter.add(histogram, SLOT.number, value, '');
    else counter.add(histogram, SLOT.text, 0, value);
  }
  return histogram;
}

/** Every statistic's value of a comparison under the binning of `bins`. */
function valuesOf(
  kind: FeatureKind,
  baseline: readonly Value[],
  live: readonly Value[],
  bins: readonly Value[] = baseline,
): Map<StatisticName, number> {
  const binning = binningOf(kind, bins);
  const feature = {
    name: 'x',
    kind,
    role: 'input',
    histogram: count(binning, baseline),
    blocks: null,
    scale: kind === 'numeric' ? 1 : 0,
    goodTuring: kind === 'categorical' ? { singletons: 0, doubletons: 0 } : null,
    slots: null,
  } as const;
  const { results } = evaluate(
    [
      {
        feature: 'x',
        kind,
        role: 'input',
        tier: 'standard',
        segment: 'all',
        window: { name: '1h', spanMs: 3_600_000 },
        baseline: feature,
        live: count(binning, live),
        comparable: true,
        history: [],
        mixture: null,
      },
    ],
    POLICY,
    { evaluationsPerDay: 1 },
  );
  return new Map(results[0]?.statistics.map(({ name, value }) => [name, value]));
}

const CASES = STATISTICS.flatMap((entry: StatisticEntry) =>
  entry.kinds.map((kind) => ({ ...entry, name: entry.name as StatisticName, kind })),
);

function valueOf(values: ReadonlyMap<StatisticName, number>, name: StatisticName): number {
  const value = values.get(name);
  if (value === undefined) throw new Error(`${name} was not measured`);
  return value;
}

/** Samples with missing and invalid values among them. */
const SAMPLES: Readonly<Record<FeatureKind, fc.Arbitrary<Value[]>>> = {
  numeric: fc.array(
    fc.oneof(
      { weight: 8, arbitrary: fc.integer({ min: -20, max: 20 }).map((x) => x / 4) },
      { weight: 1, arbitrary: fc.constantFrom<Value>(null, 'text', Infinity, -1e9) },
    ),
    { minLength: 1, maxLength: 80 },
  ),
  categorical: fc.array(fc.constantFrom<Value>(...CATEGORIES, 'new', null, NaN), {
    minLength: 1,
    maxLength: 80,
  }),
  boolean: fc.array(fc.constantFrom<Value>('true', 'false', null, 'perhaps'), {
    minLength: 1,
    maxLength: 80,
  }),
};

describe.each(CASES)('$name of $kind features', ({ name, kind, upper }) => {
  const samples = SAMPLES[kind];
  // Bins need a value, a table two of them; both sides have these.
  const certain = { numeric: [1, 2], categorical: ['a', 'b'], boolean: ['true', 'false'] }[kind];
  const known = (values: readonly Value[]): Value[] => [...certain, ...values];

  it('is 0 on equal samples', () => {
    fc.assert(
      fc.property(samples, (sample) => {
        const values = known(sample);
        expect(valueOf(valuesOf(kind, values, values), name)).toBeLessThan(1e-7);
      }),
      { numRuns: 50 },
    );
  });

  it('lies in its range, finite', () => {
    fc.assert(
      fc.property(samples, samples, (baseline, live) => {
        const value = valueOf(valuesOf(kind, known(baseline), known(live)), name);
        expect(Number.isFinite(value)).toBe(true);
        expect(value).toBeGreaterThanOrEqual(0);
        expect(value).toBeLessThanOrEqual(upper * (1 + 1e-12));
      }),
      { numRuns: 50 },
    );
  });

  it('does not know the order of the rows', () => {
    fc.assert(
      fc.property(samples, samples, (baseline, live) => {
        const one = valuesOf(kind, known(baseline), known(live));
        const other = valuesOf(kind, known(baseline).reverse(), known(live).reverse());
        expect(valueOf(other, name)).toBeCloseTo(valueOf(one, name), 9);
      }),
      { numRuns: 30 },
    );
  });

  it('grows along a drift that it is there to see', () => {
    const path = PATHS[name];
    let before = 0;
    for (let step = 1; step <= 9; step += 1) {
      const value = valueOf(valuesOf(kind, path(kind, 0), path(kind, step / 10)), name);
      expect(value, `step ${step}`).toBeGreaterThan(before);
      before = value;
    }
  });
});

it.each(CASES.filter(({ kind }) => kind === 'categorical'))(
  '$name does not know the order of the categories',
  ({ name, kind }) => {
    fc.assert(
      fc.property(
        SAMPLES.categorical,
        SAMPLES.categorical,
        fc.shuffledSubarray(CATEGORIES, { minLength: CATEGORIES.length }),
        (baseline, live, shuffled) => {
          const renamed = (values: readonly Value[]): Value[] =>
            values.map((value) => shuffled[CATEGORIES.indexOf(value as string)] ?? value);
          const [before, now] = [
            [...CATEGORIES, ...baseline],
            [...CATEGORIES, ...live],
          ];
          const one = valueOf(valuesOf(kind, before, now), name);
          const other = valueOf(valuesOf(kind, renamed(before), renamed(now)), name);
          expect(other).toBeCloseTo(one, 9);
        },
      ),
      { numRuns: 50 },
    );
  },
);

it.each(CASES.filter(({ symmetric }) => symmetric))(
  '$name of $kind features is the same when baseline and live change places',
  ({ name, kind }) => {
    // Two heavy values, so that the groups of the PSI are the same whichever side they are made from.
    const [first, second] = kind === 'numeric' ? [1, 2] : ['true', 'false'];
    const share = fc.integer({ min: 10, max: 90 });
    fc.assert(
      fc.property(share, share, (p, q) => {
        const sample = (of: number): Value[] =>
          Array.from({ length: 100 }, (_, i) => (i < of ? first : second) as Value);
        const bins = [...sample(p), ...sample(q)];
        const one = valueOf(valuesOf(kind, sample(p), sample(q), bins), name);
        const other = valueOf(valuesOf(kind, sample(q), sample(p), bins), name);
        expect(other).toBeCloseTo(one, 9);
      }),
      { numRuns: 50 },
    );
  },
);

type Path = (kind: FeatureKind, share: number) => Value[];

/** Even values on (0, 1], or categories; of a share of them, spread evenly, something becomes. */
function changed(kind: FeatureKind, share: number, into: (value: Value) => Value): Value[] {
  const size = 2000;
  const plain = (i: number): Value => {
    if (kind === 'numeric') return (i + 0.5) / size;
    return kind === 'boolean' ? String(i % 2 === 0) : (CATEGORIES[i % 3] as string);
  };
  // A multiplier without a common factor walks through all places in a scattered order.
  return Array.from({ length: size }, (_, i) =>
    (i * 777) % size < share * size ? into(plain(i)) : plain(i),
  );
}

/** Values move up; one category takes from the others. */
const moved: Path = (kind, share) =>
  kind === 'numeric'
    ? changed(kind, 0, (value) => value).map((value) => (value as number) + share)
    : changed(kind, share, () => (kind === 'boolean' ? 'true' : 'a'));
const into =
  (value: (kind: FeatureKind) => Value): Path =>
  (kind, share) =>
    changed(kind, share, () => value(kind));

/** What each statistic must see growing. */
const PATHS: Readonly<Record<StatisticName, Path>> = {
  ks: moved,
  psi: moved,
  spike: into(() => 0.700_25),
  missing: into(() => null),
  invalid: into((kind) => (kind === 'numeric' ? 'text' : kind === 'boolean' ? 'perhaps' : NaN)),
  zero: into(() => 0),
  negative: (kind, share) => changed(kind, share, (value) => -(value as number)),
  integer: into(() => 3),
  linf: moved,
  linf_hash: into(() => 'new'),
  unseen: into(() => 'new'),
  js: moved,
  hellinger: moved,
  tvd: moved,
  wasserstein: moved,
  chi2: moved,
};
