import { SpareMemory } from './spare-memory.ts';

/** What is larger belongs to nobody else; Node's pools are not, and cannot be given back. */
const OWN_BYTES = Math.max(65_536, Buffer.poolSize);
/** Below it memory is taken from Node's pool. */
const SMALL_BYTES = 4_096;
/** Whoever has less than one part in so many of a memory takes a copy: four partitions with as much each take none. */
const SHARERS = 5;

const spare = new SpareMemory();

/** Memory for so many bytes that are being fetched, with anything in it: to become a FetchedMemory when they are there. */
export function memoryFor(bytes: number): Buffer {
  if (bytes > OWN_BYTES) return spare.take(bytes);
  return bytes < SMALL_BYTES ? Buffer.allocUnsafe(bytes) : Buffer.allocUnsafeSlow(bytes);
}

/**
 * Memory that fetched records are in, and that several lists of them may share. V8 does not know how soon it could go: it
 * collects its whole heap when there is much of such memory, for every 64 MiB that were fetched.
 */
export class FetchedMemory {
  private readonly bytes: Buffer;
  private holders = 0;

  /** @param bytes nothing but the lists that hold it reads of its memory */
  constructor(bytes: Buffer) {
    this.bytes = bytes;
  }

  /**
   * Bytes of this memory with the memory that they are in: their own where they are little of it. A few that wait for long,
   * in a partition that cannot go on, would keep all of it meanwhile, and many times that with every further response.
   */
  share(bytes: Buffer): { readonly bytes: Buffer; readonly memory: FetchedMemory } {
    if (bytes.length * SHARERS >= this.bytes.length) return { bytes, memory: this };
    const own = memoryFor(bytes.length);
    own.set(bytes);
    return { bytes: own, memory: new FetchedMemory(own) };
  }

  hold(): void {
    this.holders += 1;
  }

  /** Given back at once when nobody holds it any more; views of it are then of no length. */
  letGo(): void {
    this.holders -= 1;
    const { buffer } = this.bytes;
    if (this.holders === 0 && buffer.byteLength > OWN_BYTES && buffer instanceof ArrayBuffer)
      spare.give(buffer);
  }
}
