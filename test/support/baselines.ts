import { createBaselineBuilder } from '../../src/core/baseline/builder.ts';
import type { RowValue } from '../../src/core/baseline/row-value.ts';
import { createSampler } from '../../src/core/baseline/sampler.ts';
import type { History } from '../../src/core/baseline/sampler.ts';
import type { Baseline } from '../../src/core/baseline/types.ts';

/** One training row or event: its time and its features. */
export interface Row {
  /** ms since the epoch */
  readonly time: number;
  readonly values: Readonly<Record<string, RowValue>>;
}

/** A baseline of these rows, with their times. @param history binnings that history is counted under */
export function baselineFromList(
  model: string,
  rows: readonly Row[],
  slots: boolean,
  history?: History,
): Baseline {
  const columns = Object.keys(rows[0]?.values ?? {});
  const sampler = createSampler({ columns, declared: new Map() });
  const valuesOf = (row: Row): RowValue[] => columns.map((column) => row.values[column] ?? null);
  for (const row of rows) sampler.addRow(valuesOf(row), []);
  const builder = createBaselineBuilder(sampler.plan(history), { slots });
  for (const row of rows) builder.addRow(valuesOf(row), row.time, []);
  return builder.build(model, 'rows of a test');
}

/** A stream of uniform numbers in [0, 1) that is the same on every run (mulberry32). */
export function createRandom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/** Standard normal numbers (Box-Muller). */
export function createNormal(seed: number): () => number {
  const random = createRandom(seed);
  return () => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
}

/** `perHour` rows an hour at even distances over [from, to), each with what `make` says of its time. */
export function rowsOver(
  from: number,
  to: number,
  perHour: number,
  make: (time: number) => Row['values'],
): Row[] {
  const step = 3_600_000 / perHour;
  return Array.from({ length: Math.floor((to - from) / step) }, (_, i) => {
    const time = Math.floor(from + i * step);
    return { time, values: make(time) };
  });
}
