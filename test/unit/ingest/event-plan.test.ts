import { beforeEach, describe, expect, it } from 'vitest';
import type { ModelSchema } from '../../../src/core/domain/event-frame.ts';
import type { FeatureRole } from '../../../src/core/domain/feature.ts';
import { NativeScanner } from '../../../src/ingest/decode/bytes/native-scanner.ts';
import { planOf } from '../../../src/ingest/decode/kernel/event-plan.ts';
import { FrameList } from '../../../src/ingest/decoder.ts';

function schemaOf(
  model: string,
  names: readonly string[],
  role: FeatureRole = 'input',
): ModelSchema {
  const features = names.map(
    (name, id) => ({ id, name, kind: 'numeric', role, tier: 'standard' }) as const,
  );
  return {
    modelId: 1,
    model,
    features,
    indexOf: new Map(names.map((name, i) => [name, i])),
    attributes: ['country'],
  };
}

/** A scanner of some models, and whether the last event was read along a plan. */
class Reader {
  readonly models = new Map<string, ModelSchema>();
  private readonly scanner = new NativeScanner();
  private readonly frames = new FrameList();
  /** Of the last event: keys that nobody knows. */
  unknown = 0;

  /** What the event says of its features, and whether it was read along a plan. */
  read(event: unknown): { values: Record<string, unknown>; planned: boolean } {
    const text = typeof event === 'string' ? event : JSON.stringify(event);
    const record = { offset: 0, timestamp: 0, key: null, headers: new Map<string, Uint8Array>() };
    this.frames.clear();
    const before = this.scanner.planned;
    const schemas = { schema: (model: string) => this.models.get(model) ?? null };
    const read = this.scanner.decode({ ...record, value: Buffer.from(text) }, schemas, this.frames);
    if (!read) throw new Error(`left to JSON.parse: ${text}`);
    const { schema, numbers, slots, attributes, unknownFeatures } = this.frames.at(0);
    this.unknown = unknownFeatures;
    const values: Record<string, unknown> = { country: attributes[0] };
    for (const [i, { name }] of (schema?.features ?? []).entries())
      if (slots[i] === 2) values[name] = numbers[i];
    return { values, planned: this.scanner.planned > before };
  }
}

describe('the plan of a model', () => {
  let reader: Reader;
  beforeEach(() => {
    reader = new Reader();
    reader.models.set('m', schemaOf('m', ['a', 'b', 'c', 'd']));
  });

  it('is learned from one event and read along with the next', () => {
    const event = { id: '1', model: 'm', ts: 5, features: { a: 1, b: 2, c: 3, d: 4 } };
    expect(reader.read(event).planned).toBe(false);
    expect(reader.read({ ...event, id: '2', features: { a: 5, b: 6, c: 7, d: 8 } })).toEqual({
      values: { a: 5, b: 6, c: 7, d: 8, country: null },
      planned: true,
    });
  });

  it('has the keys of all events so far: any of them may be left out', () => {
    const features = [
      { a: 1, c: 3 },
      { b: 2, c: 3 },
      { a: 1, b: 2 },
      { c: 3, d: 4 },
    ];
    for (const some of features) reader.read({ model: 'm', features: some });
    for (const some of [...features, {}, { d: 1 }, { a: 1, b: 2, c: 3, d: 4 }]) {
      expect(reader.read({ model: 'm', features: some })).toEqual({
        values: { ...some, country: null },
        planned: true,
      });
    }
    expect(
      reader.read({ model: 'm', features: { b: 2 }, attributes: { country: 'DE' } }).planned,
    ).toBe(false);
    expect(reader.read({ model: 'm', features: { b: 2 }, attributes: { country: 'FR' } })).toEqual({
      values: { b: 2, country: 'FR' },
      planned: true,
    });
  });

  it('is made anew when the keys come in another order', () => {
    for (const features of [
      { a: 1, b: 2 },
      { b: 3, a: 4 },
      { b: 5, a: 6 },
    ])
      expect(reader.read({ model: 'm', features }).values).toEqual({ ...features, country: null });
    expect(reader.read({ model: 'm', features: { b: 7, a: 8 } }).planned).toBe(true);
  });

  it('is not that of another dictionary of the model', () => {
    const event = { model: 'm', features: { a: 1, b: 2 } };
    reader.read(event);
    expect(reader.read(event).planned).toBe(true);
    reader.models.set('m', schemaOf('m', ['b', 'a']));
    expect(reader.read(event)).toEqual({ values: { a: 1, b: 2, country: null }, planned: false });
    expect(reader.read(event)).toEqual({ values: { a: 1, b: 2, country: null }, planned: true });
    reader.models.delete('m');
    expect(() => reader.read(event)).toThrow('left to JSON.parse');
  });

  it('is found whatever the turn of models is, and wherever an event says its own', () => {
    const models = 'pqrstu';
    for (const name of models) reader.models.set(name, schemaOf(name, ['a', 'b']));
    for (const isLast of [false, true]) {
      let planned = 0;
      for (let i = 0; i < 600; i += 1) {
        const model = models.charAt((i * 7919) % (i < 300 ? 3 : 6));
        const values = { a: i, b: -i - 1 };
        const read = reader.read(
          isLast ? { features: values, model } : { model, features: values },
        );
        expect(read.values).toEqual({ ...values, country: null });
        if (read.planned) planned += 1;
      }
      expect(planned).toBeGreaterThanOrEqual(600 - models.length - 1);
    }
  });

  it('counts a prediction that the model has not', () => {
    for (const prediction of [1, 'x', null])
      for (let i = 0; i < 2; i += 1) {
        const { planned } = reader.read({ model: 'm', features: { a: 1, u: 2 }, prediction });
        expect(planned).toBe(prediction !== 1 || i > 0);
        expect(reader.unknown).toBe(2);
      }
  });

  it('is not learned from attributes or features that are null', () => {
    const event = '{"model":"m","features":{"a":1},"attributes":null}';
    for (let i = 0; i < 3; i += 1) reader.read(event);
    for (const other of ['5', '"x"', 'true'])
      expect(() => reader.read(event.replace('null', other)), other).toThrow('left to JSON.parse');
  });

  it('asks for the model, for features, and for a brace around all', () => {
    const event = '{"model":"m","features":{"a":1},"ts":5}';
    reader.read(event);
    expect(reader.read(event).planned).toBe(true);
    for (const other of [
      '{"features":{"a":1},"ts":5}',
      '{"model":"n","features":{"a":1},"ts":5}',
      '["model":"m","features":{"a":1},"ts":5}',
      '{"model":"m","features":{"a":1},"ts":5',
      '{"model":"m","features":{"a":1,},"ts":5}',
      '{"model":"m","features":{"a":1}},"ts":5}',
      '{"model":"m","features":{"a":1}]',
      '{"model":"m","features":{"a":1} 1',
      '{"model":"m","features":{"a":1},"ts":5}}',
      '{"model":"m","features":{"a":1},"ts":5} x',
      '{"model":"m","features":{"a":01},"ts":5}',
      '{"model":"m","features":{"a":1.},"ts":5}',
      '{"model":"m","features":{"a":1e},"ts":5}',
      '{"model":"m","features":{"a":-},"ts":5}',
      '{"model":"m","features":{"a":fals},"ts":5}',
      '{"model":"m","features":{"a":"1\u0001"},"ts":5}',
      '{"model":"m","features":{"a":1},"ts":5,}',
      '{"model":"m","features":{"a":1},"ts":-5}',
    ])
      expect(() => reader.read(other), other).toThrow('left to JSON.parse');
    expect(reader.read('{"model":"m","ts":5}').planned).toBe(false);
  });

  it('has the keys of an object in that object only', () => {
    const attributes = { country: 'FR' };
    for (let i = 0; i < 3; i += 1)
      reader.read({ model: 'm', features: { a: 1, b: 1 }, attributes });
    for (const event of [
      '{"model":"m","features":{"a":2},"country":"DE"}',
      '{"model":"m","features":{"a":2,"country":"DE"}}',
      '{"model":"m","features":{"a":2},"a":3}',
      '{"model":"m","features":{"a":2},"b":3}',
      '{"model":"m","a":3,"features":{"a":2}}',
      '{"model":"m","features":{"a":2},"attributes":{"a":3}}',
    ])
      expect(reader.read(event).values, event).toEqual({ a: 2, country: null });
  });

  it('is learned from an event that says its model last', () => {
    const event = { features: { a: 1, b: 2 }, attributes: { country: 'FR' }, model: 'm' };
    expect(reader.read(event).planned).toBe(false);
    expect(reader.read(event)).toEqual({ values: { a: 1, b: 2, country: 'FR' }, planned: true });
    for (const member of ['"b":3', '"country":"DE"']) {
      const other = `{"features":{},"model":"m",${member}}`;
      expect(reader.read(other).values, other).toEqual({ country: null });
    }
  });

  it('has every key once', () => {
    const event =
      '{"id":"7","model":"m","ts":5,"features":{"a":1,"u":2},"attributes":{"country":"FR"}}';
    for (let i = 0; i < 3; i += 1) reader.read(event);
    for (const member of [
      '"id":"7"',
      '"model":"m"',
      '"ts":5',
      '"a":1',
      '"u":2',
      '"country":"FR"',
      '"features":{"a":1,"u":2}',
      '"attributes":{"country":"FR"}',
    ]) {
      const other = event.replace(member, `${member},${member}`);
      expect(() => reader.read(other), other).toThrow('left to JSON.parse');
    }
  });

  it('asks for the quote that ends a text, kept or not', () => {
    const event = '{"id":"7","model":"m","features":{"a":"AA"},"more":"x","ts":5}';
    for (let i = 0; i < 3; i += 1) reader.read(event);
    for (const end of ['\\', '\u0001', '\u0000'])
      for (const text of ['7', 'AA', 'x']) {
        const other = event.replace(`${text}"`, text + end);
        expect(() => reader.read(other), other).toThrow('left to JSON.parse');
      }
  });

  it('goes along texts as long as they may be, and no longer', () => {
    const event = { id: '7', model: 'm', version: '1', features: { a: '', u: '' }, more: '' };
    const texts = { ...event, attributes: { country: '' } };
    for (let i = 0; i < 3; i += 1) reader.read(texts);
    for (const character of ['x', 'é']) {
      const longest = character.repeat(8_192 / Buffer.byteLength(character));
      for (const at of ['"7"', '"1"', '"a":""', '"u":""', '"more":""', '"country":""']) {
        if (at === '"7"' && character !== 'x') continue;
        const eventWith = (text: string): string =>
          JSON.stringify(texts).replace(at, at.replace(/"[71]?"$/, `"${text}"`));
        expect(reader.read(eventWith(longest)).planned, at).toBe(true);
        expect(() => reader.read(eventWith(`${longest}x`)), at).toThrow('left to JSON.parse');
      }
    }
  });

  it('is left to key by key where a prediction stands among the features and by itself', () => {
    const [input] = schemaOf('m', ['a']).features;
    const [score] = schemaOf('m', ['score'], 'prediction').features;
    if (input === undefined || score === undefined) throw new Error('no features');
    const both = { ...schemaOf('m', ['a', 'score']), features: [input, { ...score, id: 1 }] };
    reader.models.set('m', both);
    for (const event of [
      '{"prediction":1,"model":"m","features":{"a":3,"score":2}}',
      '{"features":{"a":3,"score":2},"prediction":1,"model":"m"}',
      '{"model":"m","features":{"a":3,"score":2},"prediction":1}',
    ]) {
      for (let i = 0; i < 3; i += 1)
        expect(reader.read(event)).toEqual({
          values: { a: 3, score: 1, country: null },
          planned: false,
        });
    }
  });
});

describe('the memory of plans', () => {
  it('is used again when it is full: whoever has lost a plan learns it anew', () => {
    const reader = new Reader();
    const names = Array.from({ length: 900 }, (_, i) => `feature number ${i} of many`);
    const features = Object.fromEntries(names.map((name, i) => [name, i]));
    const first = schemaOf('m0', names);
    reader.models.set('m0', first);
    reader.read({ model: 'm0', features });
    expect(planOf(first).place).not.toBeNull();
    for (let i = 1; i < 40 && planOf(first).place !== null; i += 1) {
      reader.models.set(`m${i}`, schemaOf(`m${i}`, names));
      reader.read({ model: `m${i}`, features });
    }
    expect(planOf(first).place).toBeNull();
    expect(reader.read({ model: 'm0', features })).toEqual({
      values: { ...features, country: null },
      planned: false,
    });
    expect(reader.read({ model: 'm0', features }).planned).toBe(true);
  });

  it("is no other plan's while one grows", () => {
    const reader = new Reader();
    const names = Array.from({ length: 60 }, (_, i) => `f${i}`);
    reader.models.set('m', schemaOf('m', names));
    reader.models.set('n', schemaOf('n', names.toReversed()));
    const valuesOf = (count: number): Record<string, number> =>
      Object.fromEntries(names.slice(0, count).map((name, i) => [name, i]));
    reader.read({ model: 'm', features: valuesOf(1) });
    reader.read({ model: 'n', features: valuesOf(60) });
    for (let count = 2; count <= 16; count += 1) {
      for (let i = 0; i < 2; i += 1) reader.read({ model: 'm', features: valuesOf(count) });
      expect(reader.read({ model: 'n', features: valuesOf(60) })).toEqual({
        values: { ...valuesOf(60), country: null },
        planned: true,
      });
    }
  });

  it('is of no use to events of too many keys', () => {
    const reader = new Reader();
    const names = Array.from({ length: 1_000 }, (_, i) => `f${i}`);
    reader.models.set('m', schemaOf('m', names));
    const eventOf = (from: number, to: number): unknown => ({
      model: 'm',
      features: Object.fromEntries(names.slice(from, to).map((name) => [name, 1])),
    });
    for (const from of [0, 400, 0]) reader.read(eventOf(from, from + 600));
    // With those of the event itself.
    expect(reader.read(eventOf(0, 998)).planned).toBe(true);
    expect(() => reader.read(eventOf(0, 999))).toThrow('left to JSON.parse');
  });

  it('has no plans of models with more features than it has places for', () => {
    const reader = new Reader();
    const names = Array.from({ length: 1_001 }, (_, i) => `f${i}`);
    reader.models.set('wide', schemaOf('wide', names));
    for (let i = 0; i < 3; i += 1)
      expect(reader.read({ model: 'wide', features: { f1000: i } })).toEqual({
        values: { f1000: i, country: null },
        planned: false,
      });
  });
});
