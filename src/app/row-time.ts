import type { RowValue } from '../core/baseline/row-value.ts';
import { DriftdError } from '../platform/errors.ts';

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
/** Years 1 to 9999, in ms: what documents and the database both hold. */
const EARLIEST = -62_135_596_800_000;
const LATEST = 253_402_300_799_999;

/**
 * A row's time in whole ms since the epoch: RFC 3339, the same without a zone (taken as UTC), or an epoch number of
 * seconds, milliseconds, microseconds or nanoseconds; null when missing.
 * @throws DriftdError INPUT_INVALID, also for what lies beyond the years 1 to 9999
 */
export function rowTime(
  value: RowValue | undefined,
  where: string,
  column: string | undefined,
): number | null {
  if (value === null || value === undefined) return null;
  const text = String(value);
  const number =
    typeof value === 'number' ? value : /^\d+(\.\d+)?$/.test(text) ? Number(value) : null;
  const time = number === null ? ofText(text) : ofNumber(number);
  if (time >= EARLIEST && time <= LATEST) return time;
  throw new DriftdError(
    'INPUT_INVALID',
    `${where}: column ${column ?? ''}: "${text.slice(0, 40)}" is no time; write RFC 3339 such as 2026-01-31T23:59:00Z, or epoch milliseconds`,
  );
}

function ofNumber(value: number): number {
  const unit = UNITS.find(([below]) => Math.abs(value) < below);
  return unit === undefined ? NaN : Math.round(value * unit[1]);
}

function ofText(text: string): number {
  return Date.parse(
    LOCAL.test(text) ? `${text.replace(' ', 'T')}${text.length > 10 ? 'Z' : ''}` : text,
  );
}
