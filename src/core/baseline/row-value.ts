import { SLOT } from '../domain/event-frame.ts';
import type { Slot } from '../domain/event-frame.ts';
import type { FeatureKind } from '../domain/feature.ts';

/** A value of a training row: text as read from a file, or a typed value; null is missing. */
export type RowValue = number | string | boolean | null;

/** What a row's value is to the counters: the same slot that a live event fills. */
export interface RowSlot {
  slot: Slot;
  number: number;
  text: string;
}

const NUMBER = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?$/i;
const INFINITE = /^[+-]?inf(?:inity)?$/i;
const NOT_A_NUMBER = /^[+-]?nan$/i;

/** A decimal number as people write it in files (`inf` too); NaN when the text is none. Blank text is no number. */
export function parseNumber(text: string): number {
  const trimmed = text.trim();
  if (NUMBER.test(trimmed)) return Number(trimmed);
  if (INFINITE.test(trimmed)) return trimmed.startsWith('-') ? -Infinity : Infinity;
  return NaN;
}

/** Is the text what a numeric column holds: a number, or `nan` as some tools write for none? */
export function isNumberText(text: string): boolean {
  return NOT_A_NUMBER.test(text.trim()) || !Number.isNaN(parseNumber(text));
}

/**
 * A category as a live event would name it. Integer codes that a file holds as floats (`21.0`, as pandas writes integer
 * columns with gaps) are the integers; `007` and everything else stays as it is.
 */
export function categoryText(text: string): string {
  return /^-?\d+\.0+$/.test(text) ? text.slice(0, text.indexOf('.')) : text;
}

/**
 * A row's value as the slot a live event would have, judged by the feature's kind, so that `21` in a CSV and 21 in an
 * event are one value. Fills and returns `out`.
 */
export function rowSlot(kind: FeatureKind, value: RowValue, out: RowSlot): RowSlot {
  out.number = 0;
  out.text = '';
  if (value === null) {
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
