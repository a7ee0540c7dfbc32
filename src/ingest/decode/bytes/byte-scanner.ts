import type { SourceRecord, ValuePlace } from '../../../core/domain/ingestion.ts';
import { LIMITS } from '../../decoder.ts';
import { RECORD, recordBytes } from '../kernel/scan-memory.ts';
import { exactDecimal } from './exact-decimal.ts';
import { TextCache } from './text-cache.ts';

const SPACE = 0x20;
const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const MINUS = 0x2d;
const DOT = 0x2e;
const ZERO = 0x30;
const LETTER_E = 0x65;
/** Powers of ten that a double holds exactly. */
const TENS = Float64Array.from({ length: 23 }, (_, i) => Number(`1e${i}`));
const LARGEST_EXACT = 2 ** 53;
const HIGH_BITS = 0x80808080 | 0;

const { margin: MARGIN, window: WINDOW, padding: PADDING } = RECORD;
/**
 * The record that is being read, for all scanners of the process: none waits while it reads. As constants of this file
 * the two views are compiled into the loops below.
 */
const BYTES = recordBytes;
const WORDS = new DataView(BYTES.buffer, BYTES.byteOffset, BYTES.length);

/** What is in BYTES from MARGIN on: `memory` in [from, to); for those bytes of it that zeros stand in for see `hidden`. */
const loaded: { memory: Uint8Array | null; from: number; to: number } = {
  memory: null,
  from: 0,
  to: 0,
};
/** What was where zeros are now, and where that is. */
const hidden = { words: new Int32Array(PADDING / 4), at: MARGIN };

/** Where a record is in the memory. */
export interface OpenRecord {
  readonly at: number;
  readonly end: number;
}

/**
 * Reads JSON values off the bytes of one record, each in one pass, four bytes at a time. Every method takes where a value
 * begins and returns where it ends; -1 when it is not as usual: then nothing that was read counts, and JSON.parse has the
 * last word on the record.
 */
export class ByteScanner {
  /** The text that was read last, and whether it is written with escapes. */
  text = '';
  escaped = false;
  /** The literal that was read last: 1, 0, or -1 for null. */
  flag = 0;
  private readonly texts = new TextCache(BYTES, WORDS);

  /** Where the open record ends. */
  end = 0;

  /** @returns where the record's value begins in `bytes`; -1: it is too large, or there is none */
  open(record: SourceRecord): number {
    const { place } = record;
    if (place !== undefined) return this.openAmong(place);
    const { value } = record;
    if (value === null || value.length > LIMITS.recordBytes) return -1;
    BYTES.set(value, MARGIN);
    // Nobody says that its bytes stay what they are.
    loaded.memory = null;
    return this.begin(MARGIN, value.length);
  }

  /** What follows a value that is among others is copied, too, and need not be when its turn comes. */
  private openAmong({ memory, from, to }: ValuePlace): number {
    if (to - from > LIMITS.recordBytes) return -1;
    if (memory === loaded.memory && from >= loaded.from && to <= loaded.to) {
      for (let i = 0; i < PADDING / 4; i += 1)
        WORDS.setInt32(hidden.at + 4 * i, hidden.words[i] as number);
    } else {
      loaded.memory = memory;
      loaded.from = from;
      loaded.to = Math.max(to, Math.min(from + WINDOW, memory.length));
      BYTES.set(memory.subarray(from, loaded.to), MARGIN);
    }
    return this.begin(MARGIN + from - loaded.from, to - from);
  }

  private begin(at: number, length: number): number {
    const end = at + length;
    this.end = end;
    hidden.at = end;
    for (let i = 0; i < PADDING / 4; i += 1) {
      hidden.words[i] = WORDS.getInt32(end + 4 * i);
      WORDS.setInt32(end + 4 * i, 0);
    }
    return at;
  }

  /** Of the open record, until the next one is opened. */
  get bytes(): Uint8Array {
    return BYTES;
  }

  byte(at: number): number {
    return BYTES[at] as number;
  }

  /** Passes over white space. */
  space(at: number): number {
    let byte = BYTES[at] as number;
    while (byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09) {
      at += 1;
      byte = BYTES[at] as number;
    }
    return at;
  }

  /**
   * A number from its first byte on. Digits as a whole number below 2^53 times or by a power of ten up to 10^22 are rounded
   * once (Clinger 1990, "How to read floating point numbers accurately"); the others are exactDecimal's.
   * @param into where the number goes, at `place`: handed back it would be an object of its own
   */
  number(from: number, into: Float64Array, place: number): number {
    const negative = BYTES[from] === MINUS;
    const first = negative ? from + 1 : from;
    let at = first;
    let mantissa = 0;
    let word = WORDS.getInt32(at, true) ^ 0x30303030;
    let ends = endsOfDigits(word);
    while (ends === 0) {
      mantissa = mantissa * 10_000 + fourDigits(word);
      at += 4;
      word = WORDS.getInt32(at, true) ^ 0x30303030;
      ends = endsOfDigits(word);
    }
    let rest = firstByte(ends);
    if (rest > 0) {
      mantissa = mantissa * (TENS[rest] as number) + fourDigits(word << (32 - 8 * rest));
      at += rest;
    }
    // No digit, or a zero before others.
    if (at === first || (BYTES[first] === ZERO && at - first > 1)) return -1;
    let decimals = 0;
    if (BYTES[at] === DOT) {
      at += 1;
      const point = at;
      word = WORDS.getInt32(at, true) ^ 0x30303030;
      ends = endsOfDigits(word);
      while (ends === 0) {
        mantissa = mantissa * 10_000 + fourDigits(word);
        at += 4;
        word = WORDS.getInt32(at, true) ^ 0x30303030;
        ends = endsOfDigits(word);
      }
      rest = firstByte(ends);
      if (rest > 0) {
        mantissa = mantissa * (TENS[rest] as number) + fourDigits(word << (32 - 8 * rest));
        at += rest;
      }
      decimals = at - point;
      if (decimals === 0) return -1;
    }
    const exponent = ((BYTES[at] as number) | 0x20) === LETTER_E;
    if (exponent || decimals > 22 || mantissa >= LARGEST_EXACT) {
      return this.otherNumber(from, at, exponent, into, place);
    }
    const value = decimals === 0 ? mantissa : mantissa / (TENS[decimals] as number);
    into[place] = negative ? -value : value;
    return at;
  }

  private otherNumber(
    from: number,
    mantissaEnd: number,
    exponent: boolean,
    into: Float64Array,
    place: number,
  ): number {
    const end = exponent ? exponentEnd(mantissaEnd) : mantissaEnd;
    if (end >= 0 && !exactDecimal(BYTES, from, end, into, place))
      into[place] = Number(this.texts.latin1(from, end));
    return end;
  }

  /** A text from its opening quote on. Short ones that come again are not made again. */
  string(at: number): number {
    const from = at + 1;
    let end = from;
    let hash = 0;
    let word = WORDS.getInt32(end, true);
    let ends = endsOfText(word);
    while (ends === 0) {
      hash = Math.imul(hash ^ word, 0x9e3779b1);
      hash ^= hash >>> 15;
      end += 4;
      word = WORDS.getInt32(end, true);
      ends = endsOfText(word);
    }
    const rest = firstByte(ends);
    end += rest;
    if (BYTES[end] === BACKSLASH) return this.escapedString(from, end);
    if (BYTES[end] !== QUOTE || end - from > LIMITS.stringBytes) return -1;
    this.escaped = false;
    if (rest > 0) hash = Math.imul(hash ^ (word << (32 - 8 * rest)), 0x9e3779b1);
    const text = this.texts.get(from, end, hash);
    if (text === null) return -1;
    this.text = text;
    return end + 1;
  }

  /** The same with escapes, from behind its opening quote on; `escape`: where the first one is. */
  private escapedString(from: number, escape: number): number {
    let hash = 0;
    for (let at = from; at < escape; at += 1) hash = hashed(hash, BYTES[at] as number);
    let end = escape;
    for (;;) {
      const byte = BYTES[end] as number;
      if (byte === QUOTE) break;
      // Behind the record are zeros. What an escape stands for is never longer than it is.
      if (byte < SPACE || end - from > LIMITS.stringBytes) return -1;
      hash = hashed(hash, byte);
      end += 1;
      if (byte !== BACKSLASH) continue;
      hash = hashed(hash, BYTES[end] as number);
      end += 1;
    }
    if (end - from > LIMITS.stringBytes) return -1;
    const text = this.texts.getEscaped(from, end, hash);
    if (text === null) return -1;
    this.escaped = true;
    this.text = text;
    return end + 1;
  }

  /** What is written in [from, to), made anew; null: it is no UTF-8. */
  written(from: number, to: number): string | null {
    return this.texts.written(from, to);
  }

  /** Passes over a text of ASCII, from its opening quote on; another is read, since it may be none. */
  pastString(at: number): number {
    const end = this.asciiEnd(at);
    return end < 0 ? this.string(at) : end + 1;
  }

  /** Where the closing quote is of an ASCII text whose opening quote is at `at`; -1: not as usual. */
  asciiEnd(at: number): number {
    const from = at + 1;
    let end = from;
    let ends = 0;
    for (;;) {
      const word = WORDS.getInt32(end, true);
      ends = endsOfText(word) | (word & HIGH_BITS);
      if (ends !== 0) break;
      end += 4;
    }
    end += firstByte(ends);
    return BYTES[end] === QUOTE && end - from <= LIMITS.stringBytes ? end : -1;
  }

  /** Passes over `true`, `false` or `null`. */
  literal(at: number): number {
    const word = WORDS.getInt32(at, true);
    if (word === 0x6c6c756e) {
      this.flag = -1;
      return at + 4;
    }
    if (word === 0x65757274) {
      this.flag = 1;
      return at + 4;
    }
    this.flag = 0;
    return word === 0x736c6166 && BYTES[at + 4] === 0x65 ? at + 5 : -1;
  }
}

/** Does a number begin with this byte? */
export function isNumber(byte: number): boolean {
  return byte === MINUS || (byte >= ZERO && byte <= ZERO + 9);
}

/*
 * Four bytes in one word, the first one lowest (Mycroft 1987; "Bit twiddling hacks": a zero in a word). A high bit tells of
 * a byte; bits above the lowest that is set may be wrong, by its carry.
 */

/** Of four bytes less '0': the bytes that are no digits. */
function endsOfDigits(word: number): number {
  return ((word + 0x76767676) | word) & HIGH_BITS;
}

/** The bytes that end a text or cannot be in one as they are: a quote, a backslash, a control character. */
function endsOfText(word: number): number {
  const quote = word ^ 0x22222222;
  const backslash = word ^ 0x5c5c5c5c;
  return (
    (((quote - 0x01010101) & ~quote) |
      ((backslash - 0x01010101) & ~backslash) |
      ((word - 0x20202020) & ~word)) &
    HIGH_BITS
  );
}

/** The hash of bytes with one more (FNV-1a). */
function hashed(hash: number, byte: number): number {
  return Math.imul(hash ^ byte, 0x01000193);
}

/** Which byte the lowest of these high bits belongs to. */
function firstByte(bits: number): number {
  return (31 - Math.clz32(bits & -bits)) >> 3;
}

/** Four digits, the first one lowest, as a number. */
function fourDigits(word: number): number {
  const pairs = (Math.imul(word, 10) + (word >>> 8)) & 0x00ff00ff;
  return (Math.imul(pairs, 100) + (pairs >>> 16)) & 0xffff;
}

/** Behind an exponent that begins at `at`; -1: it is none. */
function exponentEnd(at: number): number {
  let end = at + 1;
  if (BYTES[end] === MINUS || BYTES[end] === 0x2b) end += 1;
  const first = end;
  while ((BYTES[end] as number) >= ZERO && (BYTES[end] as number) <= ZERO + 9) end += 1;
  return end === first ? -1 : end;
}
