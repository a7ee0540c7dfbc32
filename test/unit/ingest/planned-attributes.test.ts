import { expect, it } from 'vitest';
import { NativeScanner } from '../../../src/ingest/decode/bytes/native-scanner.ts';
import { FrameList } from '../../../src/ingest/decoder.ts';
import { schemaOf } from '../../support/event-decoding.ts';

const SCHEMA = schemaOf('m', ['a categorical'], ['country', 'device']);

it.each([
  ['null', null],
  ['true', 'true'],
  ['false', 'false'],
  ['-0.50', '-0.5'],
  ['1e999', 'Infinity'],
  ['"\\u00e9"', 'é'],
  ['"AT"', 'AT'],
])(
  'along a plan %s is the attribute it is without one, whatever was read before it',
  (value, text) => {
    const scanner = new NativeScanner();
    const frames = new FrameList();
    const read = (country: string, device: string, version: string): unknown[] => {
      frames.clear();
      const event = `{"model":"m","version":${version},"features":{"a":"x"},"attributes":{"country":${country},"device":${device}}}`;
      const record = { offset: 0, timestamp: 0, key: null, value: Buffer.from(event) };
      const taken = scanner.decode(
        { ...record, headers: new Map() },
        { schema: () => SCHEMA },
        frames,
      );
      return taken ? [...frames.at(0).attributes, frames.at(0).version] : [];
    };
    for (let i = 0; i < 3; i += 1) {
      expect(read('"DE"', value, '"1"')).toEqual(['DE', text, '1']);
      expect(read(value, '"phone"', 'null')).toEqual([text, 'phone', null]);
      expect(read(value, value, '1')).toEqual([text, text, null]);
      expect(read('"\\u0044E"', value, '"1"')).toEqual(['DE', text, '1']);
    }
    expect(scanner.planned).toBe(11);
  },
);

it('an id or a time with escapes is left to JSON.parse, and so is one that is no ASCII', () => {
  const schema = schemaOf('m', ['a categorical']);
  const scanner = new NativeScanner();
  const frames = new FrameList();
  const read = (id: string, time = '2026-01-31T00:00:00Z'): string | null => {
    frames.clear();
    const event = `{"id":"${id}","model":"m","ts":"${time}","features":{"a":"x"}}`;
    const record = { offset: 0, timestamp: 0, key: null, value: Buffer.from(event) };
    const taken = scanner.decode(
      { ...record, headers: new Map() },
      { schema: () => schema },
      frames,
    );
    return taken ? frames.at(0).id : null;
  };
  for (let i = 0; i < 3; i += 1) {
    expect(read('7f9c')).toBe('7f9c');
    for (const odd of ['\\u0041', 'a\\\\', '\\"', 'x'.repeat(30) + '\\n', 'é', '\n']) {
      expect([odd, read(odd)]).toEqual([odd, null]);
    }
    expect(read('7f9c', '2026-01-31T00:00:00\\u005a')).toBeNull();
  }
  expect(scanner.planned).toBe(2);
});
