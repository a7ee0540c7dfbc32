import type { RecordFault } from '../../core/domain/ingestion.ts';

/** One event of a file; with a fault its value is what there is to show of it. */
export interface FileRecord {
  readonly value: Buffer;
  readonly fault?: RecordFault;
}

/** Some records at a time; null for each that was not asked for: it is before the first that is. */
export type FileRecords = AsyncGenerator<readonly (FileRecord | null)[]>;

/** What is shown of a record that is not read. */
const SHOWN_BYTES = 4_096;

export function faulty(value: Buffer, reason: RecordFault['reason'], detail: string): FileRecord {
  return { value: value.subarray(0, SHOWN_BYTES), fault: { reason, detail, records: 1 } };
}

/** An event that a row became, or what is wrong with its time. @param where of the file it stands, when that is known */
export function eventRecord(
  { value, wrong }: { readonly value: Buffer; readonly wrong: string | null },
  where = '',
): FileRecord {
  return wrong === null ? { value } : faulty(value, 'invalid-timestamp', `${where}${wrong}`);
}
