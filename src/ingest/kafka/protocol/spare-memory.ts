/** Spare memory of a process at the most. */
const MAX_SPARE_BYTES = 32 * 1024 * 1024;
/** What nobody wanted for so long is let go. */
const KEPT_MS = 5_000;
/** What is taken may have an eighth more than was asked for: answers that are nearly alike then fit in the same memory. */
const STEP_BITS = 3;

/**
 * Memory of answers whose records are counted, for the next answers. New memory of that size comes from the system each
 * time, which clears it page by page, and V8 takes its coming and going for a reason to collect its whole heap.
 */
export class SpareMemory {
  private spare: ArrayBuffer[] = [];
  private spareBytes = 0;
  private timer: NodeJS.Timeout | null = null;

  /** What is kept for the next to ask, in bytes. */
  get bytes(): number {
    return this.spareBytes;
  }

  /** @returns memory of its own, with anything in it; what it is a view of may be a little larger */
  take(bytes: number): Buffer {
    const room = roomFor(bytes);
    const found = this.spare.findLastIndex(({ byteLength }) => byteLength === room);
    if (found < 0) return Buffer.from(Buffer.allocUnsafeSlow(room).buffer, 0, bytes);
    const [memory] = this.spare.splice(found, 1) as [ArrayBuffer];
    this.spareBytes -= room;
    return Buffer.from(memory, 0, bytes);
  }

  /** Takes all of it over: whoever still has a view of it sees nothing any more. */
  give(memory: ArrayBuffer): void {
    const { byteLength } = memory;
    if (byteLength > MAX_SPARE_BYTES || byteLength !== roomFor(byteLength)) {
      memory.transfer(0);
      return;
    }
    this.spare.push(memory.transfer());
    this.spareBytes += byteLength;
    while (this.spareBytes > MAX_SPARE_BYTES) this.drop();
    this.timer ??= setTimeout(() => {
      this.timer = null;
      while (this.spare.length > 0) this.drop();
    }, KEPT_MS).unref();
    this.timer.refresh();
  }

  /** What has been spare for longest goes first. */
  private drop(): void {
    const memory = this.spare.shift();
    this.spareBytes -= memory?.byteLength ?? 0;
    memory?.transfer(0);
  }
}

/** The least of the sizes in use that is enough. */
function roomFor(bytes: number): number {
  const step = 2 ** Math.max(0, 31 - Math.clz32(bytes) - STEP_BITS);
  return Math.ceil(bytes / step) * step;
}
