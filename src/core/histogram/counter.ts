import { SLOT } from '../domain/event-frame.ts';
import type { Slot } from '../domain/event-frame.ts';
import { BinIndex } from './bin-lookup.ts';
import { addCategory, addNumberCategory } from './categorical-histogram.ts';
import { createCategoryLookup } from './category-lookup.ts';
import { BinningMismatchError } from './histogram.ts';
import { addTaken } from './kernel/count-memory.ts';
import { addNumber, addNumbers, tailPlaces } from './numeric-histogram.ts';
import type {
  Binning,
  CategoricalBinning,
  CategoricalHistogram,
  Histogram,
  NumericBinning,
  NumericHistogram,
  SlotRows,
} from './types.ts';

/**
 * Counts slots of event frames into histograms under one binning. Made once a binning (it builds the look-up tables)
 * and shared by every histogram under it: tiles, segments, windows. Nothing is allocated per value, but for category
 * texts that are not tracked.
 */
export interface Counter {
  readonly binning: Binning;
  /**
   * Counts one slot, by the feature's kind:
   * - any: absent is no observation; missing and invalid have their counters.
   * - numeric: a number (NaN is invalid, +-Infinity goes to the end bins). Text, numeric or not, and booleans are of the
   *   wrong type: invalid.
   * - categorical: a text; a finite number and a boolean count as the category of that name (21 as `21`, true as `true`).
   * - boolean: a boolean; the numbers 0 and 1; the texts true and false in lower, upper or title case. Else invalid.
   *
   * @param histogram one under this binning
   * @param number the number, or 0 / 1 of a boolean slot
   * @returns the bin the value went to, or -1 when it was not binned; for categories the tracked index, then K for
   * other and K + 1 for unseen
   * @throws BinningMismatchError when the histogram has another binning
   */
  add(histogram: Histogram, slot: Slot, number: number, text: string): number;
  /**
   * Counts one feature of many rows: the same, to the bit, as `add` for one after another.
   *
   * @param order the rows that count: the first `count` of it
   * @returns how many of them were observations
   */
  addRows(
    histogram: Histogram,
    rows: SlotRows,
    feature: number,
    order: Uint16Array,
    count: number,
  ): number;
}

export function createCounter(binning: Binning): Counter {
  if (binning.kind === 'numeric') return numericCounter(binning);
  return binning.kind === 'boolean' ? booleanCounter(binning) : categoricalCounter(binning);
}

function numericCounter(binning: NumericBinning): Counter {
  const index = new BinIndex(binning.edges);
  const places = tailPlaces(binning);
  return {
    binning,
    add(histogram, slot, number) {
      assertSame(histogram, binning);
      if (slot === SLOT.number) {
        return addNumber(histogram as NumericHistogram, number, index, places);
      }
      return addUnbinned(histogram, slot);
    },
    addRows(histogram, rows, feature, order, count) {
      assertSame(histogram, binning);
      const target = histogram as NumericHistogram;
      const observed = addTaken(target, rows, feature, order, count, index, places);
      if (observed >= 0) return observed;
      return addNumbers(target, rows, feature, order, count, index, places);
    },
  };
}

function categoricalCounter(binning: CategoricalBinning): Counter {
  const lookup = createCategoryLookup(binning);
  return oneByOne(binning, (histogram, slot, number, text) => {
    assertSame(histogram, binning);
    const target = histogram as CategoricalHistogram;
    if (slot === SLOT.text) return addCategory(target, text, lookup);
    if (slot === SLOT.number) return addNumberCategory(target, number, lookup);
    if (slot === SLOT.boolean) return addCategory(target, number === 0 ? 'false' : 'true', lookup);
    return addUnbinned(target, slot);
  });
}

function booleanCounter(binning: CategoricalBinning): Counter {
  const lookup = createCategoryLookup(binning);
  return oneByOne(binning, (histogram, slot, number, text) => {
    assertSame(histogram, binning);
    if (slot === SLOT.absent || slot === SLOT.missing) return addUnbinned(histogram, slot);
    const value = slot === SLOT.invalid ? null : booleanOf(slot, number, text);
    if (value === null) return addUnbinned(histogram, SLOT.invalid);
    return addCategory(histogram as CategoricalHistogram, value, lookup);
  });
}

/** A counter whose rows are counted as single slots are. */
function oneByOne(binning: Binning, add: Counter['add']): Counter {
  return {
    binning,
    add,
    addRows(histogram, { slots, numbers, texts, width }, feature, order, count) {
      let observed = 0;
      for (let i = 0; i < count; i += 1) {
        const at = (order[i] as number) * width + feature;
        const slot = slots[at] as Slot;
        if (slot === SLOT.absent) continue;
        observed += 1;
        add(histogram, slot, numbers[at] as number, texts[at] ?? '');
      }
      return observed;
    },
  };
}

/** `false`, `true`, or null when the slot's value is no boolean. */
function booleanOf(slot: Slot, number: number, text: string): 'false' | 'true' | null {
  if (slot === SLOT.text) return booleanOfText(text);
  if (number === 0) return 'false';
  return number === 1 ? 'true' : null;
}

/** What the usual writers of booleans make: JSON and JavaScript, Python, SQL. */
export function booleanOfText(text: string): 'false' | 'true' | null {
  if (text === 'true' || text === 'True' || text === 'TRUE') return 'true';
  return text === 'false' || text === 'False' || text === 'FALSE' ? 'false' : null;
}

/** Counts what has no bin: missing, or of the wrong type for the feature. */
function addUnbinned(histogram: Histogram, slot: Slot): number {
  if (slot === SLOT.missing) histogram.missing += 1;
  else if (slot !== SLOT.absent) histogram.invalid += 1;
  return -1;
}

function assertSame(histogram: Histogram, binning: Binning): void {
  if (histogram.binning !== binning && histogram.binning.id !== binning.id) {
    throw new BinningMismatchError(binning.id, histogram.binning.id);
  }
}
