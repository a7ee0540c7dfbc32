import { createHash } from 'node:crypto';
import { crc32 as zlibCrc32 } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { crc32 } from '../../../../src/core/histogram/coding/checksum.ts';
import { fingerprint128, sha256, utf8 } from '../../../../src/core/histogram/hash/fingerprint.ts';
import { createHasher, hash64 } from '../../../../src/core/histogram/hash/hash64.ts';

describe('sha256', () => {
  // FIPS 180-4 examples (NIST "SHA256.pdf").
  it.each([
    ['', 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'],
    ['abc', 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad'],
    [
      'abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq',
      '248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1',
    ],
  ])('of %j', (text, digest) => {
    expect(sha256(text)).toBe(digest);
    expect(fingerprint128(text)).toBe(digest.slice(0, 32));
  });

  it('equals the platform at every length around the block size, and beyond ASCII', () => {
    for (let length = 0; length < 200; length += 1) {
      const text = 'é√😀x'.repeat(60).slice(0, length).toWellFormed();
      expect(sha256(text)).toBe(createHash('sha256').update(text).digest('hex'));
      expect(Buffer.from(utf8(text)).equals(Buffer.from(text))).toBe(true);
    }
  });
});

describe('hash64', () => {
  it('tells ten thousand similar texts apart and spreads them over 256 cells', () => {
    const hasher = createHasher('salt');
    const hashes = new Set<bigint>();
    const cells = new Float64Array(256);
    for (let i = 0; i < 10_000; i += 1) {
      hashes.add(hash64(hasher, `customer-${i}`));
      cells[hasher.low % 256] = (cells[hasher.low % 256] as number) + 1;
    }
    expect(hashes.size).toBe(10_000);
    let chiSquare = 0;
    for (const count of cells) chiSquare += (count - 10_000 / 256) ** 2 / (10_000 / 256);
    // 255 degrees of freedom: the 99.99 % point is 347.
    expect(chiSquare).toBeLessThan(347);
  });

  it('depends on the salt', () => {
    expect(hash64(createHasher('a'), 'x')).not.toBe(hash64(createHasher('b'), 'x'));
  });
});

describe('crc32', () => {
  it('equals the check value of the catalogue and zlib on any slice', () => {
    const digits = new TextEncoder().encode('123456789');
    expect(crc32(digits, 0, 9)).toBe(0xcbf43926);
    const bytes = Uint8Array.from({ length: 1_000 }, (_, i) => (i * 31) ^ (i >> 3));
    expect(crc32(bytes, 100, 900)).toBe(zlibCrc32(bytes.subarray(100, 900)));
  });
});
