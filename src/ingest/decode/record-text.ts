import type { SourceRecord } from '../../core/domain/ingestion.ts';
import { LIMITS } from '../decoder.ts';
import { Rejected } from './json-limits.ts';

const utf8 = new TextDecoder('utf-8', { fatal: true });
/** What stands for bytes that are no UTF-8; or is written in the text. */
const REPLACED = '\uFFFD';
const BYTE_ORDER_MARK = 0xfeff;

/**
 * The value of a record as text; of a tombstone an empty one.
 * @throws Rejected too-large, invalid-encoding
 */
export function recordText(record: SourceRecord): string {
  const { place } = record;
  if (place !== undefined) return textAt(place.memory, place.from, place.to);
  return record.value === null ? '' : textOf(record.value);
}

/**
 * Bytes as text, without the mark of their order.
 * @throws Rejected too-large, invalid-encoding
 */
export function textOf(bytes: Uint8Array): string {
  const buffer = Buffer.isBuffer(bytes)
    ? bytes
    : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  return textAt(buffer, 0, buffer.length);
}

/** By Buffer, which needs no view of the bytes as a TextDecoder would; it tells nothing of bytes that are no UTF-8. */
function textAt(memory: Buffer, from: number, to: number): string {
  if (to - from > LIMITS.recordBytes) {
    throw new Rejected('too-large', `${to - from} bytes; at most ${LIMITS.recordBytes} are read`);
  }
  const text = memory.toString('utf8', from, to);
  if (!text.includes(REPLACED) && text.charCodeAt(0) !== BYTE_ORDER_MARK) return text;
  try {
    return utf8.decode(memory.subarray(from, to));
  } catch {
    throw new Rejected('invalid-encoding', 'the value is not UTF-8');
  }
}
