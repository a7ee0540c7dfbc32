import type { Histogram } from '../histogram/types.ts';
import type { BlockCounts } from './types.ts';

export const HOUR_MS = 3_600_000;
/** Coarse groups of the block counts: the parts between 9 decile edges. */
const GROUPS = 10;

/**
 * Which of at most 10 groups each fine bin belongs to. Numeric: cut at the fine edges nearest to the deciles, so that
 * group boundaries are edges and counts stay exact. Categories: the 9 heaviest cells one by one, the rest together; cells
 * are the tracked categories, then other, then unseen.
 */
export function groupBins(h: Histogram): Uint8Array {
  return h.kind === 'numeric'
    ? groupNumeric(h.counts)
    : groupCells([...h.counts, h.other, h.unseen]);
}

function groupNumeric(counts: Float64Array): Uint8Array {
  const groupOf = new Uint8Array(counts.length);
  let total = 0;
  for (const count of counts) total += count;
  let cumulative = 0;
  let group = 0;
  let decile = 1;
  for (let bin = 0; bin < counts.length; bin += 1) {
    groupOf[bin] = group;
    const before = cumulative;
    cumulative += counts[bin] as number;
    const target = (decile * total) / GROUPS;
    // Cut behind this bin when its upper edge is at least as near to the decile as any later edge can be.
    const after = bin + 1 < counts.length ? cumulative + (counts[bin + 1] as number) : Infinity;
    const near = cumulative >= target || target - cumulative <= after - target;
    if (decile < GROUPS && near && cumulative > before && cumulative < total) {
      group += 1;
      while (decile < GROUPS && (decile * total) / GROUPS <= cumulative) decile += 1;
      if ((decile * total) / GROUPS - cumulative < total / (2 * GROUPS)) decile += 1;
    }
  }
  return groupOf;
}

function groupCells(cells: readonly number[]): Uint8Array {
  const byWeight = cells
    .map((count, cell) => ({ count, cell }))
    .sort((a, b) => b.count - a.count || a.cell - b.cell);
  const groupOf = new Uint8Array(cells.length).fill(Math.min(GROUPS, cells.length) - 1);
  byWeight.slice(0, GROUPS - 1).forEach(({ cell }, group) => {
    groupOf[cell] = group;
  });
  return groupOf;
}

/** Counts groups per UTC hour while the rows pass. */
export interface BlockCollector {
  /** @param bin or cell of the value @param hour UTC hours since the epoch */
  add(bin: number, hour: number): void;
  build(): BlockCounts;
}

export function createBlockCollector(groupOf: Uint8Array): BlockCollector {
  let groups = 0;
  for (const group of groupOf) groups = Math.max(groups, group + 1);
  const byHour = new Map<number, Uint32Array>();
  return {
    add(bin, hour) {
      const group = groupOf[bin] as number;
      let counts = byHour.get(hour);
      if (counts === undefined) {
        counts = new Uint32Array(groups);
        byHour.set(hour, counts);
      }
      counts[group] = (counts[group] as number) + 1;
    },
    build() {
      const hours = Int32Array.from(byHour.keys()).sort();
      const counts = new Uint32Array(hours.length * groups);
      hours.forEach((hour, i) => {
        counts.set(byHour.get(hour) as Uint32Array, i * groups);
      });
      return { groupOf, groups, hours, counts };
    },
  };
}
