/**
 * A salted 64-bit hash of short texts, as two 32-bit lanes (cyrb-style multiply-xor mixing over UTF-16 units). Not for
 * secrets: it only spreads categories over cells and tells known values from unseen ones.
 */
export interface Hasher {
  /** Lanes of the last text hashed: 32-bit, unsigned. */
  high: number;
  low: number;
  /** Hashes a text into the lanes; nothing is allocated. */
  update(text: string): void;
}

const PRIME_A = 2654435761;
const PRIME_B = 1597334677;

function seedOf(salt: string): [number, number] {
  let a = 0xdeadbeef;
  let b = 0x41c6ce57;
  for (let i = 0; i < salt.length; i += 1) {
    a = Math.imul(a ^ salt.charCodeAt(i), PRIME_A);
    b = Math.imul(b ^ salt.charCodeAt(i), PRIME_B);
  }
  return [a, b];
}

export function createHasher(salt: string): Hasher {
  const [seedA, seedB] = seedOf(salt);
  return {
    high: 0,
    low: 0,
    update(text) {
      let a = seedA;
      let b = seedB;
      for (let i = 0; i < text.length; i += 1) {
        const unit = text.charCodeAt(i);
        a = Math.imul(a ^ unit, PRIME_A);
        b = Math.imul(b ^ unit, PRIME_B);
      }
      a = Math.imul(a ^ (a >>> 16), 2246822507) ^ Math.imul(b ^ (b >>> 13), 3266489909);
      b = Math.imul(b ^ (b >>> 16), 2246822507) ^ Math.imul(a ^ (a >>> 13), 3266489909);
      this.high = b >>> 0;
      this.low = a >>> 0;
    },
  };
}

/** The whole hash as one bigint, for storage. */
export function hash64(hasher: Hasher, text: string): bigint {
  hasher.update(text);
  return (BigInt(hasher.high) << 32n) | BigInt(hasher.low);
}
