import { createCategoryLookup } from '../../histogram/category-lookup.ts';
import { binnedTotal, emptyHistogram } from '../../histogram/histogram.ts';
import type {
  Binning,
  CategoricalHistogram,
  Histogram,
  NumericHistogram,
} from '../../histogram/types.ts';
import {
  BaselineDocumentError,
  count,
  fill,
  list,
  number,
  numberToData,
  object,
} from './fields.ts';
import type { Fields } from './fields.ts';

const COUNTERS = ['zero', 'negative', 'integer', 'infinite'] as const;

/** A histogram's counts as plain data, without its binning. */
export function histogramToData(h: Histogram): Fields {
  const common = { counts: Array.from(h.counts), missing: h.missing, invalid: h.invalid };
  if (h.kind !== 'numeric') {
    return {
      ...common,
      other: h.other,
      unseen: h.unseen,
      cells: Array.from(h.cells),
      heavy: [...h.heavy],
    };
  }
  const { zero, negative, integer, infinite } = h;
  const finite = h.min <= h.max;
  const moments = {
    zero,
    negative,
    integer,
    infinite,
    sum: numberToData(h.sum),
    sumSquares: numberToData(h.sumSquares),
    min: finite ? h.min : null,
    max: finite ? h.max : null,
  };
  return { ...common, moments, tailSums: Array.from(h.tailSums, numberToData) };
}

/**
 * Reads what `histogramToData` writes. Fields that cannot be made up must be there: moments and tail sums where finite
 * values were counted, hash cells where values lie outside the tracked categories.
 *
 * @throws BaselineDocumentError
 */
export function histogramFromData(fields: Fields, binning: Binning, at: string): Histogram {
  const h = emptyHistogram(binning);
  fill(h.counts, fields, 'counts', at);
  h.missing = count(fields, 'missing', at, 0);
  h.invalid = count(fields, 'invalid', at, 0);
  if (h.kind === 'numeric') readNumeric(h, fields, at);
  else readCategorical(h, fields, at);
  return h;
}

function readNumeric(h: NumericHistogram, fields: Fields, at: string): void {
  const total = binnedTotal(h);
  if (total === 0) return;
  const where = `${at} moments`;
  const moments = object(fields['moments'], where);
  for (const key of COUNTERS) {
    h[key] = count(moments, key, where, key === 'infinite' ? 0 : undefined);
    if (h[key] > total)
      throw new BaselineDocumentError(where, `"${key}" is above all counts together`);
  }
  if (total > h.infinite) {
    h.sum = number(moments['sum'], 'sum', where);
    h.sumSquares = number(moments['sumSquares'], 'sumSquares', where);
    h.min = number(moments['min'], 'min', where);
    h.max = number(moments['max'], 'max', where);
    if (!(h.min <= h.max)) throw new BaselineDocumentError(where, '"min" is above "max"');
  }
  const sums = list(fields['tailSums'] ?? [], 'tailSums', at);
  if (sums.length !== h.tailSums.length) {
    throw new BaselineDocumentError(at, `"tailSums" needs ${h.tailSums.length} entries`);
  }
  for (const [i, sum] of sums.entries()) h.tailSums[i] = number(sum, 'tailSums', at);
}

function readCategorical(h: CategoricalHistogram, fields: Fields, at: string): void {
  h.other = count(fields, 'other', at, 0);
  h.unseen = count(fields, 'unseen', at, 0);
  if (fields['cells'] !== undefined) {
    fill(h.cells, fields, 'cells', at);
  } else if (h.other + h.unseen === 0) {
    const { trackedCells } = createCategoryLookup(h.binning);
    for (const [i, cell] of trackedCells.entries()) {
      h.cells[cell] = (h.cells[cell] as number) + (h.counts[i] as number);
    }
  }
  if (h.cells.reduce((sum, cell) => sum + cell, 0) !== binnedTotal(h)) {
    throw new BaselineDocumentError(at, '"cells" must add up to "counts", "other" and "unseen"');
  }
  for (const entry of list(fields['heavy'] ?? [], 'heavy', at)) {
    const [name, times] = Array.isArray(entry) ? (entry as unknown[]) : [];
    if (typeof name !== 'string') {
      throw new BaselineDocumentError(at, '"heavy" must be a list of [name, count]');
    }
    h.heavy.set(name, count({ times }, 'times', `${at} heavy`));
  }
}
