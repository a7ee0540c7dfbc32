import { describe, expect, it } from 'vitest';
import { Random } from '../../../scripts/simulate/random.ts';
import type { ModelSchema } from '../../../src/core/domain/event-frame.ts';
import { NativeScanner } from '../../../src/ingest/decode/bytes/native-scanner.ts';
import { FrameList } from '../../../src/ingest/decoder.ts';

const NAMES = Array.from({ length: 64 }, (_, i) => `f${i}`);
const SCHEMA: ModelSchema = {
  modelId: 1,
  model: 'm',
  features: NAMES.map(
    (name, id) => ({ id, name, kind: 'numeric', role: 'input', tier: 'standard' }) as const,
  ),
  indexOf: new Map(NAMES.map((name, i) => [name, i])),
  attributes: [],
};
const SCHEMAS = { schema: () => SCHEMA };
/** As scan.wat reads them itself: 5^q is in its table. */
const FARTHEST = 60;

/** The numbers are the doubles that JavaScript makes of their texts, and are read along a plan. */
function expectRead(texts: readonly string[]): void {
  const scanner = new NativeScanner();
  const frames = new FrameList();
  const read = (some: readonly string[]): void => {
    const members = some.map((text, i) => `"f${i}":${text}`);
    const value = Buffer.from(`{"model":"m","features":{${members.join(',')}}}`);
    frames.clear();
    scanner.decode(
      { offset: 0, timestamp: 0, key: null, value, headers: new Map() },
      SCHEMAS,
      frames,
    );
  };
  read(NAMES.map(() => '0'));
  let events = 0;
  for (let i = 0; i < texts.length; i += NAMES.length) {
    const some = texts.slice(i, i + NAMES.length);
    read(some);
    events += 1;
    const { numbers } = frames.at(0);
    const wrong = some.filter((text, j) => !Object.is(numbers[j], Number(text)));
    expect(wrong).toEqual([]);
  }
  expect(scanner.planned).toBe(events);
}

/** Between two doubles: an odd number of 54 bits, sometimes the last one below a power of two. */
function between(random: Random): bigint {
  if (random.uniform() < 0.1) return 2n ** 54n - 1n;
  return 2n ** 53n + 2n * BigInt(Math.floor(random.uniform() * 2 ** 52)) + 1n;
}

/** digits * 10^power, as one of the texts for it. */
function textOf(digits: bigint, power: number, random: Random): string {
  const text = String(digits);
  const point = 1 + Math.floor(random.uniform() * text.length);
  const exponent = power + text.length - point;
  const decimals = point === text.length ? '' : `.${text.slice(point)}`;
  return `${text.slice(0, point)}${decimals}${exponent === 0 ? '' : `e${exponent}`}`;
}

describe('numbers along a plan', () => {
  it('are the nearest doubles, as close as they may be to the middle of two', () => {
    const random = new Random(7);
    const texts: string[] = [];
    for (let power = -FARTHEST - 2; power <= FARTHEST + 2; power += 1) {
      const ten = 10n ** BigInt(Math.abs(power));
      for (let i = 0; i < 60; i += 1) {
        // Digits up to the largest number of 19 of them, which 64 bits hold.
        const bits = 63 + Math.floor(power * Math.log2(10)) - Math.floor(random.uniform() * 4);
        const scaled = between(random) << 400n;
        const middle = power >= 0 ? scaled / ten : scaled * ten;
        const nearest = middle >> BigInt(400 + 54 - bits);
        for (let off = -1n; off <= 2n; off += 1n) texts.push(textOf(nearest + off, power, random));
      }
    }
    expectRead(texts);
  });

  it('are the even ones of two that are as near', () => {
    const random = new Random(8);
    const texts: string[] = [];
    for (let power = -4; power <= 23; power += 1) {
      const five = 5n ** BigInt(Math.abs(power));
      for (let i = 0; i < 200; i += 1) {
        let middle = between(random);
        // Below 0 times five is the number itself, above 0 a share of it.
        if (power > 0) middle += five - (middle % five);
        if (middle % 2n === 0n) middle += five;
        if (middle >= 2n ** 54n) continue;
        const digits = power > 0 ? middle / five : middle * five;
        const shift = BigInt(Math.floor(random.uniform() * 4));
        if (digits << shift < 2n ** 64n) texts.push(textOf(digits << shift, power, random));
      }
    }
    expect(texts.length).toBeGreaterThan(4_000);
    expectRead(texts);
  });

  it('are as JSON has them at the ends of what is read here', () => {
    const texts = `0 -0 0.0 -0.000 0e0 -0e5 0e-60 0.0e60 1e22 1e23 1e-22 1E+60 1E+61 1e-60 1e-61 1e0001 1e400
      9223372036854775807 9223372036854775808 9999999999999999999 99999999999999999999 9007199254740993
      18446744073709551615 18446744073709551616 9007199254740991e-22 9007199254740993e-22 0.9007199254740993
      900719925474099.3e-60 5e-324 -1e-400 0.0000000000000000001 0.00000000000000000012 1e999 123456789e-999`;
    expectRead(texts.split(/\s+/));
  });
});
