import type { RowValue } from '../../core/baseline/row-value.ts';
import { parseEventTime } from '../../core/domain/event-time.ts';
import { plainTime } from '../rows/row-time.ts';

/** Makes a flat event in JSON of the values of one row; `wrong`: its time is none. */
export type RowWriter = (row: readonly (RowValue | undefined)[]) => {
  readonly value: Buffer;
  readonly wrong: string | null;
};

const ZONED = /^(\d{4}-\d{2}-\d{2}) (\d{2}:\d{2}:\d{2}(?:\.\d+)?)(Z|[+-]\d{2}:?\d{2})$/;

/**
 * A row with its columns as keys, whatever they are called; its time as events have it.
 * @param timeColumn where the event time is
 */
export function rowWriter(columns: readonly string[], timeColumn: string): RowWriter {
  const keys = columns.map((column) => `${JSON.stringify(column)}:`);
  const timeAt = columns.indexOf(timeColumn);
  return (row) => {
    const fields: string[] = [];
    const time = eventTime(row[timeAt] ?? null);
    for (let i = 0; i < keys.length; i += 1) {
      const value = row[i];
      if (value === undefined) continue;
      fields.push(`${keys[i] ?? ''}${jsonOf(i === timeAt ? time : value)}`);
    }
    return { value: Buffer.from(`{${fields.join(',')}}`), wrong: wrongTime(time) };
  };

  function wrongTime(time: RowValue): string | null {
    if (time === null || parseEventTime(time) !== null) return null;
    return `column "${timeColumn}" is no time: write RFC 3339, with or without a zone, a date, or epoch seconds, milliseconds, microseconds or nanoseconds, 1970 to 9999`;
  }
}

/** Databases and pandas put a blank between date and time, and write zones without the colon. */
function eventTime(value: RowValue): RowValue {
  const time = plainTime(value);
  if (typeof time !== 'string') return time;
  const zoned = ZONED.exec(time);
  if (zoned === null) return time;
  const [, date = '', clock = '', zone = ''] = zoned;
  const offset = zone.length === 5 ? `${zone.slice(0, 3)}:${zone.slice(3)}` : zone;
  return `${date}T${clock}${offset}`;
}

/** JSON has no number that is infinite, but reads 1e999 as one; none that is not a number, which is a value of no use. */
function jsonOf(value: RowValue): string {
  if (typeof value !== 'number' || Number.isFinite(value)) return JSON.stringify(value);
  return Number.isNaN(value) ? '"NaN"' : value > 0 ? '1e999' : '-1e999';
}
