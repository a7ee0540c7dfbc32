import fc from 'fast-check';
import { expect, test } from 'vitest';

import { DecoderPair } from '../../scripts/fuzz-decoder/decoder-pair.ts';
import { EventGrammar, mutate } from '../../scripts/fuzz-decoder/event-grammar.ts';

const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text);

test('events by the grammar, whole and mutated, are the same off the bytes and by JSON.parse', () => {
  const pair = new DecoderPair();
  fc.assert(
    fc.property(fc.nat(), (seed) => {
      const grammar = new EventGrammar(seed);
      for (let i = 0; i < 5; i += 1) {
        const event = bytesOf(grammar.event());
        pair.feed(event);
        pair.feed(mutate(event, grammar));
      }
    }),
    { numRuns: 2_000 },
  );
  pair.compareCounts();
  // Each way was taken often, or nothing is proven.
  expect(pair.scanned).toBeGreaterThan(2_000);
  expect(pair.parsed).toBeGreaterThan(500);
  expect(pair.rejected).toBeGreaterThan(500);
});

test('events that are written as one before, or nearly, are the same along its plan', () => {
  const pair = new DecoderPair();
  fc.assert(
    fc.property(fc.nat(), (seed) => {
      const grammar = new EventGrammar(seed);
      pair.renewScanner();
      let event = grammar.event();
      for (let i = 0; i < 8; i += 1) {
        pair.feed(bytesOf(event));
        const sibling = grammar.sibling(event);
        pair.feed(bytesOf(sibling));
        pair.feed(mutate(bytesOf(sibling), grammar));
        // Keys that were left out come again.
        if (i % 3 === 0) event = sibling;
      }
    }),
    { numRuns: 1_000 },
  );
  pair.compareCounts();
  expect(pair.planned).toBeGreaterThan(6_000);
  expect(3 * pair.scanned - pair.planned).toBeGreaterThan(2_000);
  expect(pair.parsed).toBeGreaterThan(500);
  expect(pair.rejected).toBeGreaterThan(500);
});

test('numbers of every form have the bits that JSON.parse gives them', () => {
  const pair = new DecoderPair();
  const number = fc.oneof(
    fc.double({ noNaN: true, noDefaultInfinity: true }).map((x) => JSON.stringify(x)),
    fc.maxSafeInteger().map(String),
    fc
      .tuple(fc.bigInt(-(10n ** 20n), 10n ** 20n), fc.nat(24), fc.integer({ min: -340, max: 320 }))
      .map(([digits, decimals, exponent]) => decimalOf(digits, decimals, exponent)),
  );
  fc.assert(
    fc.property(number, (text) => {
      pair.feed(bytesOf(`{"model":"fuzzed","features":{"amount":${text}}}`));
    }),
    { numRuns: 20_000 },
  );
  pair.compareCounts();
  expect(pair.scanned).toBeGreaterThan(19_000);
  expect(pair.planned).toBeGreaterThan(3 * 19_000);
});

function decimalOf(digits: bigint, decimals: number, exponent: number): string {
  const text = String(digits < 0n ? -digits : digits).padStart(decimals + 1, '0');
  const whole = text.slice(0, text.length - decimals);
  const rest = decimals === 0 ? '' : `.${text.slice(text.length - decimals)}`;
  return `${digits < 0n ? '-' : ''}${whole}${rest}${exponent > 0 ? '' : `e${exponent}`}`;
}

test('any bytes at all', () => {
  const pair = new DecoderPair();
  const piece = fc.oneof(
    fc.uint8Array({ maxLength: 40 }),
    fc.json().map(bytesOf),
    fc
      .json()
      .map((text) =>
        bytesOf(`{"model":"fuzzed","ts":0,"features":{"x":${text}},"prediction":${text}}`),
      ),
  );
  fc.assert(
    fc.property(piece, (bytes) => {
      pair.feed(bytes);
    }),
    { numRuns: 3_000 },
  );
  expect(pair.scanned).toBeGreaterThan(50);
});
