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
  // below[bin]: how much lies at or below the bin's upper edge; the last bin has none.
  const below = new Float64Array(counts.length - 1);
  let total = 0;
  for (const [bin, count] of counts.entries()) {
    total += count;
    if (bin < below.length) below[bin] = total;
  }
  const cuts = new Set<number>();
  for (let decile = 1; decile < GROUPS; decile += 1) {
    const target = (decile * total) / GROUPS;
    let nearest = -1;
    let distance = Infinity;
    for (const [bin, mass] of below.entries()) {
      // An edge with nothing on one side splits nothing.
      if (mass === 0 || mass === total || Math.abs(mass - target) >= distance) continue;
      nearest = bin;
      distance = Math.abs(mass - target);
    }
    if (nearest >= 0) cuts.add(nearest);
  }
  const groupOf = new Uint8Array(counts.length);
  let group = 0;
  for (let bin = 0; bin < counts.length; bin += 1) {
    groupOf[bin] = group;
    if (cuts.has(bin)) group += 1;
  }
  return groupOf;
}

function groupCells(cells: readonly number[]): Uint8Array {
  const heaviest = cells
    .map((count, cell) => ({ count, cell }))
    .filter(({ count }) => count > 0)
    .sort((a, b) => b.count - a.count || a.cell - b.cell);
  // Cells that the training rows never fill join the last group: an empty group would tell nothing.
  const groups = Math.max(1, Math.min(GROUPS, heaviest.length));
  const groupOf = new Uint8Array(cells.length).fill(groups - 1);
  for (const [group, { cell }] of heaviest.slice(0, groups - 1).entries()) groupOf[cell] = group;
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
