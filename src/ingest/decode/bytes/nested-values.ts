import { LIMITS } from '../../decoder.ts';
import { checkValue, mayBeOdd } from '../json-limits.ts';
import type { ByteScanner } from './byte-scanner.ts';

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const SPACE = 0x20;
/** Opening brackets and braces, and closing ones, with this bit. */
const BRACE_BIT = 0x20;
const OPEN = 0x7b;
const CLOSE = 0x7d;

/**
 * What a nested value stands in: the event, or an object of it. The deeper is assumed, so that of values as deep as is allowed
 * JSON.parse decides.
 */
const STANDS_IN = 2;

/** Does a nested value begin with this byte? */
export function isNested(byte: number): boolean {
  return (byte | BRACE_BIT) === OPEN;
}

/** Lists and objects that nobody counts, passed over in the open record: parsed alone, since they have limits, too. */
export class NestedValues {
  /** Keys in those that were passed since this was 0. */
  keys = 0;
  private readonly scan: ByteScanner;

  constructor(scan: ByteScanner) {
    this.scan = scan;
  }

  /** @returns where it ends; -1: not as usual, or beyond a limit */
  pass(at: number): number {
    const end = this.endOf(at);
    const text = end < 0 ? null : this.scan.written(at, end);
    if (text === null) return -1;
    const seen = { keys: 0, odd: mayBeOdd(text) };
    try {
      checkValue(JSON.parse(text), STANDS_IN, seen);
    } catch {
      // JSON.parse meets it again in all of the event, and what is wrong is told.
      return -1;
    }
    this.keys += seen.keys;
    return end;
  }

  /** Behind the brace or bracket that closes the one at `at`, if they match; -1: there is none. */
  private endOf(at: number): number {
    const { scan } = this;
    let depth = 0;
    for (let place = at; ; place += 1) {
      const byte = scan.byte(place);
      if (byte === QUOTE) place = this.closingQuote(place);
      else if (isNested(byte)) depth += 1;
      else if ((byte | BRACE_BIT) === CLOSE) depth -= 1;
      // Behind the record are zeros.
      if (byte === 0 || place < 0 || depth > LIMITS.depth) return -1;
      if (depth === 0) return place + 1;
    }
  }

  private closingQuote(at: number): number {
    const { scan } = this;
    let place = at + 1;
    for (;;) {
      const byte = scan.byte(place);
      if (byte === QUOTE) return place;
      if (byte < SPACE) return -1;
      place += byte === BACKSLASH ? 2 : 1;
    }
  }
}
