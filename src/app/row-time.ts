import type { RowValue } from '../core/baseline/row-value.ts';
import { DriftdError } from '../platform/errors.ts';

const LOCAL = /^\d{4}-\d{2}-\d{2}(?:[T ]\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?)?$/;
/** Epoch numbers below this are seconds (until the year 2286 in seconds, from 1970-04-26 in milliseconds). */
const SECONDS_BELOW = 1e10;

/** A row's time: RFC 3339, the same without a zone (taken as UTC), or epoch seconds or milliseconds; null when missing. */
export function rowTime(
  value: RowValue | undefined,
  where: string,
  column: string | undefined,
): number | null {
  if (value === null || value === undefined) return null;
  const numeric =
    typeof value === 'number' ? value : /^\d+(\.\d+)?$/.test(String(value)) ? Number(value) : NaN;
  if (Number.isFinite(numeric)) return numeric < SECONDS_BELOW ? numeric * 1000 : numeric;
  const text = String(value);
  const time = Date.parse(
    LOCAL.test(text) ? `${text.replace(' ', 'T')}${text.length > 10 ? 'Z' : ''}` : text,
  );
  if (Number.isFinite(time)) return time;
  throw new DriftdError(
    'INPUT_INVALID',
    `${where}: column ${column ?? ''}: "${text.slice(0, 40)}" is no time; write RFC 3339 such as 2026-01-31T23:59:00Z, or epoch milliseconds`,
  );
}
