import { describe, expect, it } from 'vitest';
import type { SourceRecord } from '../../../src/core/domain/ingestion.ts';
import { recordText, textOf } from '../../../src/ingest/decode/record-text.ts';
import { LIMITS } from '../../../src/ingest/decoder.ts';
import { Rejected } from '../../../src/ingest/decode/json-limits.ts';

const strict = new TextDecoder('utf-8', { fatal: true });

/** What a strict decoder makes of the bytes; null: nothing. */
function strictly(bytes: Uint8Array): string | null {
  try {
    return strict.decode(bytes);
  } catch {
    return null;
  }
}

/** The text, or the reason why there is none. */
function outcome(text: () => string): unknown {
  try {
    return { text: text() };
  } catch (error) {
    if (!(error instanceof Rejected)) throw error;
    return error.rejection.reason;
  }
}

const recordOf = (value: Uint8Array | null, place?: SourceRecord['place']): SourceRecord => ({
  offset: 0,
  timestamp: 0,
  key: null,
  value,
  place,
  headers: new Map(),
});

/** Bytes as every kind of record has them: alone, in a view, among others that are no UTF-8. */
function outcomes(bytes: Uint8Array): unknown[] {
  const around = Buffer.concat([Buffer.of(0xe2, 0x82), bytes, Buffer.of(0x80, 0xff)]);
  const place = { memory: around, from: 2, to: 2 + bytes.length };
  const view = new Uint8Array(around.buffer, around.byteOffset + 2, bytes.length);
  return [
    outcome(() => textOf(bytes)),
    outcome(() => textOf(Buffer.from(bytes))),
    outcome(() => textOf(view)),
    outcome(() => recordText(recordOf(view))),
    outcome(() => recordText(recordOf(view, place))),
  ];
}

const PARTS: readonly (readonly number[])[] = [
  [],
  [...Buffer.from('{"a":1}')],
  [...Buffer.from('é€😀')],
  // The mark of the order of bytes, and what stands for wrong ones, written out.
  [0xef, 0xbb, 0xbf],
  [0xef, 0xbf, 0xbd],
  // Not whole, overlong, half of a surrogate pair, beyond Unicode, no UTF-8 at all.
  [0xc3],
  [0xe2, 0x82],
  [0xf0, 0x9f, 0x98],
  [0xc0, 0x80],
  [0xe0, 0x80, 0x80],
  [0xed, 0xa0, 0x80],
  [0xf4, 0x90, 0x80, 0x80],
  [0x80],
  [0xff],
];
const joined = PARTS.flatMap((a) => PARTS.flatMap((b) => PARTS.map((c) => [...a, ...b, ...c])));

describe('the text of a record', () => {
  it('is what a strict decoder makes of its bytes, or there is none', () => {
    for (const list of joined) {
      const bytes = Uint8Array.from(list);
      const text = strictly(bytes);
      const expected = text === null ? 'invalid-encoding' : { text };
      expect([list, ...outcomes(bytes)]).toEqual([list, ...Array(5).fill(expected)]);
    }
  });

  it('of a tombstone is empty', () => {
    expect(recordText(recordOf(null))).toBe('');
  });

  it('is read up to the limit of bytes and not beyond it', () => {
    const most = Buffer.alloc(LIMITS.recordBytes, 'a');
    expect(outcomes(most)).toEqual(Array(5).fill({ text: most.toString() }));
    const more = Buffer.alloc(LIMITS.recordBytes + 1, 0xff);
    expect(outcomes(more)).toEqual(Array(5).fill('too-large'));
  });
});
