import { expect, it } from 'vitest';
import { inWords } from '../../../src/app/status/duration-words.ts';

it.each([
  [-5, '0 s'],
  [999, '0 s'],
  [59_999, '59 s'],
  [61_000, '1 min 1 s'],
  [3_600_000, '1 h'],
  [3_605_000, '1 h'],
  [90_061_000, '1 d 1 h'],
  [86_400_000 * 400, '400 d'],
])('%i ms are %s', (ms, words) => {
  expect(inWords(ms)).toBe(words);
});
