import { SLOT } from '../domain/event-frame.ts';
import { createBinLookup } from './bin-lookup.ts';
import { HASH_CELLS, boundedKey } from './categorical-binning.ts';
import { createHasher } from './hash64.ts';
import { addHeavy } from './heavy-values.ts';
import { emptyCategoricalHistogram, emptyNumericHistogram } from './histogram.ts';
import type {
  Binning,
  CategoricalBinning,
  CategoricalHistogram,
  Histogram,
  NumericBinning,
  NumericHistogram,
} from './types.ts';

/**
 * Counts the values of one feature under one binning. Made once a binning: it holds the look-up tables; the histogram it
 * adds to is handed in, so that one counter serves every tile. Nothing is allocated per value.
 */
export interface Counter {
  readonly binning: Binning;
  empty(): Histogram;
  /**
   * Counts one slot of an event frame into `h`, a histogram of this counter's binning. `absent` counts nothing. A value
   * of the wrong type is invalid: text or a boolean for a numeric feature (numeric strings too); for a boolean feature
   * anything but true and false. A categorical feature takes numbers and booleans by their JavaScript spelling.
   */
  add(h: Histogram, slot: number, number: number, text: string): void;
}

export function createCounter(binning: Binning): Counter {
  return binning.kind === 'numeric' ? numericCounter(binning) : categoricalCounter(binning);
}

function numericCounter(binning: NumericBinning): Counter {
  const lookup = createBinLookup(binning.edges);
  const tailOf = new Int16Array(binning.edges.length + 1).fill(-1);
  binning.tailBins.forEach((bin, i) => {
    tailOf[bin] = i;
  });
  function addNumber(h: NumericHistogram, raw: number): void {
    if (Number.isNaN(raw)) {
      h.invalid += 1;
      return;
    }
    const bin = lookup(raw);
    h.counts[bin] = (h.counts[bin] as number) + 1;
    if (raw - raw !== 0) {
      h.infinite += 1;
      return;
    }
    if (raw === 0) h.zero += 1;
    else if (raw < 0) h.negative += 1;
    if (Math.trunc(raw) === raw) h.integer += 1;
    h.sum += raw;
    h.sumSquares += raw * raw;
    if (raw < h.min) h.min = raw;
    if (raw > h.max) h.max = raw;
    const tail = tailOf[bin] as number;
    if (tail >= 0) h.tailSums[tail] = (h.tailSums[tail] as number) + raw;
  }
  return {
    binning,
    empty: () => emptyNumericHistogram(binning),
    add(h, slot, number) {
      if (slot === SLOT.absent) return;
      if (slot === SLOT.number) addNumber(h as NumericHistogram, number);
      else if (slot === SLOT.missing) h.missing += 1;
      else h.invalid += 1;
    },
  };
}

/** Open-addressing set of 64-bit hashes, as two 32-bit lanes: no bigint per value. */
function knownSet(known: BigUint64Array): (high: number, low: number) => boolean {
  if (known.length === 0) return () => false;
  const size = 1 << Math.ceil(Math.log2(known.length * 2 + 1));
  const table = new Uint32Array(size * 2);
  let hasZero = false;
  for (const hash of known) {
    const high = Number(hash >> 32n);
    const low = Number(hash & 0xffffffffn);
    if (high === 0 && low === 0) {
      hasZero = true;
      continue;
    }
    let at = low & (size - 1);
    while (table[at * 2] !== 0 || table[at * 2 + 1] !== 0) at = (at + 1) & (size - 1);
    table[at * 2] = high;
    table[at * 2 + 1] = low;
  }
  return (high, low) => {
    if (high === 0 && low === 0) return hasZero;
    let at = low & (size - 1);
    for (;;) {
      const storedHigh = table[at * 2];
      const storedLow = table[at * 2 + 1];
      if (storedHigh === high && storedLow === low) return true;
      if (storedHigh === 0 && storedLow === 0) return false;
      at = (at + 1) & (size - 1);
    }
  };
}

function categoricalCounter(binning: CategoricalBinning): Counter {
  const hasher = createHasher(binning.salt);
  const isKnown = knownSet(binning.known);
  // Index and hash cell of each tracked category, so that a tracked value costs one Map look-up.
  const tracked = new Map<string, number>();
  const cellOf = new Uint8Array(binning.categories.length);
  binning.categories.forEach((category, i) => {
    tracked.set(category, i);
    hasher.update(category);
    cellOf[i] = hasher.low % HASH_CELLS;
  });
  function addCategory(h: CategoricalHistogram, raw: string): void {
    const direct = tracked.get(raw);
    if (direct !== undefined) {
      h.counts[direct] = (h.counts[direct] as number) + 1;
      const cell = cellOf[direct] as number;
      h.cells[cell] = (h.cells[cell] as number) + 1;
      return;
    }
    const text = boundedKey(raw);
    if (text !== raw && tracked.has(text)) {
      addCategory(h, text);
      return;
    }
    hasher.update(text);
    const cell = hasher.low % HASH_CELLS;
    h.cells[cell] = (h.cells[cell] as number) + 1;
    if (isKnown(hasher.high, hasher.low)) h.other += 1;
    else h.unseen += 1;
    addHeavy(h.heavy, text);
  }
  return {
    binning,
    empty: () => emptyCategoricalHistogram(binning),
    add(histogram, slot, number, text) {
      const h = histogram as CategoricalHistogram;
      if (slot === SLOT.absent) return;
      if (slot === SLOT.missing) h.missing += 1;
      else if (slot === SLOT.boolean) addCategory(h, number === 0 ? 'false' : 'true');
      else if (binning.kind === 'boolean' || slot === SLOT.invalid) h.invalid += 1;
      else if (slot === SLOT.number) addCategory(h, String(number));
      else addCategory(h, text);
    },
  };
}
