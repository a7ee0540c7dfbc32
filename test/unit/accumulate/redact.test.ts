import { assert, property, string, uint8Array } from 'fast-check';
import { describe, expect, it } from 'vitest';

import { keptPayload } from '../../../src/accumulate/redact.ts';

const redacted = (text: string): string =>
  Buffer.from(keptPayload(Buffer.from(text), 'redacted') ?? []).toString();

describe('what quarantine keeps of a payload', () => {
  it('is its shape: keys, punctuation and lengths, no value', () => {
    expect(
      redacted('{"model": "flights", "ts": 17, "features": {"temp": -3.5e2, "who": "Müller"}}'),
    ).toBe('{"model": "xxxxxxx", "ts": 00, "features": {"temp": -0.0x0, "who": "xxxxxxx"}}');
  });

  it('is the same of what is cut off, escaped or no JSON at all', () => {
    expect(redacted('{"a": "secr')).toBe('{"a": "xxxx');
    expect(redacted(String.raw`{"a": "x\"y", "b"`)).toBe(String.raw`{"a": "x\"x", "x"`);
    expect(redacted('password=hunter2')).toBe('xxxxxxxx=xxxxxx0');
    expect(redacted('"key" : 5')).toBe('"key" : 0');
  });

  it('is nothing, or all of its beginning, when that is asked for', () => {
    const payload = Buffer.alloc(10_000, 'a');
    expect(keptPayload(payload, 'none')).toBeNull();
    expect(keptPayload(null, 'raw')).toBeNull();
    expect(keptPayload(payload, 'raw')).toEqual(new Uint8Array(payload.subarray(0, 4_096)));
  });

  it('has as many bytes, and of values no letter or digit but the masks', () => {
    assert(
      property(uint8Array({ maxLength: 300 }), (bytes) => {
        expect(keptPayload(bytes, 'redacted')?.length).toBe(bytes.length);
      }),
    );
    assert(
      property(string(), (value) => {
        const shown = redacted(JSON.stringify({ k: value }));
        expect(shown.startsWith('{"k":"')).toBe(true);
        expect(shown.slice(6)).not.toMatch(/[1-9a-wyzA-Z]/);
      }),
    );
  });
});
