/** Pieces of Node's pools are smaller: what is larger belongs to nobody else. */
const OWN_BYTES = 65_536;

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

  hold(): void {
    this.holders += 1;
  }

  /** Given back at once when nobody holds it any more; views of it are then of no length. */
  letGo(): void {
    this.holders -= 1;
    const { buffer } = this.bytes;
    if (this.holders === 0 && buffer.byteLength > OWN_BYTES && buffer instanceof ArrayBuffer)
      buffer.transfer(0);
  }
}
