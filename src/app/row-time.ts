import type { RowValue } from '../core/baseline/row-value.ts';
import { plainTime } from '../ingest/rows/row-time.ts';
import { DriftdError } from '../platform/errors.ts';

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
  const plain = plainTime(value);
  const time = typeof plain === 'number' ? plain : Date.parse(String(plain));
  if (time >= EARLIEST && time <= LATEST) return time;
  throw new DriftdError(
    'INPUT_INVALID',
    `${where}: column ${column ?? ''}: "${String(value).slice(0, 40)}" is no time; write RFC 3339 such as 2026-01-31T23:59:00Z, or epoch milliseconds`,
  );
}
