const SLOTS = 4_096;
/** Longer texts seldom come again. */
const MAX_LENGTH = 48;

/** Texts by their bytes, so that a category that comes a million times is one string. Bounded: a newer text takes the place. */
export class TextCache {
  private readonly kept: string[] = Array.from({ length: SLOTS }, () => '');

  /** @param hash of the bytes, all of them ASCII */
  get(bytes: Uint8Array, from: number, to: number, hash: number): string {
    const length = to - from;
    if (length === 0) return '';
    if (length > MAX_LENGTH) return this.latin1(bytes, from, to);
    const slot = (hash ^ (hash >>> 12) ^ (hash >>> 22)) & (SLOTS - 1);
    const kept = this.kept[slot] as string;
    if (kept.length === length) {
      let i = 0;
      while (i < length && kept.charCodeAt(i) === bytes[from + i]) i += 1;
      if (i === length) return kept;
    }
    const text = this.latin1(bytes, from, to);
    this.kept[slot] = text;
    return text;
  }

  latin1(bytes: Uint8Array, from: number, to: number): string {
    const buffer =
      bytes instanceof Buffer ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
    return buffer.toString('latin1', from, to);
  }
}
