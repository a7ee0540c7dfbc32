import type { BinIndex } from '../bin-lookup.ts';
import type { NumericHistogram, SlotRows } from '../types.ts';
import { COUNT_CODE } from './count-code.ts';

/*
 * Rows that are being counted, where count.wat counts them, and what lies where in its memory. Nobody waits while counting,
 * so one is enough for all partitions of a process. It never grows: views of it stay what they are.
 */

const PAGE_BYTES = 65_536;
/** As count.wat asks for. */
const PAGES = 74;

const SUMS_AT = 1_024;
/** What count.wat adds up, as numbers of 8 bytes; what is there before is added to. */
const SUM = { sum: 0, sumSquares: 1, min: 2, max: 3 } as const;
/** What it counts from 0 on, as numbers of 4 bytes. */
const COUNT = {
  observed: 8,
  missing: 9,
  invalid: 10,
  zero: 11,
  negative: 12,
  integer: 13,
  infinite: 14,
} as const;

const ORDER_AT = 4_096;
const COUNTS_AT = 16_384;
const TAIL_SUMS_AT = 49_152;
const SLOTS_AT = 65_536;
const NUMBERS_AT = 131_072;
const MAX_ORDER = (COUNTS_AT - ORDER_AT) / 2;
const MAX_BINS = (TAIL_SUMS_AT - COUNTS_AT) / 8;
const MAX_TAILS = (SLOTS_AT - TAIL_SUMS_AT) / 8;
const MAX_SLOTS = NUMBERS_AT - SLOTS_AT;
/** Where tables are. */
const TABLES = { from: NUMBERS_AT + 8 * MAX_SLOTS, to: PAGES * PAGE_BYTES } as const;
const TABLE_HEAD = 40;

/** Fewer rows than this cost more to bring here than they do elsewhere. */
const LEAST_ROWS = 16;

const memory = new WebAssembly.Memory({ initial: PAGES, maximum: PAGES });
const { buffer } = memory;
const sums = new Float64Array(buffer, SUMS_AT, 4);
const tally = new Int32Array(buffer, SUMS_AT, 15);
const order = new Uint16Array(buffer, ORDER_AT, MAX_ORDER);
const slots = new Uint8Array(buffer, SLOTS_AT, MAX_SLOTS);
const numbers = new Float64Array(buffer, NUMBERS_AT, MAX_SLOTS);
const words = new DataView(buffer);

const { count } = new WebAssembly.Instance(
  new WebAssembly.Module(Buffer.from(COUNT_CODE, 'base64')),
  { driftd: { memory } },
).exports as {
  count(table: number, feature: number, width: number, rows: number): void;
};

/** The rows that are here; null: none are. */
let taken: SlotRows | null = null;
/** Those of them that are to be counted, of which a copy is here, and how many they are; null: none. */
let selected: Uint16Array | null = null;
let selectedLength = 0;

/**
 * Takes in the first `length` rows of a block, to be counted until `letRowsGo` and not to be changed before. What does not
 * fit is not taken: it is counted elsewhere.
 */
export function takeRows(rows: SlotRows, length: number): void {
  letRowsGo();
  const size = rows.width * length;
  if (length < LEAST_ROWS || size > MAX_SLOTS) return;
  slots.set(rows.slots.length === size ? rows.slots : rows.slots.subarray(0, size));
  numbers.set(rows.numbers.length === size ? rows.numbers : rows.numbers.subarray(0, size));
  taken = rows;
}

/** Which of the rows that are here are to be counted: the first `rows` of the order. */
export function selectRows(rows: Uint16Array, length: number): void {
  selected = null;
  if (taken === null || length < LEAST_ROWS || length > MAX_ORDER) return;
  order.set(rows.length === length ? rows : rows.subarray(0, length));
  selected = rows;
  selectedLength = length;
}

export function letRowsGo(): void {
  taken = null;
  selected = null;
}

/**
 * Counts one feature of the rows that are here, to the bit as `addNumber` would one after another.
 * @param which as `selectRows` was told, and how many of it
 * @param places `tailPlaces` of the histogram's binning, whose edges `index` is of
 * @returns how many of them were observations; -1: these rows are not here
 */
export function addTaken(
  histogram: NumericHistogram,
  rows: SlotRows,
  feature: number,
  which: Uint16Array,
  length: number,
  index: BinIndex,
  places: Int16Array,
): number {
  if (taken !== rows || selected !== which || selectedLength !== length) return -1;
  const { counts, tailSums } = histogram;
  // Of other lengths than its binning it would be counted beyond its end.
  if (counts.length !== index.count + 1) return -1;
  if (counts.length > MAX_BINS || tailSums.length > MAX_TAILS) return -1;
  const table = tableOf(index, places);
  if (table === 0) return -1;
  const ownCounts = viewOf(countViews, COUNTS_AT, counts.length);
  const ownTails = viewOf(tailViews, TAIL_SUMS_AT, tailSums.length);
  ownCounts.set(counts);
  ownTails.set(tailSums);
  sums[SUM.sum] = histogram.sum;
  sums[SUM.sumSquares] = histogram.sumSquares;
  sums[SUM.min] = histogram.min;
  sums[SUM.max] = histogram.max;
  count(table, feature, rows.width, length);
  counts.set(ownCounts);
  tailSums.set(ownTails);
  histogram.sum = sums[SUM.sum] as number;
  histogram.sumSquares = sums[SUM.sumSquares] as number;
  histogram.min = sums[SUM.min] as number;
  histogram.max = sums[SUM.max] as number;
  histogram.missing += tally[COUNT.missing] as number;
  histogram.invalid += tally[COUNT.invalid] as number;
  histogram.zero += tally[COUNT.zero] as number;
  histogram.negative += tally[COUNT.negative] as number;
  histogram.integer += tally[COUNT.integer] as number;
  histogram.infinite += tally[COUNT.infinite] as number;
  return tally[COUNT.observed] as number;
}

/** By length: made once, since to make one costs more than to copy what it shows. */
const countViews: Float64Array[] = [];
const tailViews: Float64Array[] = [];

function viewOf(views: Float64Array[], at: number, length: number): Float64Array {
  let view = views[length];
  if (view === undefined) {
    view = new Float64Array(buffer, at, length);
    views[length] = view;
  }
  return view;
}

/** Where the table of an index is, and since when: all are forgotten when there is no room for another. */
interface Table {
  readonly at: number;
  readonly age: number;
}
const tables = new WeakMap<BinIndex, Table>();
let age = 0;
let free: number = TABLES.from;

/** @returns where it is, made when it is not there; 0: it does not fit */
function tableOf(index: BinIndex, places: Int16Array): number {
  const known = tables.get(index);
  if (known?.age === age) return known.at;
  const { edges, start, cells } = index;
  const startAt = TABLE_HEAD + edges.byteLength;
  const placesAt = startAt + start.byteLength;
  const size = Math.ceil((placesAt + places.byteLength) / 8) * 8;
  if (size > TABLES.to - TABLES.from) return 0;
  if (free + size > TABLES.to) {
    age += 1;
    free = TABLES.from;
  }
  const at = free;
  free += size;
  for (const [i, value] of [index.low, index.scale, cells].entries())
    words.setFloat64(at + 8 * i, value, true);
  for (const [i, value] of [index.count, at + startAt, at + placesAt, cells].entries())
    words.setInt32(at + 24 + 4 * i, value, true);
  new Float64Array(buffer, at + TABLE_HEAD, edges.length).set(edges);
  new Uint16Array(buffer, at + startAt, start.length).set(start);
  new Int16Array(buffer, at + placesAt, places.length).set(places);
  tables.set(index, { at, age });
  return at;
}
