import type { RowValue } from '../core/baseline/row-value.ts';
import type { RowFile } from '../ingest/rows/row-file.ts';
import { plainTime } from '../ingest/rows/row-time.ts';
import { DriftdError } from '../platform/errors.ts';

/** Years 1 to 9999, in ms: what documents and the database both hold. */
const EARLIEST = -62_135_596_800_000;
const LATEST = 253_402_300_799_999;

/**
 * A row's time in whole ms since the epoch: RFC 3339, the same without a zone (taken as UTC), or an epoch number of
 * seconds, milliseconds, microseconds or nanoseconds; null when missing, undefined when it is none, also beyond the years 1
 * to 9999.
 */
export function rowTime(value: RowValue | undefined): number | null | undefined {
  if (value === null || value === undefined) return null;
  const plain = plainTime(value);
  const time = typeof plain === 'number' ? plain : Date.parse(String(plain));
  return time >= EARLIEST && time <= LATEST ? time : undefined;
}

/**
 * What to say of a row whose time is none.
 * @param row its index in the file, from 0
 * @param value what stands there
 */
export async function noTime(
  file: RowFile,
  row: number,
  value: RowValue | undefined,
  column: string | undefined,
): Promise<DriftdError> {
  return new DriftdError(
    'INPUT_INVALID',
    `${await file.placeOf(row)}: column ${column ?? ''}: "${String(value).slice(0, 40)}" is no time; write RFC 3339 such as 2026-01-31T23:59:00Z, or epoch milliseconds`,
  );
}
