import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { effectText, intervalText, shareText } from '../../../../src/core/domain/figures.ts';

describe('shares', () => {
  it.each([
    [0, '0 %'],
    [1e-17, '0 %'],
    [0.0004, '< 0.1 %'],
    [0.001, '0.1 %'],
    [0.0417, '4.17 %'],
    [0.11496, '11.5 %'],
    [1, '100 %'],
  ])('%d is %s', (share, text) => {
    expect(shareText(share)).toBe(text);
  });
});

describe('effects', () => {
  it.each([
    [0.934, '0.93'],
    [0.0512, '0.051'],
    [0.0996, '0.10'],
    [12.345, '12.35'],
  ])('%d is %s', (effect, text) => {
    expect(effectText(effect)).toBe(text);
  });
});

describe('the interval of an effect', () => {
  it.each([
    [0.9341, 0.9344, null],
    [0.9341, 0.9444, ['0.93', '0.95']],
    [0.29, 0.3, ['0.29', '0.30']],
    [0.0512, 0.1301, ['0.051', '0.14']],
  ])('from %d to %d is %j', (low, high, text) => {
    expect(intervalText(low, high)).toEqual(text);
  });

  it('holds the effect as it is shown', () => {
    const unit = fc.double({ min: 0, max: 1, noNaN: true });
    fc.assert(
      fc.property(unit, unit, unit, (...three) => {
        const [low = 0, value = 0, high = 0] = three.toSorted((a, b) => a - b);
        const ends = intervalText(low, high);
        if (ends === null) return;
        const shown = Number(effectText(value));
        expect(Number(ends[0])).toBeLessThanOrEqual(shown);
        expect(Number(ends[1])).toBeGreaterThanOrEqual(shown);
        expect(Number(ends[0])).toBeLessThanOrEqual(low + 1e-12);
        expect(Number(ends[1])).toBeGreaterThanOrEqual(high - 1e-12);
      }),
    );
  });
});
