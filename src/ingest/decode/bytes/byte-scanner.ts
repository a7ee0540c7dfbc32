import { LIMITS } from '../../decoder.ts';
import { TextCache } from './text-cache.ts';

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const MINUS = 0x2d;
const DOT = 0x2e;
const ZERO = 0x30;
/** Powers of ten that a double holds exactly. */
const TENS = Float64Array.from({ length: 23 }, (_, i) => Number(`1e${i}`));
const LARGEST_EXACT = 2 ** 53;
/** Digits that an int32 surely holds. */
const HALF_DIGITS = 9;

export const NO_BYTES = new Uint8Array(0);
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/**
 * Reads JSON values off the bytes of one record, each in one pass. Where a value is not as usual, `at` becomes -1: then
 * nothing that was read counts, and JSON.parse has the last word on the record.
 */
export class ByteScanner {
  bytes: Uint8Array = NO_BYTES;
  /** The next byte to be read. */
  at = 0;
  private readonly texts = new TextCache();

  open(bytes: Uint8Array): void {
    this.bytes = bytes;
    this.at = 0;
  }

  /** Passes over white space. @returns the byte that follows it; -1 at the end */
  next(): number {
    const { bytes } = this;
    let { at } = this;
    let byte = at < bytes.length ? (bytes[at] as number) : -1;
    while (byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09) {
      at += 1;
      byte = at < bytes.length ? (bytes[at] as number) : -1;
    }
    this.at = at;
    return byte;
  }

  /**
   * A number from its first byte on. Decimals of few digits are exact here: the digits as a whole number below 2^53 times
   * or by a power of ten up to 10^22 is rounded once (Clinger 1990, "How to read floating point numbers accurately").
   * @param into where the number goes, at `place`: handed back it would be an object of its own
   */
  number(into: Float64Array, place: number): void {
    const { bytes, at: from } = this;
    const end = bytes.length;
    let at = from;
    const negative = bytes[at] === MINUS;
    if (negative) at += 1;
    const first = at;
    let high = 0;
    let low = 0;
    let digits = 0;
    let exponent = false;
    let digit = at < end ? (bytes[at] as number) - ZERO : -1;
    while (digit >= 0 && digit <= 9) {
      if (digits < HALF_DIGITS) high = (Math.imul(high, 10) + digit) | 0;
      else if (digits < 2 * HALF_DIGITS) low = (Math.imul(low, 10) + digit) | 0;
      digits += 1;
      at += 1;
      digit = at < end ? (bytes[at] as number) - ZERO : -1;
    }
    // No digit, or a zero before others.
    if (digits === 0 || (digits > 1 && bytes[first] === ZERO)) {
      this.at = -1;
      return;
    }
    let decimals = 0;
    if (digit === DOT - ZERO) {
      const whole = digits;
      at += 1;
      digit = at < end ? (bytes[at] as number) - ZERO : -1;
      while (digit >= 0 && digit <= 9) {
        if (digits < HALF_DIGITS) high = (Math.imul(high, 10) + digit) | 0;
        else if (digits < 2 * HALF_DIGITS) low = (Math.imul(low, 10) + digit) | 0;
        digits += 1;
        at += 1;
        digit = at < end ? (bytes[at] as number) - ZERO : -1;
      }
      decimals = digits - whole;
      if (decimals === 0) {
        this.at = -1;
        return;
      }
    }
    if (((digit + ZERO) | 0x20) === 0x65) {
      at = this.exponentEnd(at);
      if (at < 0) {
        this.at = -1;
        return;
      }
      exponent = true;
    }
    this.at = at;
    if (exponent || digits > 2 * HALF_DIGITS) {
      this.exactly(from, at, into, place);
      return;
    }
    const mantissa =
      digits <= HALF_DIGITS ? high : high * (TENS[digits - HALF_DIGITS] as number) + low;
    if (mantissa >= LARGEST_EXACT) {
      this.exactly(from, at, into, place);
      return;
    }
    const value = decimals === 0 ? mantissa : mantissa / (TENS[decimals] as number);
    into[place] = negative ? -value : value;
  }

  /** Behind an exponent that begins at `at`; -1: it is none. */
  private exponentEnd(at: number): number {
    const { bytes } = this;
    let end = at + 1;
    if (bytes[end] === MINUS || bytes[end] === 0x2b) end += 1;
    const first = end;
    while (
      end < bytes.length &&
      (bytes[end] as number) - ZERO >= 0 &&
      (bytes[end] as number) <= 0x39
    )
      end += 1;
    return end === first ? -1 : end;
  }

  private exactly(from: number, to: number, into: Float64Array, place: number): void {
    into[place] = Number(this.texts.latin1(this.bytes, from, to));
  }

  /**
   * A text from its opening quote on; without escapes. Short ASCII texts that come again are not made again.
   * @returns '' and `at` -1 when it is not as usual
   */
  text(): string {
    const { bytes } = this;
    const from = this.at + 1;
    const end = this.textEnd();
    if (end < 0) {
      this.at = -1;
      return '';
    }
    this.at = end + 1;
    if (this.ascii) return this.texts.get(bytes, from, end, this.hash);
    try {
      return utf8.decode(bytes.subarray(from, end));
    } catch {
      this.at = -1;
      return '';
    }
  }

  /** Of the text that `textEnd` has seen. */
  ascii = true;
  private hash = 0;

  /** Where the closing quote is of the text whose opening quote is at `at`; -1 when it is not as usual. */
  textEnd(): number {
    const { bytes } = this;
    const from = this.at + 1;
    const limit = Math.min(bytes.length, from + LIMITS.stringBytes + 1);
    let hash = 0;
    let seen = 0;
    for (let at = from; at < limit; at += 1) {
      const byte = bytes[at] as number;
      if (byte === QUOTE) {
        this.ascii = seen < 0x80;
        this.hash = hash;
        return at;
      }
      if (byte < 0x20 || byte === BACKSLASH) return -1;
      seen |= byte;
      hash = Math.imul(hash ^ byte, 0x01000193);
    }
    return -1;
  }

  /** Passes over `true`, `false` or `null` at `at`. @returns 1, 0 or -1; `at` -1 when it is none of them */
  literal(): number {
    const { bytes, at } = this;
    const first = bytes[at];
    if (
      first === 0x6e &&
      bytes[at + 1] === 0x75 &&
      bytes[at + 2] === 0x6c &&
      bytes[at + 3] === 0x6c
    ) {
      this.at = at + 4;
      return -1;
    }
    if (
      first === 0x74 &&
      bytes[at + 1] === 0x72 &&
      bytes[at + 2] === 0x75 &&
      bytes[at + 3] === 0x65
    ) {
      this.at = at + 4;
      return 1;
    }
    this.at =
      first === 0x66 &&
      bytes[at + 1] === 0x61 &&
      bytes[at + 2] === 0x6c &&
      bytes[at + 3] === 0x73 &&
      bytes[at + 4] === 0x65
        ? at + 5
        : -1;
    return 0;
  }
}
