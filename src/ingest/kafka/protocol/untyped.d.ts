declare module 'snappyjs' {
  /** One raw snappy block; throws when it is none or says that it holds more than `maxLength` bytes. */
  export function uncompress(compressed: Uint8Array, maxLength: number): Uint8Array;
}

declare module 'lz4js' {
  /**
   * One LZ4 block from `source[from, from + length)` to `target[at, …)`. What does not fit is dropped.
   * @returns where the next block goes; beyond the target's end when it did not fit
   */
  export function decompressBlock(
    source: Uint8Array,
    target: Uint8Array,
    from: number,
    length: number,
    at: number,
  ): number;
}
