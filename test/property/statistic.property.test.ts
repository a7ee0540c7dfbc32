import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  bernoulliKl,
  cellTest,
  credibleShare,
  shareTest,
} from '../../src/core/statistic/chernoff.ts';
import { contingencyTest } from '../../src/core/statistic/contingency.ts';
import {
  hellinger,
  jensenShannon,
  linf,
  totalVariation,
} from '../../src/core/statistic/distances.ts';
import { ksExactLogP } from '../../src/core/statistic/ks-lattice.ts';
import { ksInterval, pooledEnds } from '../../src/core/statistic/ks.ts';
import { benjaminiHochberg } from '../../src/core/statistic/multiple-testing.ts';
import {
  PSI_MIN_SHARE,
  PSI_MODES,
  psi,
  psiCells,
  psiGroups,
} from '../../src/core/statistic/psi.ts';
import { logChi2Sf, logNoncentralChi2Sf } from '../../src/core/statistic/special/chi-square.ts';
import { unseenTest } from '../../src/core/statistic/unseen.ts';
import { wassersteinOfSamples } from '../../src/core/statistic/wasserstein.ts';

type Counts = Float64Array;
const size = fc.oneof(
  { weight: 5, arbitrary: fc.nat(50) },
  { weight: 2, arbitrary: fc.nat(1_000_000) },
  { weight: 2, arbitrary: fc.constant(0) },
);

/** Two lists of counts over the same bins, empty sides and single bins among them. */
const pair: fc.Arbitrary<[Counts, Counts]> = fc
  .array(fc.tuple(size, size), { minLength: 1, maxLength: 30 })
  .map((cells) => [Float64Array.from(cells, ([a]) => a), Float64Array.from(cells, ([, b]) => b)]);

const ks = (a: Counts, b: Counts): number => ksInterval(a, b, new Uint8Array(a.length)).low;
const chi2 = (a: Counts, b: Counts): number => contingencyTest(a, b)?.chi2 ?? 0;

/** Every distance of binned counts; order: the bins' order matters. */
const DISTANCES = [
  { name: 'ks', of: ks, upper: 1, order: true },
  ...PSI_MODES.map((mode) => ({
    name: `psi ${mode}`,
    of: (a: Counts, b: Counts) => psi(a, b, mode),
    upper: Infinity,
    order: false,
  })),
  { name: 'js', of: jensenShannon, upper: Math.sqrt(Math.LN2), order: false },
  { name: 'hellinger', of: hellinger, upper: 1, order: false },
  { name: 'tvd', of: totalVariation, upper: 1, order: false },
  { name: 'linf', of: linf, upper: 1, order: false },
  { name: 'chi2', of: chi2, upper: Infinity, order: false },
];

const near = (a: number, b: number): boolean => Math.abs(a - b) <= 1e-9 * (1 + Math.abs(a));

describe.each(DISTANCES)('$name', ({ of, upper }) => {
  it('is 0 on equal counts, and within its range on any', () => {
    fc.assert(
      fc.property(pair, ([a, b]) => {
        expect(of(a, a)).toBeLessThan(1e-7);
        const value = of(a, b);
        expect(value).toBeGreaterThanOrEqual(0);
        expect(value).toBeLessThanOrEqual(upper * (1 + 1e-12));
        expect(Number.isFinite(value)).toBe(true);
      }),
    );
  });

  it('is the same when baseline and live change places', () => {
    fc.assert(fc.property(pair, ([a, b]) => near(of(a, b), of(b, a))));
  });

  it('grows as the live side leaves the baseline', () => {
    fc.assert(
      fc.property(fc.integer({ min: 4, max: 12 }), (bins) => {
        const baseline = new Float64Array(bins).fill(1000);
        let before = 0;
        for (let moved = 100; moved <= 900; moved += 100) {
          const live = baseline.map((count, i) =>
            i === 0 ? count - moved : i === bins - 1 ? count + moved : count,
          );
          const value = of(baseline, live);
          expect(value).toBeGreaterThan(before);
          before = value;
        }
      }),
    );
  });
});

it.each(DISTANCES.filter(({ order }) => !order))(
  '$name knows no order of the categories',
  ({ of }) => {
    fc.assert(
      fc.property(pair, fc.nat(), ([a, b], seed) => {
        const turn = (counts: Counts): Counts =>
          counts.map((_, i) => counts[(i + seed) % counts.length] as number).reverse();
        return near(of(a, b), of(turn(a), turn(b)));
      }),
    );
  },
);

describe('the certified interval', () => {
  it('has the D of the raw values inside, whatever happens in the bins', () => {
    const values = fc.array(fc.integer({ min: 0, max: 40 }), { minLength: 1, maxLength: 60 });
    fc.assert(
      fc.property(values, values, fc.integer({ min: 1, max: 12 }), (baseline, live, width) => {
        const fine = (sample: number[]): Counts => {
          const counts = new Float64Array(50);
          for (const x of sample) counts[x] = (counts[x] as number) + 1;
          return counts;
        };
        const coarse = (counts: Counts): Counts => {
          const sums = new Float64Array(Math.ceil(50 / width));
          counts.forEach((count, i) => {
            const bin = Math.floor(i / width);
            sums[bin] = (sums[bin] as number) + count;
          });
          return sums;
        };
        const exact = ks(fine(baseline), fine(live));
        const [a, b] = [coarse(fine(baseline)), coarse(fine(live))];
        const { low, high } = ksInterval(a, b, new Uint8Array(a.length));
        expect(low).toBeLessThanOrEqual(exact + 1e-12);
        expect(high).toBeGreaterThanOrEqual(exact - 1e-12);
      }),
    );
  });

  it('the exact p-value falls in D and is at most its own without ties', () => {
    const few = fc.array(fc.tuple(fc.nat(9), fc.nat(9)), { minLength: 2, maxLength: 8 });
    fc.assert(
      fc.property(few, (cells) => {
        const a = Float64Array.from(cells, ([x]) => x + 1);
        const b = Float64Array.from(cells, ([, y]) => y + 1);
        const [m, n] = [a, b].map((counts) => counts.reduce((s, x) => s + x, 0)) as [
          number,
          number,
        ];
        const ends = pooledEnds(a, b);
        let before = 0;
        for (const d of [0, 0.1, 0.3, 0.5, 0.9, 1]) {
          const tied = ksExactLogP(d, n, m, ends);
          expect(tied).toBeLessThanOrEqual(before + 1e-12);
          expect(tied).toBeLessThanOrEqual(ksExactLogP(d, n, m) + 1e-12);
          before = tied;
        }
      }),
      { numRuns: 40 },
    );
  });
});

describe('groups of the PSI', () => {
  it('are numbered without holes, ordered, and none is light', () => {
    fc.assert(
      fc.property(pair, ([counts]) => {
        const { groupOf, groups } = psiGroups(counts);
        const total = counts.reduce((s, x) => s + x, 0);
        const mass = new Array<number>(groups).fill(0);
        groupOf.forEach((group, i) => {
          mass[group] = (mass[group] as number) + (counts[i] as number);
          expect(group).toBeGreaterThanOrEqual(i === 0 ? 0 : (groupOf[i - 1] as number));
        });
        expect(groups).toBeLessThanOrEqual(10);
        if (total > 0 && groups > 1)
          for (const part of mass)
            expect(part / total).toBeGreaterThanOrEqual(PSI_MIN_SHARE - 1e-12);
      }),
    );
  });

  it('of categories keep each heavy one apart', () => {
    fc.assert(
      fc.property(pair, ([counts]) => {
        const total = counts.reduce((s, x) => s + x, 0);
        const { groupOf } = psiCells(counts, counts);
        // The last cell is what is not tracked.
        counts.slice(0, -1).forEach((count, i) => {
          if (count < 5 || count < PSI_MIN_SHARE * total) return;
          expect(groupOf.filter((group) => group === groupOf[i])).toHaveLength(1);
        });
      }),
    );
  });
});

describe('tests of shares', () => {
  const share = fc.double({ min: 0, max: 1, noNaN: true });
  const n = fc.double({ min: 0, max: 1e7, noNaN: true });

  it('never give NaN or a p-value above 1; a bigger tolerance never makes them surer', () => {
    fc.assert(
      fc.property(share, n, share, n, share, (q, m, p, live, delta) => {
        const test = shareTest(q * m, m, p, live, delta);
        const unseen = unseenTest(
          p,
          live,
          { m, unseen: 0, singletons: q * m, doubletons: 0, designEffect: 2 },
          delta,
        );
        for (const { logP0, logPDelta } of [test, unseen]) {
          expect(logP0).toBeLessThanOrEqual(0);
          expect(logPDelta).toBeLessThanOrEqual(0);
          expect(logPDelta).toBeGreaterThanOrEqual(logP0);
        }
        expect(Math.abs(test.change)).toBeLessThanOrEqual(1 + 1e-9);
      }),
    );
  });

  it('are silent on equal counts', () => {
    fc.assert(
      fc.property(pair, ([counts]) => {
        const total = counts.reduce((s, x) => s + x, 0);
        const options = { bothDirections: true };
        const { value, logP0 } = cellTest(counts, counts, total, total, 0, options);
        expect([value, logP0]).toEqual([0, 0]);
      }),
    );
  });

  it('the divergence of two shares is never negative and 0 where they meet', () => {
    fc.assert(
      fc.property(share, fc.double({ min: 1e-12, max: 1, noNaN: true }), (p, u) => {
        expect(bernoulliKl(p, u)).toBeGreaterThanOrEqual(-1e-12);
        expect(Math.abs(bernoulliKl(u, u))).toBeLessThan(1e-12);
        expect(credibleShare(u * 100, 100)).toBeGreaterThan(u * 0.98);
      }),
    );
  });
});

describe('tails and corrections', () => {
  it('the non-central tail is above the central one and grows with the non-centrality', () => {
    fc.assert(
      fc.property(
        fc.double({ min: 0, max: 5e4, noNaN: true }),
        fc.integer({ min: 1, max: 200 }),
        fc.double({ min: 1e-6, max: 2e4, noNaN: true }),
        (x, df, nc) => {
          const central = logChi2Sf(x, df);
          const moved = logNoncentralChi2Sf(x, df, nc);
          const further = logNoncentralChi2Sf(x, df, nc * 1.5);
          const slack = 1e-9 * (1 + Math.abs(central));
          expect(moved).toBeGreaterThanOrEqual(central - slack);
          expect(further).toBeGreaterThanOrEqual(moved - slack);
          expect(moved).toBeLessThanOrEqual(0);
        },
      ),
    );
  });

  it('Benjamini-Hochberg keeps the order and never makes a p-value smaller', () => {
    const logs = fc.array(fc.double({ min: -1e5, max: 0, noNaN: true }), { maxLength: 40 });
    fc.assert(
      fc.property(logs, (logP) => {
        const adjusted = benjaminiHochberg(logP);
        logP.forEach((p, i) => {
          expect(adjusted[i]).toBeGreaterThanOrEqual(p - 1e-9 * Math.abs(p));
          expect(adjusted[i]).toBeLessThanOrEqual(0);
          logP.forEach((other, j) => {
            if (p < other) expect(adjusted[i]).toBeLessThanOrEqual(adjusted[j] as number);
          });
        });
      }),
    );
  });

  it('the Wasserstein distance is a metric that follows a shift', () => {
    const sample = fc.array(fc.integer({ min: -1000, max: 1000 }), { minLength: 1, maxLength: 30 });
    const w = (u: number[], v: number[]): number =>
      wassersteinOfSamples(Float64Array.from(u), Float64Array.from(v));
    fc.assert(
      fc.property(sample, sample, sample, fc.integer({ min: 0, max: 500 }), (u, v, z, shift) => {
        expect(w(u, u)).toBe(0);
        expect(near(w(u, v), w(v, u))).toBe(true);
        expect(w(u, z)).toBeLessThanOrEqual(w(u, v) + w(v, z) + 1e-9);
        expect(
          near(
            w(
              u,
              u.map((x) => x + shift),
            ),
            shift,
          ),
        ).toBe(true);
      }),
    );
  });
});
