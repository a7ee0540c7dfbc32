import { parseEventTime } from '../../../core/domain/event-time.ts';

const ZERO = 0x30;
const DASH = 0x2d;
const COLON = 0x3a;
/** Length of `2026-01-31T`, of that with `23:59:`, and of that with the seconds. */
const DAY_END = 11;
const MINUTE_END = 17;
const SECONDS_END = 19;
/** With nanoseconds it is 30. */
const MAX_LENGTH = 32;

/** RFC 3339 in UTC as most producers write it: `2026-01-31T23:59:59Z`, with or without a fraction. */
export class TimeReader {
  /** The last day read, as its digits, and when it began. */
  private day = -1;
  private begin = -1;
  /** The last minute read, up to the colon before its seconds, and when it began; most often that of the next event, too. */
  private readonly minute = new Uint8Array(MINUTE_END);
  private minuteBegin = -1;

  private readonly bytes = new Uint8Array(MAX_LENGTH);

  /** The same of a text. */
  readText(text: string): number {
    const { length } = text;
    if (length > MAX_LENGTH) return -1;
    for (let i = 0; i < length; i += 1) {
      const unit = text.charCodeAt(i);
      // No byte would be the same.
      if (unit >= 0x80) return -1;
      this.bytes[i] = unit;
    }
    return this.read(this.bytes, 0, length);
  }

  /** @returns ms since the epoch; -1: not as usual, parseEventTime knows */
  read(bytes: Uint8Array, from: number, end: number): number {
    if (end - from < SECONDS_END + 1 || bytes[end - 1] !== 0x5a) return -1;
    if (!this.isLastMinute(bytes, from) && !this.readMinute(bytes, from)) return -1;
    const second = two(bytes, from + MINUTE_END);
    const fraction = milliseconds(bytes, from + SECONDS_END, end - 1);
    return second <= 59 && fraction >= 0 ? this.minuteBegin + second * 1_000 + fraction : -1;
  }

  private isLastMinute(bytes: Uint8Array, from: number): boolean {
    const { minute } = this;
    for (let i = MINUTE_END - 1; i >= 0; i -= 1) if (minute[i] !== bytes[from + i]) return false;
    return true;
  }

  private readMinute(bytes: Uint8Array, from: number): boolean {
    const begin = this.beginOf(bytes, from);
    const hour = two(bytes, from + 11);
    const minute = two(bytes, from + 14);
    if (begin < 0 || !(hour <= 23) || !(minute <= 59)) return false;
    if (bytes[from + DAY_END - 1] !== 0x54) return false;
    if (bytes[from + 13] !== COLON || bytes[from + 16] !== COLON) return false;
    for (let i = 0; i < MINUTE_END; i += 1) this.minute[i] = bytes[from + i] as number;
    this.minuteBegin = begin + (hour * 60 + minute) * 60_000;
    return true;
  }

  private beginOf(bytes: Uint8Array, from: number): number {
    if (bytes[from + 4] !== DASH || bytes[from + 7] !== DASH) return -1;
    const year = two(bytes, from) * 100 + two(bytes, from + 2);
    const day = (year * 100 + two(bytes, from + 5)) * 100 + two(bytes, from + 8);
    if (day !== this.day) {
      // NaN where a digit is none.
      if (!(day >= 0)) return -1;
      const text = String(day).padStart(8, '0');
      const midnight = `${text.slice(0, 4)}-${text.slice(4, 6)}-${text.slice(6)}T00:00:00Z`;
      this.begin = parseEventTime(midnight) ?? -1;
      this.day = day;
    }
    return this.begin;
  }
}

/** Two digits; NaN when they are none. */
function two(bytes: Uint8Array, at: number): number {
  const tens = (bytes[at] as number) - ZERO;
  const ones = (bytes[at + 1] as number) - ZERO;
  return tens >= 0 && tens <= 9 && ones >= 0 && ones <= 9 ? tens * 10 + ones : NaN;
}

/** Of a fraction from its dot to `end`; 0 when there is none, -1 when it is no fraction. What is finer is cut off. */
function milliseconds(bytes: Uint8Array, from: number, end: number): number {
  if (from === end) return 0;
  if (bytes[from] !== 0x2e || end - from < 2) return -1;
  let value = 0;
  for (let i = from + 1; i < end; i += 1) {
    const digit = (bytes[i] as number) - ZERO;
    if (!(digit >= 0 && digit <= 9)) return -1;
    if (i - from <= 3) value = value * 10 + digit;
  }
  const digits = end - from - 1;
  return digits === 1 ? value * 100 : digits === 2 ? value * 10 : value;
}
