import { beforeEach, describe, expect, it } from 'vitest';
import type { ModelSchema } from '../../../src/core/domain/event-frame.ts';
import { NativeScanner } from '../../../src/ingest/decode/bytes/native-scanner.ts';
import { TEXTS } from '../../../src/ingest/decode/kernel/scan-memory.ts';
import { FrameList } from '../../../src/ingest/decoder.ts';

const NAMES = Array.from({ length: 900 }, (_, i) => `f${i}`);
const SCHEMA: ModelSchema = {
  modelId: 1,
  model: 'm',
  features: NAMES.map(
    (name, id) => ({ id, name, kind: 'categorical', role: 'input', tier: 'standard' }) as const,
  ),
  indexOf: new Map(NAMES.map((name, i) => [name, i])),
  attributes: [],
};
const SCHEMAS = { schema: () => SCHEMA };

describe('texts along a plan', () => {
  let scanner: NativeScanner;
  beforeEach(() => {
    scanner = new NativeScanner();
  });

  /** The texts as they were read; null: left to JSON.parse. */
  function read(texts: readonly string[], end = '}}'): string[] | null {
    const members = texts.map((text, i) => `"f${i}":"${text}"`);
    return readBytes(Buffer.from(`{"model":"m","features":{${members.join(',')}${end}`));
  }

  function readBytes(value: Uint8Array): string[] | null {
    const frames = new FrameList();
    const record = { offset: 0, timestamp: 0, key: null, value, headers: new Map() };
    return scanner.decode(record, SCHEMAS, frames) ? frames.at(0).texts : null;
  }

  /** So many that their hashes meet: of an event, and of its texts with those of events before. */
  const textsOf = (first: number): string[] => NAMES.map((_, i) => `text ${first + i}`);

  it('are those of the event, whatever was kept in their places before', () => {
    read(textsOf(0));
    read(textsOf(0));
    for (let i = 0; i < 40; i += 1) {
      // Half of them are new, behind and before those that are not.
      const texts = textsOf(450 * i);
      if (i % 2 === 0) texts.reverse();
      expect(read(texts)).toEqual(texts);
    }
    expect(scanner.planned).toBeGreaterThanOrEqual(40);
    // Beside those that are kept only the last event's stay.
    expect(TEXTS.length).toBeLessThanOrEqual(4_096 + NAMES.length);
  });

  it('are not those of an event that was not as planned', () => {
    read(textsOf(0));
    read(textsOf(0));
    for (let i = 1; i < 20; i += 1) {
      const texts = textsOf(1_000 * i);
      expect(read(texts, ']}')).toBeNull();
      for (const first of [1_000 * i - 500, 1_000 * i, 1_000 * i + 500])
        expect(read(textsOf(first))).toEqual(textsOf(first));
    }
    expect(scanner.planned).toBeGreaterThanOrEqual(57);
  });

  it('are told apart by every byte, of whatever length', () => {
    for (let length = 0; length <= 60; length += 1) {
      const plain = 'x'.repeat(length);
      const texts = [plain];
      for (let at = 0; at < length; at += 1) {
        texts.push(`${plain.slice(0, at)}y${plain.slice(at + 1)}`);
        texts.push(`${plain.slice(0, at)}é${plain.slice(at + 1)}`);
      }
      for (let i = 0; i < 3; i += 1) expect(read(texts)?.slice(0, texts.length)).toEqual(texts);
    }
    expect(scanner.planned).toBeGreaterThan(150);
  });

  it('that are short are told apart where their hashes meet', () => {
    const texts = NAMES.map((_, i) => String(100 + i));
    for (let i = 0; i < 4; i += 1) expect(read(texts.reverse())).toEqual(texts);
    expect(scanner.planned).toBeGreaterThanOrEqual(3);
  });

  it('with escapes are as JSON.parse reads them, and stay along the plan', () => {
    const escapes = ['\\u00e9', '\\n', '\\"', '\\\\', '\\/', '\\ud83d\\ude00', '\\\\u0000', 'é\\t'];
    for (let length = 0; length <= 140; length += 7) {
      const around = 'x'.repeat(length);
      // The same bytes but one, with and without an escape before, behind and between.
      const texts = escapes.flatMap((one) => [
        around,
        `${one}${around}`,
        `${around}${one}`,
        `${around}${one}${around}`,
        `${around}${one}${one}`,
        `${around}y${one}`,
      ]);
      const expected = texts.map((text) => JSON.parse(`"${text}"`) as string);
      for (let i = 0; i < 3; i += 1) expect(read(texts)?.slice(0, texts.length)).toEqual(expected);
    }
    expect(scanner.planned).toBeGreaterThan(60);
  });

  it('with escapes are told apart by their ends alone', () => {
    const starts = ['\\n', '\\\\', '\\u0041', '\\"\\/'];
    for (const start of starts) {
      const texts = Array.from({ length: 200 }, (_, i) => start + 'x'.repeat(i));
      for (let i = 0; i < 4; i += 1) {
        texts.reverse();
        const expected = texts.map((text) => JSON.parse(`"${text}"`) as string);
        expect(read(texts)?.slice(0, texts.length)).toEqual(expected);
      }
    }
    expect(scanner.planned).toBeGreaterThanOrEqual(15);
  });

  it('with escapes are not kept in the places of those without', () => {
    read(textsOf(0));
    for (let n = 0; n < 40; n += 1) {
      const texts = Array.from({ length: 12 }, (_, i) =>
        // In no order: one kept in the place of another is found in a later event only.
        (i * i * i + n * n + i * n) % 7 < 3 ? `\\u0041 ${n} ${i}` : `${n} ${i}`,
      );
      const expected = texts.map((text) => JSON.parse(`"${text}"`) as string);
      for (let i = 0; i < 3; i += 1) expect(read(texts)?.slice(0, 12)).toEqual(expected);
    }
    expect(scanner.planned).toBeGreaterThanOrEqual(120);
  });

  it.each([
    ['U+0000', '\\u0000'],
    ['half a surrogate pair', '\\ud83d'],
    ['its other half', 'x\\ude00'],
    ['an escape that is none', '\\q'],
    ['half an escape', '\\u00e'],
    ['a control character behind an escape', '\\n\n'],
    ['bytes that are no end', '\\'],
    ['too many bytes behind an escape', `\\n${'x'.repeat(8_191)}`],
    ['too many escapes', '\\n'.repeat(4_097)],
  ])('that are none, or too long, are not read: %s', (_, text) => {
    read(['a']);
    expect(read(['a'])).not.toBeNull();
    expect(read([text])).toBeNull();
    expect(read(['a', text, 'b'])).toBeNull();
    expect(read(['a'])).not.toBeNull();
  });

  it.each([
    ['no beginning', [0x80]],
    ['no beginning, behind a character', [0xc3, 0xa9, 0xbf]],
    ['no end', [0xe2, 0x82]],
    ['a longer form than is needed', [0xc0, 0xaf]],
    ['half a surrogate pair', [0xed, 0xa0, 0x80]],
    ['more than Unicode has', [0xf4, 0x90, 0x80, 0x80]],
    ['no UTF-8 at all', [0xff]],
  ])('of bytes that are no UTF-8 are none, wherever they are: %s', (_, bytes) => {
    const begin = '{"model":"m","features":{"f0":"a"';
    for (const [before, behind] of [
      [',"f1":"', '"'],
      [',"f1":"\\n', '"'],
      [',"f1":"', '\\n"'],
      [`,"f1":"${'x'.repeat(300)}`, '"'],
      [',"f1":"b","unknown":"', '"'],
      [',"f1":"b","unknown":["', '"]'],
      [',"f1":"b","unknown":{"', '":1}'],
    ] as const) {
      const whole = (middle: Uint8Array): Uint8Array =>
        Buffer.concat([Buffer.from(begin + before), middle, Buffer.from(`${behind}}}`)]);
      for (let i = 0; i < 3; i += 1) {
        expect(readBytes(whole(Buffer.from('é')))).not.toBeNull();
        expect([before, readBytes(whole(Uint8Array.from(bytes)))]).toEqual([before, null]);
      }
    }
  });

  it('may begin with the mark of the order of bytes', () => {
    const texts = ['\uFEFF', '\uFEFFx', 'x\uFEFF', '\uFEFF\uFEFF'];
    for (let i = 0; i < 3; i += 1) {
      expect(read(texts)?.slice(0, 4)).toEqual(texts);
      expect(read(texts.map((text) => `${text}\\n`))?.slice(0, 4)).toEqual(
        texts.map((text) => `${text}\n`),
      );
    }
  });

  it('as long as they may be are read with escapes, too', () => {
    const text = `\\n${'x'.repeat(8_190)}`;
    for (let i = 0; i < 2; i += 1) expect(read([text])?.[0]).toBe(JSON.parse(`"${text}"`));
    expect(scanner.planned).toBe(1);
  });
});
