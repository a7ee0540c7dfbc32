/**
 * Bin look-up speed on one core: nanoseconds a value and the ratio to a plain binary search over the same edges.
 * Run: node bench/lookup.ts [values]
 */
import { createBinLookup, lowerBound } from '../src/core/histogram/bin-lookup.ts';
import { buildNumericBinning } from '../src/core/histogram/numeric-binning.ts';

const SAMPLE = 50_000;
const ROUNDS = 7;
const values = Number(process.argv[2] ?? 1_000_000);

/** mulberry32: the same values on every run. */
function uniformStream(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

const uniform = uniformStream(7);
const normal = (): number =>
  Math.sqrt(-2 * Math.log(1 - uniform())) * Math.cos(2 * Math.PI * uniform());

const FAMILIES: Readonly<Record<string, () => number>> = {
  normal,
  lognormal: () => Math.exp(1.5 * normal()),
  pareto: () => (1 - uniform()) ** (-1 / 1.2),
  'zero-inflated': () => (uniform() < 0.6 ? 0 : Math.exp(normal())),
  counts: () => Math.floor(Math.log(1 - uniform()) / Math.log(0.99)),
  'shifted 3 sd': () => normal() + 3,
};

/** The least time of several rounds, in nanoseconds a value: what the machine can do when nothing else runs. */
function nanosecondsEach(lookup: (value: number) => number, data: Float64Array): number {
  let best = Infinity;
  let sum = 0;
  for (let round = 0; round < ROUNDS; round += 1) {
    const start = process.hrtime.bigint();
    for (const value of data) sum += lookup(value);
    best = Math.min(best, Number(process.hrtime.bigint() - start) / data.length);
  }
  if (sum < 0) throw new Error('a bin index below 0');
  return best;
}

const results = Object.entries(FAMILIES).map(([family, draw]) => {
  const sampleDraw = family === 'shifted 3 sd' ? normal : draw;
  const binning = buildNumericBinning(Float64Array.from({ length: SAMPLE }, sampleDraw).sort());
  const data = Float64Array.from({ length: values }, draw);
  const plain = nanosecondsEach((value) => lowerBound(binning.edges, value), data);
  const lookup = nanosecondsEach(createBinLookup(binning.edges), data);
  return {
    family,
    edges: binning.edges.length,
    'look-up ns': Number(lookup.toFixed(1)),
    'plain search ns': Number(plain.toFixed(1)),
    ratio: Number((lookup / plain).toFixed(2)),
  };
});
console.table(results);
