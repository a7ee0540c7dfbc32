import { createHash } from 'node:crypto';
import type { RecordBatch, SourceRecord } from '../core/domain/ingestion.ts';

/**
 * The last record that was passed, stored with the position: found again at the next claim it proves that the log is
 * still the one that was read, and no other of the same name.
 */
export interface Anchor {
  readonly offset: number;
  readonly hash: Uint8Array;
}

const HASH_BYTES = 16;

export function anchorOf(record: SourceRecord): Anchor {
  const hash = createHash('sha256');
  hash.update(`${record.offset} ${record.timestamp} `);
  for (const part of [record.key, record.value]) {
    hash.update(part === null ? '-' : `${part.length}:`);
    if (part !== null) hash.update(part);
  }
  return { offset: record.offset, hash: hash.digest().subarray(0, HASH_BYTES) };
}

/**
 * Looks for the anchor in a batch that begins at its offset. `missing`: there is no such record any more, as compaction
 * and retention make it, or it can no longer be read.
 */
export function findAnchor(anchor: Anchor, batch: RecordBatch): 'same' | 'changed' | 'missing' {
  const [first] = batch.records;
  if (first?.offset !== anchor.offset || first.fault !== undefined) return 'missing';
  return Buffer.compare(anchorOf(first).hash, anchor.hash) === 0 ? 'same' : 'changed';
}
