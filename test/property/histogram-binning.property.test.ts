import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createBinLookup, lowerBound } from '../../src/core/histogram/bin-lookup.ts';
import { SLOT } from '../../src/core/domain/event-frame.ts';
import { nextDouble, prevDouble } from '../../src/core/histogram/numbers/double.ts';
import { binningFault, buildNumericBinning } from '../../src/core/histogram/numeric-binning.ts';
import { anyNumber, countAll, finiteNumber } from '../support/histograms.ts';

const sorted = (values: readonly number[]): Float64Array => Float64Array.from(values).sort();

/** Samples of many shapes: spread over all magnitudes, tied, clustered one step apart. */
const sample = fc.oneof(
  fc.array(finiteNumber, { minLength: 1, maxLength: 400 }),
  fc.array(fc.integer({ min: 0, max: 40 }), { minLength: 1, maxLength: 1_000 }),
  fc.array(fc.double({ min: -1, max: 1, noNaN: true }), { minLength: 300, maxLength: 1_500 }),
);
const binCount = fc.constantFrom(5, 20, 200);

describe('a numeric binning of any sample', () => {
  it('has finite, strictly increasing edges, true atoms, and at most 4K + 28 bins', () => {
    fc.assert(
      fc.property(sample, binCount, (values, bins) => {
        const binning = buildNumericBinning(sorted(values), { bins });
        expect(binningFault(binning.edges, binning.atoms)).toBeNull();
        expect(binning.edges.some((edge) => Object.is(edge, -0))).toBe(false);
        expect(binning.atoms.length).toBeLessThanOrEqual(4 * bins + 28);
      }),
    );
  });

  it('leaves at most 1.5 / K and a value below the atom rule in any bin that is no atom', () => {
    fc.assert(
      fc.property(sample, binCount, (values, bins) => {
        const binning = buildNumericBinning(sorted(values), { bins });
        const { counts } = countAll(
          binning,
          values.map((x) => [SLOT.number, x, '']),
        );
        const m = values.length;
        for (const [bin, count] of counts.entries()) {
          if (binning.atoms[bin] === 1) continue;
          // The lowest double has no neighbour below: its bin is open to -Infinity and cannot be called an atom.
          if (bin === 0 && binning.edges[0] === -Number.MAX_VALUE) continue;
          // A quantile bin ends at the value that reaches its share: up to one tie group more.
          expect(count).toBeLessThan((1.5 * m) / bins + m / (2 * bins) + 1);
        }
      }),
    );
  });

  it('has the exact CDF of the data, its own or any other, at every edge', () => {
    fc.assert(
      fc.property(
        sample,
        fc.array(anyNumber, { maxLength: 300 }),
        binCount,
        (values, live, bins) => {
          const binning = buildNumericBinning(sorted(values), { bins });
          for (const data of [values, live]) {
            const { counts } = countAll(
              binning,
              data.map((x) => [SLOT.number, x, '']),
            );
            let cumulative = 0;
            for (const [bin, edge] of binning.edges.entries()) {
              cumulative += counts[bin] as number;
              expect(cumulative).toBe(data.filter((x) => x <= edge).length);
            }
          }
        },
      ),
      { numRuns: 50 },
    );
  });

  it('does not depend on the order of the rows, nor on the sign of zero', () => {
    fc.assert(
      fc.property(sample, (values) => {
        const { id } = buildNumericBinning(sorted(values));
        const mirrored = values.toReversed().map((x) => (x === 0 ? -0 : x));
        expect(buildNumericBinning(sorted(mirrored)).id).toBe(id);
      }),
    );
  });
});

describe('the fast look-up', () => {
  const edgeList = fc
    .oneof(
      fc.uniqueArray(finiteNumber, { minLength: 0, maxLength: 300 }),
      fc
        .tuple(finiteNumber, fc.array(fc.nat(3), { minLength: 1, maxLength: 100 }))
        .map(([start, steps]) => {
          let at = start;
          return steps.map(
            (step) => (at = step === 0 ? nextDouble(at) : at + Math.abs(at) * 10 ** -step),
          );
        }),
    )
    .map((list) =>
      Float64Array.from(new Set(list.map((x) => x + 0)))
        .filter(Number.isFinite)
        .sort(),
    )
    .map((edges) => edges.filter((edge, i) => i === 0 || edge > (edges[i - 1] as number)));

  it('equals plain lower bound at, beside and between any edges', () => {
    fc.assert(
      fc.property(edgeList, fc.array(anyNumber, { maxLength: 50 }), (edges, values) => {
        const lookup = createBinLookup(edges);
        const probes = [...values];
        for (const [i, edge] of edges.entries()) {
          probes.push(edge, nextDouble(edge), prevDouble(edge), edge / 2 + (edges[i + 1] ?? 0) / 2);
        }
        for (const probe of probes) {
          if (lookup(probe) !== lowerBound(edges, probe)) {
            expect([probe, lookup(probe)]).toEqual([probe, lowerBound(edges, probe)]);
          }
        }
      }),
      { numRuns: 500 },
    );
  });
});
