/** Texts that are kept: short ones by the thousand, and some long ones. In words of 4 bytes. */
const SHORT = { slots: 4_096, words: 12 } as const;
const LONG = { slots: 256, words: 64 } as const;
const ESCAPED = { slots: 512, words: 32 } as const;
const FIRST_BYTES = Int32Array.of(0, 0xff, 0xffff, 0xffffff);

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** What is kept of one size. */
class Shelf {
  readonly texts: string[];
  /** By slot: the length of its text in bytes; -1: it has none. */
  readonly lengths: Int32Array;
  /** By slot: the bytes of its text, zeros behind them in the last word. */
  readonly words: Int32Array;
  readonly width: number;
  readonly mask: number;

  constructor({ slots, words }: { readonly slots: number; readonly words: number }) {
    this.texts = Array.from({ length: slots }, () => '');
    this.lengths = new Int32Array(slots).fill(-1);
    this.words = new Int32Array(slots * words);
    this.width = words;
    this.mask = slots - 1;
  }
}

/**
 * Texts by their bytes, so that a category that comes a million times is one string, whatever its alphabet. Bounded: a
 * newer text takes the place.
 */
export class TextCache {
  private readonly bytes: Uint8Array;
  private readonly view: DataView;
  private readonly buffer: Buffer;
  private readonly short = new Shelf(SHORT);
  private readonly long = new Shelf(LONG);
  /** Those that are written with escapes: the same bytes would be another text on the other shelves. */
  private readonly escaped = new Shelf(ESCAPED);

  /** @param bytes what texts are read off, with 3 bytes more behind each; `view` is of the same memory */
  constructor(bytes: Uint8Array, view: DataView) {
    this.bytes = bytes;
    this.view = view;
    this.buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  }

  /** @returns null when the bytes are not UTF-8 */
  get(from: number, to: number, hash: number): string | null {
    const length = to - from;
    const shelf = length <= SHORT.words * 4 ? this.short : this.long;
    const slot = mix(hash ^ length) & shelf.mask;
    if (shelf.lengths[slot] === length && this.isKept(shelf, slot, from, length))
      return shelf.texts[slot] as string;
    return this.keep(shelf, slot, from, to, this.written(from, to));
  }

  /**
   * The same with escapes.
   * @returns null when it is no text of JSON, or has U+0000 or half a surrogate pair
   */
  getEscaped(from: number, to: number, hash: number): string | null {
    const shelf = this.escaped;
    const slot = mix(hash ^ (to - from)) & shelf.mask;
    if (shelf.lengths[slot] === to - from && this.isKept(shelf, slot, from, to - from))
      return shelf.texts[slot] as string;
    return this.keep(shelf, slot, from, to, this.unescape(from, to));
  }

  private unescape(from: number, to: number): string | null {
    const written = this.written(from, to);
    try {
      const text = written === null ? null : (JSON.parse(`"${written}"`) as string);
      return text === null || text.includes('\0') || !text.isWellFormed() ? null : text;
    } catch {
      return null;
    }
  }

  private isKept(shelf: Shelf, slot: number, from: number, length: number): boolean {
    const { view } = this;
    const { words } = shelf;
    let at = from;
    let word = slot * shelf.width;
    let left = length;
    for (; left >= 4; left -= 4) {
      if (view.getInt32(at, true) !== words[word]) return false;
      at += 4;
      word += 1;
    }
    return left === 0 || (view.getInt32(at, true) & (FIRST_BYTES[left] as number)) === words[word];
  }

  /** As it is written, made anew. @returns null when the bytes are not UTF-8 */
  written(from: number, to: number): string | null {
    try {
      return this.isAscii(from, to)
        ? this.latin1(from, to)
        : utf8.decode(this.bytes.subarray(from, to));
    } catch {
      return null;
    }
  }

  /** Puts a text in a slot when it fits, for the next time. @returns the text */
  private keep(
    shelf: Shelf,
    slot: number,
    from: number,
    to: number,
    text: string | null,
  ): string | null {
    const { view } = this;
    const length = to - from;
    if (text === null || length > shelf.width * 4) return text;
    let word = slot * shelf.width;
    for (let at = from; at < to; at += 4) {
      const left = to - at;
      const value = view.getInt32(at, true);
      shelf.words[word] = left >= 4 ? value : value & (FIRST_BYTES[left] as number);
      word += 1;
    }
    shelf.lengths[slot] = length;
    shelf.texts[slot] = text;
    return text;
  }

  private isAscii(from: number, to: number): boolean {
    let seen = 0;
    for (let at = from; at < to; at += 1) seen |= this.bytes[at] as number;
    return seen < 0x80;
  }

  latin1(from: number, to: number): string {
    return this.buffer.toString('latin1', from, to);
  }
}

/** Every bit of the hash counts for the lowest ones (the end of MurmurHash3). */
function mix(hash: number): number {
  const half = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  return half ^ (half >>> 13);
}
