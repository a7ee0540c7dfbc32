import { describe, expect, it } from 'vitest';
import { Random } from '../../../scripts/simulate/random.ts';
import { exactDecimal } from '../../../src/ingest/decode/bytes/exact-decimal.ts';

const into = new Float64Array(1);

/** The number of the text; null when it is not certain. */
function decimal(text: string): number | null {
  const bytes = new TextEncoder().encode(`[${text}]`);
  return exactDecimal(bytes, 1, bytes.length - 1, into, 0) ? (into[0] as number) : null;
}

/** Digits of every count, a point anywhere, an exponent or none. */
function randomDecimal(random: Random): string {
  const whole = (below: number): number => Math.floor(random.uniform() * below);
  const digits = Array.from({ length: 1 + whole(30) }, () => whole(10)).join('');
  const point = whole(digits.length);
  const head = digits.slice(0, point).replace(/^0+(?=.)/, '') || '0';
  const exponent = random.uniform() < 0.5 ? '' : `e${whole(400) - 200}`;
  return `${random.uniform() < 0.5 ? '-' : ''}${head}.${digits.slice(point)}${exponent}`;
}

describe('decimals of many digits', () => {
  it('are the doubles that JavaScript makes of them, and nearly all are made here', () => {
    const random = new Random(5);
    let made = 0;
    for (let i = 0; i < 100_000; i += 1) {
      const text = randomDecimal(random);
      const number = decimal(text);
      if (number === null) continue;
      made += 1;
      expect(Object.is(number, Number(text)), text).toBe(true);
    }
    expect(made).toBeGreaterThan(99_900);
  });

  it('are so for the shortest text of any double', () => {
    const random = new Random(6);
    let made = 0;
    for (let i = 0; i < 50_000; i += 1) {
      const value = (random.uniform() - 0.5) * 10 ** (Math.floor(random.uniform() * 36) - 20);
      const number = decimal(String(value));
      // Whole numbers beyond 2^53 can lie in the middle of two doubles.
      if (number === null) continue;
      expect(number).toBe(value);
      made += 1;
    }
    expect(made).toBeGreaterThan(49_000);
  });

  it('are left to others where two doubles are as near, or very many digits would tell', () => {
    expect(decimal('9007199254740993')).toBeNull();
    expect(decimal('0.1000000000000000055511151231257827')).toBeNull();
    expect(decimal('1e300')).toBeNull();
    expect(decimal('5e-324')).toBeNull();
    expect(decimal('1e99999999999')).toBeNull();
  });

  it('may be zero', () => {
    expect(decimal('0e0')).toBe(0);
    expect(decimal('-0.0000000000000000000000000')).toBe(-0);
  });
});
