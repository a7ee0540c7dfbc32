import { array, assert, integer, property, tuple } from 'fast-check';
import { describe, expect, it } from 'vitest';

import { HashSet64 } from '../../../src/accumulate/hash-set.ts';

const lane = integer({ min: 0, max: 2 ** 32 - 1 });

describe('a set of hashes', () => {
  it('has what was added and nothing else', () => {
    assert(
      property(array(tuple(lane, lane)), array(tuple(lane, lane)), (added, others) => {
        const set = new HashSet64();
        const plain = new Set<string>();
        for (const [high, low] of added.filter(([a, b]) => a !== 0 || b !== 0)) {
          set.add(high, low);
          plain.add(`${high}/${low}`);
        }
        expect(set.size).toBe(plain.size);
        for (const [high, low] of [...added, ...others].filter(([a, b]) => a !== 0 || b !== 0))
          expect(set.has(high, low)).toBe(plain.has(`${high}/${low}`));
      }),
    );
  });

  it('takes about 12 bytes an entry, however many there are', () => {
    const set = new HashSet64();
    for (let i = 1; i <= 300_000; i += 1) {
      set.add(Math.imul(i, 2654435761) >>> 0, Math.imul(i, 1597334677) >>> 0);
      if (i > 10_000 && i % 500 === 0) expect(set.bytes / i).toBeLessThan(12.6);
    }
    expect(set.size).toBe(300_000);
  });
});
