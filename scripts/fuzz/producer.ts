/*
 * Makes messages in a process of its own, so that what that takes is not taken for memory of whoever counts them. Asked for
 * offsets, it answers with their records.
 */
import process from 'node:process';
import type { SourceRecord } from '../../src/core/domain/ingestion.ts';
import { messageAt } from './messages.ts';

export interface Wanted {
  readonly seed: number;
  readonly from: number;
  readonly to: number;
}

process.on('message', ({ seed, from, to }: Wanted) => {
  const records: SourceRecord[] = [];
  for (let offset = from; offset < to; offset += 1) records.push(messageAt(seed, offset).record);
  process.send?.(records);
});
