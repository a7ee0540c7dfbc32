import type { RowValue } from '../../core/baseline/row-value.ts';

/** A date, or a date and a time of day, without a zone. */
const LOCAL = /^\d{4}-\d{2}-\d{2}(?:[T ]\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?)?$/;
/**
 * Units of epoch numbers, told by their size: seconds until the year 2286, above that milliseconds, then what pandas and
 * Spark write, microseconds and nanoseconds.
 */
const UNITS: readonly (readonly [below: number, toMs: number])[] = [
  [1e10, 1_000],
  [1e13, 1],
  [1e16, 1e-3],
  [1e19, 1e-6],
];

/**
 * How files write times, as RFC 3339 with a zone or whole epoch milliseconds: a time without a zone is UTC, a date is its
 * midnight, numbers are epoch seconds, milliseconds, microseconds or nanoseconds, as text too. Everything else comes back
 * as it is.
 */
export function plainTime(value: RowValue): RowValue {
  if (typeof value === 'boolean' || value === null) return value;
  if (typeof value === 'number') return ofNumber(value) ?? value;
  if (/^\d+(?:\.\d+)?$/.test(value)) return ofNumber(Number(value)) ?? value;
  if (!LOCAL.test(value)) return value;
  if (value.length === 10) return `${value}T00:00:00Z`;
  const withT = value.replace(' ', 'T');
  return withT.length === 16 ? `${withT}:00Z` : `${withT}Z`;
}

function ofNumber(value: number): number | null {
  const unit = UNITS.find(([below]) => Math.abs(value) < below);
  return unit === undefined ? null : Math.round(value * unit[1]);
}
