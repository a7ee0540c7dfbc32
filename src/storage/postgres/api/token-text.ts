import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';

/** `drift_<key id, 16 hex digits>_<256 random bits, base64url>`; the prefix lets scanners of secrets know it. */
const TOKEN = /^drift_([0-9a-f]{16})_[A-Za-z0-9_-]{43}$/;

export interface NewToken {
  readonly text: string;
  readonly keyId: string;
  readonly hash: Buffer;
}

export function newToken(): NewToken {
  const keyId = randomBytes(8).toString('hex');
  const text = `drift_${keyId}_${randomBytes(32).toString('base64url')}`;
  return { text, keyId, hash: hashOf(text) };
}

/** The public part of a token; null: the text is none. */
export function keyIdOf(text: string): string | null {
  return TOKEN.exec(text)?.[1] ?? null;
}

/** One look at every byte, whatever they are. */
export function matches(text: string, hash: Buffer): boolean {
  return timingSafeEqual(hashOf(text), hash);
}

/** 256 random bits cannot be guessed: a fast hash is enough, and a slow one would be a way to keep driftd busy. */
function hashOf(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
