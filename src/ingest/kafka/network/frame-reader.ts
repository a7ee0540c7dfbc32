import { memoryFor } from '../protocol/fetched-memory.ts';

const SIZE_BYTES = 4;

/**
 * Puts together what a connection answers, https://kafka.apache.org/protocol#protocol_common: frames behind their size,
 * each copied once into memory of its own, whatever it came in.
 */
export class FrameReader {
  private readonly size = Buffer.alloc(SIZE_BYTES);
  private sizeBytes = 0;
  private frame: Buffer | null = null;
  private filled = 0;

  /**
   * Takes the next bytes; they may be used again afterwards.
   * @param onFrame a frame is whole: its bytes, without its size
   * @throws Error when a size is negative: what answers does not speak Kafka's protocol
   */
  push(bytes: Uint8Array, onFrame: (frame: Buffer) => void): void {
    let at = 0;
    while (at < bytes.length) {
      if (this.frame === null) {
        at = this.readSize(bytes, at);
      } else {
        const end = Math.min(bytes.length, at + this.frame.length - this.filled);
        this.frame.set(bytes.subarray(at, end), this.filled);
        this.filled += end - at;
        at = end;
      }
      const { frame } = this;
      if (frame === null || this.filled < frame.length) continue;
      this.frame = null;
      onFrame(frame);
    }
  }

  private readSize(bytes: Uint8Array, from: number): number {
    let at = from;
    while (at < bytes.length && this.sizeBytes < SIZE_BYTES) {
      this.size[this.sizeBytes] = bytes[at] as number;
      this.sizeBytes += 1;
      at += 1;
    }
    if (this.sizeBytes < SIZE_BYTES) return at;
    const size = this.size.readInt32BE();
    if (size < 0) throw new Error(`an answer of ${size} bytes is announced: not Kafka's protocol`);
    this.sizeBytes = 0;
    this.filled = 0;
    this.frame = memoryFor(size);
    return at;
  }
}
