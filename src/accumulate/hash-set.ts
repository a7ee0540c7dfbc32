const FIRST_CAPACITY = 1_024;
/** Fuller than this it grows, by a quarter: 8 bytes an entry become about 12. */
const MAX_LOAD = 0.8;
const GROWTH = 1.25;

/** A set of 64-bit hashes in two typed arrays: open addressing, linear probing. (0, 0) stands for an empty place. */
export class HashSet64 {
  private high = new Uint32Array(FIRST_CAPACITY);
  private low = new Uint32Array(FIRST_CAPACITY);
  private count = 0;

  get size(): number {
    return this.count;
  }

  /** What it takes. */
  get bytes(): number {
    return this.high.byteLength + this.low.byteLength;
  }

  has(high: number, low: number): boolean {
    const at = this.place(high, low);
    return this.high[at] === high && this.low[at] === low;
  }

  add(high: number, low: number): void {
    if (this.count + 1 > this.high.length * MAX_LOAD) this.grow();
    const at = this.place(high, low);
    if (this.high[at] === 0 && this.low[at] === 0) this.count += 1;
    this.high[at] = high;
    this.low[at] = low;
  }

  /** Where the hash is, or would go. */
  private place(high: number, low: number): number {
    const { length } = this.high;
    // The high bits of the low lane: the lanes are mixed, and any length will do.
    let at = Math.floor((low / 2 ** 32) * length);
    while (
      (this.high[at] !== 0 || this.low[at] !== 0) &&
      (this.high[at] !== high || this.low[at] !== low)
    ) {
      at += 1;
      if (at === length) at = 0;
    }
    return at;
  }

  private grow(): void {
    const [high, low] = [this.high, this.low];
    const capacity = Math.ceil(high.length * GROWTH);
    this.high = new Uint32Array(capacity);
    this.low = new Uint32Array(capacity);
    this.count = 0;
    for (let i = 0; i < high.length; i += 1) {
      if (high[i] !== 0 || low[i] !== 0) this.add(high[i] as number, low[i] as number);
    }
  }
}
