import { HASH_CELLS } from './categorical-binning.ts';
import { categoryKey, numberKey } from './category-key.ts';
import type { CategoryLookup } from './category-lookup.ts';
import { addHeavy, mergeHeavy } from './heavy-values.ts';
import { addArray } from './numeric-histogram.ts';
import type { CategoricalBinning, CategoricalHistogram } from './types.ts';

export function emptyCategoricalHistogram(binning: CategoricalBinning): CategoricalHistogram {
  return {
    kind: binning.kind,
    binning,
    counts: new Float64Array(binning.categories.length),
    other: 0,
    unseen: 0,
    cells: new Float64Array(HASH_CELLS),
    heavy: new Map(),
    missing: 0,
    invalid: 0,
  };
}

/** Counts one text as a category. A tracked one costs a Map look-up and no allocation.
 * @returns its tracked index, or the number of tracked categories for other, one more for unseen
 */
export function addCategory(
  histogram: CategoricalHistogram,
  text: string,
  lookup: CategoryLookup,
): number {
  const index = lookup.tracked.get(text);
  if (index !== undefined) {
    return addTracked(histogram, index, lookup);
  }
  const key = categoryKey(text);
  const bounded = key === text ? undefined : lookup.tracked.get(key);
  if (bounded !== undefined) {
    return addTracked(histogram, bounded, lookup);
  }
  lookup.locate(key);
  histogram.cells[lookup.cell] = (histogram.cells[lookup.cell] as number) + 1;
  addHeavy(histogram.heavy, key);
  if (lookup.known) {
    histogram.other += 1;
    return histogram.counts.length;
  }
  histogram.unseen += 1;
  return histogram.counts.length + 1;
}

/** Counts a number as the category that its shortest decimal form names; NaN and +-Infinity are invalid. */
export function addNumberCategory(
  histogram: CategoricalHistogram,
  value: number,
  lookup: CategoryLookup,
): number {
  if (!Number.isFinite(value)) {
    histogram.invalid += 1;
    return -1;
  }
  const index = lookup.trackedNumbers.get(value);
  if (index === undefined) return addCategory(histogram, numberKey(value), lookup);
  return addTracked(histogram, index, lookup);
}

function addTracked(
  histogram: CategoricalHistogram,
  index: number,
  lookup: CategoryLookup,
): number {
  histogram.counts[index] = (histogram.counts[index] as number) + 1;
  const cell = lookup.trackedCells[index] as number;
  histogram.cells[cell] = (histogram.cells[cell] as number) + 1;
  return index;
}

/** Adds `source` to `target`; the binnings are the caller's to compare. */
export function mergeCategorical(target: CategoricalHistogram, source: CategoricalHistogram): void {
  addArray(target.counts, source.counts);
  addArray(target.cells, source.cells);
  target.other += source.other;
  target.unseen += source.unseen;
  target.missing += source.missing;
  target.invalid += source.invalid;
  mergeHeavy(target.heavy, source.heavy);
}
