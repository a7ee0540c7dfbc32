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
  /** @param bin or cell of the value @param hour UTC hours since the epoch @param count of values; 1 by default */
  add(bin: number, hour: number, count?: number): void;
  build(): BlockCounts;
}

/** Hours kept at most: a leap year. More would not make the design effect better, only the baseline bigger. */
export const MAX_BLOCK_HOURS = 366 * 24;

/**
 * @param groupOf group of each bin or cell
 * @param maxHours the latest hours that are kept, whatever the order of the rows
 */
export function createBlockCollector(
  groupOf: Uint8Array,
  maxHours: number = MAX_BLOCK_HOURS,
): BlockCollector {
  let groups = 0;
  for (const group of groupOf) groups = Math.max(groups, group + 1);
  // One flat array for all hours: row r holds the groups of one hour.
  let rowOf = new Map<number, number>();
  let counts = new Uint32Array(groups * 16);
  let oldest = -Infinity;
  // Rows mostly come in time order: the hour before is usually this one.
  let lastHour = NaN;
  let lastRow = 0;

  /** The latest hours in ascending order, and their counts in the same order. */
  function latest(most: number): { hours: Int32Array; counts: Uint32Array<ArrayBuffer> } {
    const hours = Int32Array.from(rowOf.keys()).sort().slice(-most);
    const kept = new Uint32Array(hours.length * groups);
    for (const [i, hour] of hours.entries()) {
      const from = (rowOf.get(hour) as number) * groups;
      kept.set(counts.subarray(from, from + groups), i * groups);
    }
    return { hours, counts: kept };
  }

  function rowFor(hour: number): number {
    const known = rowOf.get(hour);
    if (known !== undefined) return known;
    // Old hours go in batches, so that dropping them costs little a row.
    if (rowOf.size >= maxHours + Math.ceil(maxHours / 4)) {
      const kept = latest(maxHours);
      counts = kept.counts;
      rowOf = new Map(Array.from(kept.hours, (each, i) => [each, i]));
      oldest = kept.hours[0] as number;
    }
    const row = rowOf.size;
    rowOf.set(hour, row);
    if ((row + 1) * groups > counts.length) {
      const grown = new Uint32Array(Math.max(counts.length * 2, (row + 1) * groups));
      grown.set(counts);
      counts = grown;
    }
    return row;
  }

  return {
    add(bin, hour, count = 1) {
      if (hour < oldest) return;
      if (hour !== lastHour) {
        lastRow = rowFor(hour);
        lastHour = hour;
      }
      const at = lastRow * groups + (groupOf[bin] as number);
      counts[at] = (counts[at] as number) + count;
    },
    build() {
      return { groupOf, groups, ...latest(maxHours) };
    },
  };
}
