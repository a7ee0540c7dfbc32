import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { FrameReader } from '../../src/ingest/kafka/network/frame-reader.ts';

/** Frames of all sizes, behind their sizes. */
const frames = fc.array(
  fc.oneof(
    fc.uint8Array({ maxLength: 6 }),
    fc.integer({ min: 4_000, max: 70_000 }).map((size) => new Uint8Array(size).fill(size % 251)),
  ),
  { maxLength: 8 },
);

function stream(given: readonly Uint8Array[]): Buffer {
  return Buffer.concat(
    given.flatMap((frame) => {
      const size = Buffer.alloc(4);
      size.writeInt32BE(frame.length);
      return [size, Buffer.from(frame)];
    }),
  );
}

describe('a reader of frames', () => {
  it('gives back the frames, wherever the stream is cut, and keeps nothing of what it was given', () => {
    fc.assert(
      fc.property(frames, fc.array(fc.integer({ min: 1, max: 70_000 })), (given, cuts) => {
        const whole = stream(given);
        const read: Buffer[] = [];
        const reader = new FrameReader();
        const piece = Buffer.alloc(whole.length);
        for (let at = 0, turn = 0; at < whole.length; turn += 1) {
          const length = Math.min(
            cuts.length === 0 ? 1 : (cuts[turn % cuts.length] as number),
            whole.length - at,
          );
          // One memory for every piece, as a socket that reads into it has it.
          whole.copy(piece, 0, at, at + length);
          reader.push(piece.subarray(0, length), (frame) => read.push(frame));
          piece.fill(0xdd);
          at += length;
        }
        expect(read.length).toBe(given.length);
        for (const [i, frame] of read.entries())
          expect(Buffer.compare(frame, given[i] as Uint8Array)).toBe(0);
      }),
      { numRuns: 60 },
    );
  });

  it('refuses a size below 0', () => {
    const reader = new FrameReader();
    expect(() => {
      reader.push(Uint8Array.of(255, 255, 255, 255, 1), () => undefined);
    }).toThrow('an answer of -1 bytes is announced');
  });
});
