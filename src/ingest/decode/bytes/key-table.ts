import { LIMITS } from '../../decoder.ts';

/** Names that come up besides the declared ones are remembered up to here. */
const MAX_LEARNED = 1_000;
const EMPTY = -1;
const QUOTE = 0x22;
const BACKSLASH = 0x5c;

/** What a name stands for that was not declared. */
export const UNKNOWN = -1;

/**
 * The keys of one kind of object, found by their bytes: a name is an entry, an entry has a meaning. Names that were not
 * declared become entries as they come, so that a key that stands twice is seen, whatever its name.
 */
export class KeyTable {
  /** By entry: what the name was declared to mean, or UNKNOWN. */
  readonly meanings: number[] = [];
  /** By entry: where its name begins in `bytes`, and its length with the closing quote. */
  private readonly starts: number[] = [];
  readonly lengths: number[] = [];
  private bytes = new Uint8Array(4_096);
  private used = 0;
  private learned = 0;
  /** Open addressing: entries by hash. */
  private slots = new Int32Array(64).fill(EMPTY);
  private mask = 63;

  /** @param names with what they mean: 0 or above */
  constructor(names: Iterable<readonly [string, number]>) {
    const encoder = new TextEncoder();
    for (const [name, meaning] of names) {
      const bytes = encoder.encode(name);
      // Others are never written as they are: their events are parsed by JSON.parse.
      if (bytes.length <= LIMITS.nameBytes && bytes.every(isPlain))
        this.add(bytes, 0, bytes.length, meaning);
    }
  }

  /**
   * The entry of the name that begins at `from`, up to its closing quote; a new one when it is plain ASCII and there is room.
   * Finds no end behind the bytes: they must hold a quote, or a byte that cannot be in a name.
   * @returns -1: none
   */
  find(bytes: Uint8Array, from: number): number {
    let hash = 0;
    let ascii = true;
    let to = from;
    for (;;) {
      const byte = bytes[to] as number;
      if (byte === QUOTE) break;
      if (!isPlain(byte) || to - from >= LIMITS.nameBytes) return -1;
      if (byte >= 0x80) ascii = false;
      hash = Math.imul(hash ^ byte, 0x01000193);
      to += 1;
    }
    const slot = this.slotOf(bytes, from, to, hash);
    const entry = this.slots[slot] as number;
    if (entry !== EMPTY) return entry;
    if (!ascii || this.learned >= MAX_LEARNED) return -1;
    this.learned += 1;
    return this.add(bytes, from, to, UNKNOWN);
  }

  /** Where the name is, or the free slot where it belongs. */
  private slotOf(bytes: Uint8Array, from: number, to: number, hash: number): number {
    let at = mix(hash) & this.mask;
    for (;;) {
      const entry = this.slots[at] as number;
      if (entry === EMPTY || this.equals(entry, bytes, from, to)) return at;
      at = (at + 1) & this.mask;
    }
  }

  private equals(entry: number, bytes: Uint8Array, from: number, to: number): boolean {
    const start = this.starts[entry] as number;
    const length = to - from;
    if (this.lengths[entry] !== length + 1) return false;
    for (let i = 0; i < length; i += 1) if (this.bytes[start + i] !== bytes[from + i]) return false;
    return true;
  }

  private add(bytes: Uint8Array, from: number, to: number, meaning: number): number {
    const length = to - from + 1;
    if (this.used + length > this.bytes.length) {
      const larger = new Uint8Array((this.used + length) * 2);
      larger.set(this.bytes);
      this.bytes = larger;
    }
    const entry = this.meanings.length;
    this.bytes.set(bytes.subarray(from, to), this.used);
    this.bytes[this.used + length - 1] = QUOTE;
    this.meanings.push(meaning);
    this.starts.push(this.used);
    this.lengths.push(length);
    this.used += length;
    if (this.meanings.length * 2 > this.slots.length) this.grow();
    else this.enter(entry);
    return entry;
  }

  private grow(): void {
    this.slots = new Int32Array(this.slots.length * 2).fill(EMPTY);
    this.mask = this.slots.length - 1;
    for (let entry = 0; entry < this.meanings.length; entry += 1) this.enter(entry);
  }

  private enter(entry: number): void {
    const start = this.starts[entry] as number;
    const end = start + (this.lengths[entry] as number) - 1;
    let hash = 0;
    for (let i = start; i < end; i += 1)
      hash = Math.imul(hash ^ (this.bytes[i] as number), 0x01000193);
    this.slots[this.slotOf(this.bytes, start, end, hash)] = entry;
  }
}

/** Stands in a JSON text as it is; undefined, behind the end, does not. */
function isPlain(byte: number): boolean {
  return byte >= 0x20 && byte !== QUOTE && byte !== BACKSLASH;
}

function mix(hash: number): number {
  return Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d) >>> 7;
}
