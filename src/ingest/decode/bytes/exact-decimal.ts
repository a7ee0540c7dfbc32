/*
 * Decimals of many digits or with an exponent, without a text in between: the digits and the power of ten are each the
 * sum of two doubles (some 100 bits), and so is their product. Where both ends of its error are rounded to the same double
 * that is the nearest one; else, about once in 2^40, the caller has to ask another (Dekker 1971, "A floating-point
 * technique for extending the available precision"; Ziv 1991 for the rounding test).
 */

const ZERO = 0x30;
const MINUS = 0x2d;
const PLUS = 0x2b;
const DOT = 0x2e;
/** Digits that one double surely holds; a number may have twice as many. */
const HALF_DIGITS = 15;
/** Within these nothing comes near the ends of what doubles can be, in the steps between neither. */
const MAX_POWER = 250;
const SPLITTER = 2 ** 27 + 1;
/** What the product may be wrong by, as a share of it: the true bound is about 2^-102. */
const TOLERANCE = 2 ** -97;

const TENS = Float64Array.from({ length: HALF_DIGITS + 1 }, (_, i) => Number(`1e${i}`));
/** 10^(i - MAX_POWER) as a sum; NaN: not made yet. */
const HIGH = new Float64Array(2 * MAX_POWER + 1).fill(NaN);
const LOW = new Float64Array(2 * MAX_POWER + 1);

/**
 * @param bytes hold a JSON number in [from, to)
 * @param into where the nearest double goes, at `place`
 * @returns false: it is not certain which it is, or the number is out of range; nothing is written
 */
export function exactDecimal(
  bytes: Uint8Array,
  from: number,
  to: number,
  into: Float64Array,
  place: number,
): boolean {
  let at = from;
  const negative = bytes[at] === MINUS;
  if (negative) at += 1;
  let high = 0;
  let low = 0;
  /** Digits from the first that is not 0. */
  let digits = 0;
  let decimals = 0;
  let pointed = false;
  for (; at < to; at += 1) {
    const digit = (bytes[at] as number) - ZERO;
    if (digit === DOT - ZERO) {
      pointed = true;
      continue;
    }
    // An exponent.
    if (digit > 9) break;
    if (pointed) decimals += 1;
    if (digits === 0 && digit === 0) continue;
    if (digits < HALF_DIGITS) high = high * 10 + digit;
    else low = low * 10 + digit;
    digits += 1;
  }
  if (digits > 2 * HALF_DIGITS) return false;
  const power = (at < to ? exponentOf(bytes, at + 1, to) : 0) - decimals;
  if (!(power >= -MAX_POWER && power <= MAX_POWER)) return false;
  if (HIGH[power + MAX_POWER] !== HIGH[power + MAX_POWER]) makePower(power);
  const value = product(
    high,
    low,
    TENS[Math.max(0, digits - HALF_DIGITS)] as number,
    power + MAX_POWER,
  );
  if (value !== value) return false;
  into[place] = negative ? -value : value;
  return true;
}

function exponentOf(bytes: Uint8Array, from: number, to: number): number {
  let at = from;
  const negative = bytes[at] === MINUS;
  if (negative || bytes[at] === PLUS) at += 1;
  let exponent = 0;
  for (; at < to && exponent < 10_000; at += 1)
    exponent = exponent * 10 + (bytes[at] as number) - ZERO;
  return negative ? -exponent : exponent;
}

/** (high * scale + low) * 10^(index - MAX_POWER), rounded to nearest; NaN when that is not certain. */
function product(high: number, low: number, scale: number, index: number): number {
  const sum = high * scale;
  const rest = productError(high, scale, sum) + low;
  const digitsHigh = sum + rest;
  const digitsLow = rest - (digitsHigh - sum);
  const powerHigh = HIGH[index] as number;
  const main = digitsHigh * powerHigh;
  const error =
    productError(digitsHigh, powerHigh, main) +
    (digitsHigh * (LOW[index] as number) + digitsLow * powerHigh);
  const tolerance = main * TOLERANCE;
  const value = main + (error - tolerance);
  return value === main + (error + tolerance) ? value : NaN;
}

/** What a * b lacks of the true product, exactly. */
function productError(a: number, b: number, rounded: number): number {
  const [bigA, bigB] = [a * SPLITTER, b * SPLITTER];
  const highA = bigA - (bigA - a);
  const highB = bigB - (bigB - b);
  const lowA = a - highA;
  const lowB = b - highB;
  return lowA * lowB - (rounded - highA * highB - lowA * highB - highA * lowB);
}

function makePower(power: number): void {
  const index = power + MAX_POWER;
  const high = Number(`1e${power}`);
  HIGH[index] = high;
  const ten = 10n ** BigInt(Math.abs(power));
  if (power >= 0) {
    LOW[index] = Number(ten - BigInt(high));
    return;
  }
  // high is whole / 2^shift: what it lacks of 1 / ten is (2^shift - whole * ten) / (ten * 2^shift).
  let [whole, shift] = [high, 0];
  while (!Number.isInteger(whole)) {
    whole *= 2;
    shift += 1;
  }
  const lacks = (1n << BigInt(shift)) - BigInt(whole) * ten;
  LOW[index] = (Number((lacks << 128n) / ten) / 2 ** 128) * 2 ** -shift;
}
