import { describe, expect, it } from 'vitest';
import { decode as decodeRecord } from '../../support/event-decoding.ts';
import type { Sent } from '../../support/event-decoding.ts';

/* Values that other readers stumble over; docs/events.md says where each ends. */

const mapping = { model: 'credit', inputs: ['age', 'job'] };

const NATIVE = (value: string): string => `{"model":"credit","features":{"age":${value}}}`;

/** One value of `age` in several shapes: as a native event, as a row of the V1 protocol, within a CloudEvent. */
const CARRIERS: readonly (readonly [shape: string, wrap: (value: string) => string])[] = [
  ['native', NATIVE],
  ['native by its keys', NATIVE],
  ['batch', (value) => `{"events":[{"model":"credit","features":{"age":${value}}}]}`],
  ['rows', (value) => `{"instances":[{"age":${value}}]}`],
  [
    'CloudEvent',
    (value) => `{"specversion":"1.0","data":{"model":"credit","features":{"age":${value}}}}`,
  ],
];

describe.each(CARRIERS)('%s', (shape, wrap) => {
  // With a mapping of models no event is read off its bytes, or tried as a native one first.
  const decode = (sent: Sent) => decodeRecord(shape === 'native' ? { value: sent.value } : sent);

  it.each([
    ['1e999', Infinity],
    ['-1e999', -Infinity],
    ['1e-999', 0],
    ['9007199254740993', 9_007_199_254_740_992],
    ['"39"', '39'],
    ['1,"age":2', 2],
    ['{"x":1}', 'INVALID'],
    ['[1,2]', 'INVALID'],
    ['null', null],
  ])('%s', (value, seen) => {
    expect(decode({ mapping, value: wrap(value) })).toMatchObject({ events: [{ age: seen }] });
  });

  it.each([
    ['"\\u0000"', 'invalid-encoding'],
    // Behind an escaped backslash and a `u`, which is no escape.
    ['"\\\\u\\u0000"', 'invalid-encoding'],
    ['{"x":"\\\\u\\ud800"}', 'invalid-encoding'],
    ['"\\ud800"', 'invalid-encoding'],
    ['"\\udc00\\ud800"', 'invalid-encoding'],
    ['1,"\\u0000":1', 'invalid-encoding'],
    [`"${'x'.repeat(8_193)}"`, 'limit-exceeded'],
    [`1,"${'n'.repeat(129)}":1`, 'limit-exceeded'],
    [`${'['.repeat(40)}${']'.repeat(40)}`, 'limit-exceeded'],
    [`${'['.repeat(500_000)}${']'.repeat(500_000)}`, 'limit-exceeded'],
    [`[${'{},'.repeat(60_000)}{}]`, 'limit-exceeded'],
    ['NaN', 'invalid-json'],
    ['01', 'invalid-json'],
    ['1,', 'invalid-json'],
    [`"${'x'.repeat(1_048_576)}"`, 'too-large'],
  ])('%.40s goes to quarantine', (value, reason) => {
    expect(decode({ mapping, value: wrap(value) })).toMatchObject({ reason });
  });

  it('takes names of prototypes for names', () => {
    for (const name of ['__proto__', 'constructor', 'toString']) {
      const decoded = decode({ mapping, value: wrap(`1,"${name}":{"age":7}`) });
      expect(decoded).toMatchObject({ events: [{ age: 1, unknown: 1 }] });
    }
    expect({}).not.toHaveProperty('age');
  });
});

it('does not take brackets within a text for nesting', () => {
  const text = JSON.stringify(`\\"${'['.repeat(4_000)}\\`);
  const events = Array.from({ length: 20 }, () => `{"model":"credit","features":{"job":${text}}}`);
  expect(decodeRecord({ value: `{"events":[${events.join()}]}` })).toMatchObject({
    events: { length: 20 },
  });
});
