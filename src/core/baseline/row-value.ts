import { SLOT } from '../domain/event-frame.ts';
import type { Slot } from '../domain/event-frame.ts';
import type { FeatureKind } from '../domain/feature.ts';
import { numberKey } from '../histogram/category-key.ts';
import { booleanOfText } from '../histogram/counter.ts';
import { segmentOfValue } from '../histogram/segment-name.ts';

/** A value of a training row: text as read from a file, or a typed value; null is missing. */
export type RowValue = number | string | boolean | null;

/** What a row's value is to the counters: the same slot that a live event fills. */
export interface RowSlot {
  slot: Slot;
  number: number;
  text: string;
}

/** What files write where there is no value, as R, pandas, SQL and spreadsheets do; a blank text is one of them. */
const MISSING_TEXTS = ['', 'NA', 'N/A', 'n/a', 'NaN', 'nan', 'NULL', 'null', 'None', '<NA>'];
const MISSING: ReadonlySet<string> = new Set(MISSING_TEXTS);
/** Longer texts, which nearly all are, need no look-up. */
const MISSING_LENGTH = Math.max(...MISSING_TEXTS.map((text) => text.length));

/** Does a text of a file stand for no value? */
export function isMissingText(text: string): boolean {
  const trimmed = text.trim();
  return trimmed.length <= MISSING_LENGTH && MISSING.has(trimmed);
}

const NUMBER = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?$/i;
const INFINITE = /^[+-]?inf(?:inity)?$/i;

/** A decimal number as people write it in files (`inf` too); NaN when the text is none. Blank text is no number. */
export function parseNumber(text: string): number {
  const trimmed = text.trim();
  if (NUMBER.test(trimmed)) return Number(trimmed);
  if (INFINITE.test(trimmed)) return trimmed.startsWith('-') ? -Infinity : Infinity;
  return NaN;
}

export function isNumberText(text: string): boolean {
  return !Number.isNaN(parseNumber(text));
}

/**
 * A category as a live event would name it. Integer codes that a file holds as floats (`21.0`, as pandas writes integer
 * columns with gaps) are the integers; `007` and everything else stays as it is.
 */
export function categoryText(text: string): string {
  return /^-?\d+\.0+$/.test(text) ? text.slice(0, text.indexOf('.')) : text;
}

/**
 * The segment of a row's attribute, as a live event's: `21`, 21 and `21.0` are one, and so are `True` and true. null when the
 * row has no value there.
 */
export function segmentOfRow(attribute: string, value: RowValue | undefined): string | null {
  if (value === null || value === undefined) return null;
  if (typeof value === 'number') return segmentOfValue(attribute, numberKey(value));
  const text = typeof value === 'boolean' ? String(value) : categoryText(value);
  return segmentOfValue(attribute, booleanOfText(text) ?? text);
}

/**
 * A row's value as the slot a live event would have, judged by the feature's kind, so that `21` in a CSV and 21 in an
 * event are one value. Texts that stand for no value are missing, but for categories: there an event may say `NA`, too, and
 * mean a category. Fills and returns `out`.
 */
export function rowSlot(kind: FeatureKind, value: RowValue, out: RowSlot): RowSlot {
  out.number = 0;
  out.text = '';
  if (value === null || (kind !== 'categorical' && isNoValue(value))) {
    out.slot = SLOT.missing;
  } else if (typeof value === 'boolean') {
    out.slot = SLOT.boolean;
    out.number = value ? 1 : 0;
  } else if (typeof value === 'number') {
    out.slot = SLOT.number;
    out.number = value;
  } else if (kind === 'numeric') {
    out.slot = SLOT.number;
    out.number = parseNumber(value);
  } else if (kind === 'boolean' && (value === '0' || value === '1')) {
    out.slot = SLOT.boolean;
    out.number = value === '1' ? 1 : 0;
  } else {
    out.slot = SLOT.text;
    out.text = kind === 'categorical' ? categoryText(value) : value;
  }
  return out;
}

function isNoValue(value: number | string | boolean): boolean {
  return typeof value === 'string' && isMissingText(value);
}
