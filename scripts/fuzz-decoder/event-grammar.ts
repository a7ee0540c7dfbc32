import { Random } from '../simulate/random.ts';

/** Features, attributes and ignored names of the model that fuzzed events are of. */
export const NAMES = {
  inputs: ['amount', 'größe', 'visits', 'carrier', 'member', '0', '__proto__', 'a.b', 'x'],
  predictions: ['score'],
  labels: ['late', 'delay'],
  ignored: ['debug', 'trace'],
  attributes: ['country', 'device'],
} as const;

/** A key, what is before its value, and the value, when that is none of several; by texts without escapes. */
const SCALAR = /("[^"\\]*")(\s*:\s*)("[^"\\]*"|[-+\w.]+)/g;
/** The same with the comma behind it. */
const MEMBER = /\s*"[^"\\]*"\s*:\s*(?:"[^"\\]*"|[-+\w.]+)\s*,/g;

/** JSON texts of native events: mostly as producers write them, with every oddity that JSON knows now and then. */
export class EventGrammar {
  private readonly random: Random;
  /** How often something is odd, for this event. */
  private odd = 0;

  constructor(seed: number) {
    this.random = new Random(seed);
  }

  event(): string {
    this.odd = this.one([0, 0, 0.01, 0.1, 0.4]);
    const parts: [string, () => string][] = [
      ['id', () => this.one([this.text(), this.number(), 'null', '"7f9c"'])],
      ['model', () => (this.oddly() ? this.value() : this.model())],
      ['version', () => this.one(['"12"', '"v1.2"', '12', 'null'])],
      ['ts', () => (this.half() ? '"2026-01-31T23:59:59.999Z"' : this.time())],
      ['features', () => (this.oddly() ? this.value() : this.object(NAMES.inputs))],
      ['prediction', () => (this.half() ? this.value() : this.object(NAMES.predictions))],
      ['label', () => (this.oddly() ? this.value() : this.object(NAMES.labels))],
      ['attributes', () => this.object(NAMES.attributes)],
      ['extra', () => this.value()],
    ];
    const chosen = parts.filter(([name]) => name === 'model' || this.random.uniform() < 0.8);
    if (this.oddly()) chosen.push(this.one(parts));
    if (this.random.uniform() < 0.3) this.shuffle(chosen);
    const members = chosen.map(([name, value]) => this.member(name, value()));
    return `${this.space()}{${members.join(`${this.space()},`)}${this.space()}}${this.space()}${this.oddly() ? '}' : ''}`;
  }

  /** An event written as this one, mostly: some of its values are others, and now and then a key is left out. */
  sibling(event: string): string {
    const values = event.replace(SCALAR, (whole, key: string, before: string) => {
      if (key === '"model"' || this.half()) return whole;
      return `${key}${before}${key === '"ts"' ? this.time() : this.value()}`;
    });
    if (!this.half()) return values;
    const members = [...values.matchAll(MEMBER)];
    if (members.length === 0) return values;
    const { index, 0: text } = this.one(members);
    return values.slice(0, index) + values.slice(index + text.length);
  }

  private model(): string {
    const draw = this.random.uniform();
    return draw < 0.77 ? '"fuzzed"' : draw < 0.97 ? '"bare"' : '"other"';
  }

  private object(names: readonly string[]): string {
    const { ignored, predictions } = NAMES;
    const others = [...ignored, ...predictions, 'unknown', 'unknown', 'neu', this.textOf(6)];
    const chosen = names.filter(() => this.random.uniform() < 0.85).map(String);
    while (this.random.uniform() < 0.25) chosen.push(this.one(others));
    if (this.random.uniform() < 0.1) this.shuffle(chosen);
    if (this.random.uniform() < 0.002)
      for (let i = 0; i < 1_005; i += 1) chosen.push(`k${i % this.one([900, 2_000])}`);
    const members = chosen.map((name) => this.member(name, this.value()));
    return `{${this.space()}${members.join(this.half() ? ', ' : ',')}${this.space()}}`;
  }

  private member(name: string, value: string): string {
    return `${this.space()}${this.quoted(name)}${this.space()}:${this.space()}${value}`;
  }

  private value(): string {
    if (this.oddly()) {
      return this.one([
        '[1,2]',
        '[]',
        '{}',
        this.nested(),
        this.nested(),
        'NaN',
        'tru',
        'nul',
        '',
        '[',
        '-',
        "'x'",
        '01',
        '1.',
        '.5',
        '+1',
        '1e',
        `"${'long '.repeat(1_700)}"`,
        '['.repeat(40) + ']'.repeat(40),
      ]);
    }
    const draw = this.random.uniform();
    if (draw < 0.5) return this.number();
    if (draw < 0.8) return this.text();
    return this.one(['true', 'false', 'null']);
  }

  /** Lists and objects in each other, now and then too deep or with too many keys. */
  private nested(): string {
    const most = this.one([1, 2, 3, 5, 28, 29, 30, 31, 32, 33]);
    let text = this.one([this.number(), this.text(), '[]', '{}', '[1e999,-0]', '[', 'tru']);
    for (let depth = 1; depth < most; depth += 1) {
      text = this.half()
        ? `[${this.half() ? `${this.text()},` : ''}${text}]`
        : `{${this.member(this.one(['a', 'é', 'x'.repeat(127 + this.below(3)), this.textOf(5)]), text)}${this.half() ? `,"a":${this.number()}` : ''}}`;
    }
    if (this.random.uniform() > 0.02) return text;
    const keys = Array.from({ length: this.one([900, 990, 1_001]) }, (_, i) => `"k${i}":0`);
    return `{${keys.join(',')},"last":${text}}`;
  }

  private number(): string {
    const { random } = this;
    const digits = (n: number): string => Array.from({ length: n }, () => this.below(10)).join('');
    const whole = this.half()
      ? String(this.below(100))
      : `${1 + this.below(9)}${digits(this.below(20))}`;
    const sign = this.half() ? '-' : '';
    return this.one([
      () => sign + whole,
      () => `${sign}${whole}.${digits(1 + this.below(25))}`,
      () => `${sign}0.${digits(1 + this.below(6))}`,
      () => String(random.normal() * 10 ** (this.below(40) - 20)),
      () => JSON.stringify(random.uniform()),
      () => `${sign}${whole}${this.one(['e', 'E'])}${this.one(['', '+', '-'])}${this.below(400)}`,
      () =>
        this.one([
          '-0',
          '0',
          '0.0',
          '-0.0e0',
          '1e999',
          '-1e999',
          '9007199254740993',
          '5e-324',
          '0.1',
          '1e22',
          '1e23',
          '9007199254740992.5',
        ]),
    ])();
  }

  private text(): string {
    return this.quoted(
      this.one([
        'AA',
        'UA',
        'true',
        'False',
        '21',
        '',
        'São Paulo',
        '北京',
        '😀',
        this.textOf(30),
        this.textOf(90),
      ]),
    );
  }

  private textOf(length: number): string {
    return Array.from({ length: this.below(length + 1) }, () =>
      String.fromCharCode(97 + this.below(26)),
    ).join('');
  }

  /** Written plainly, or with one of its characters as an escape, or with what JSON does not allow. */
  private quoted(text: string): string {
    if (!this.oddly()) return JSON.stringify(text);
    const escaped = [...text].map((c) => (this.half() ? c : escape(c))).join('');
    return this.one([
      `"${escaped}"`,
      `"${text}\\u0000"`,
      `"${text}\\ud800"`,
      `"${text}\u0001"`,
      `"${text}`,
      `"\\q${text}"`,
    ]);
  }

  private time(): string {
    const { below } = this;
    const two = (n: number): string => String(below.call(this, n)).padStart(2, '0');
    const day = `${this.one(['2026', '1970', '2024', '1969', '9999'])}-${two(14)}-${two(33)}`;
    const clock = `${two(25)}:${two(61)}:${two(62)}`;
    const fraction = this.one(['', '.5', '.25', '.123', '.123456', '.', '.1234567890123']);
    return this.one([
      '"2026-01-31T23:59:59.999Z"',
      '1769000000000',
      '1769000000000.75',
      `"${day}${this.one(['T', 't', ' '])}${clock}${fraction}${this.one(['Z', 'Z', 'z', '+05:30', '-11:00', ''])}"`,
      'null',
    ]);
  }

  private space(): string {
    return this.oddly() ? this.one([' ', '\n', '\t ', '\r\n', '\u00a0']) : '';
  }

  private shuffle(list: unknown[]): void {
    for (let i = list.length - 1; i > 0; i -= 1) {
      const j = this.below(i + 1);
      [list[i], list[j]] = [list[j], list[i]];
    }
  }

  private oddly(): boolean {
    return this.random.uniform() < this.odd;
  }

  private half(): boolean {
    return this.random.uniform() < 0.5;
  }

  /** Whole number in [0, n). */
  below(n: number): number {
    return Math.floor(this.random.uniform() * n);
  }

  private one<T>(choices: readonly T[]): T {
    return choices[this.below(choices.length)] as T;
  }
}

function escape(character: string): string {
  return Array.from(
    { length: character.length },
    (_, i) => `\\u${character.charCodeAt(i).toString(16).padStart(4, '0')}`,
  ).join('');
}

/** Sets, cuts, doubles or inserts bytes at a few places. */
export function mutate(bytes: Uint8Array, grammar: EventGrammar): Uint8Array {
  let mutated = Buffer.from(bytes);
  const interesting = [
    0, 0x0a, 0x20, 0x22, 0x2c, 0x2d, 0x2e, 0x30, 0x3a, 0x5b, 0x5c, 0x5d, 0x65, 0x7b, 0x7d, 0x80,
    0xc3, 0xef, 0xff,
  ];
  for (let i = grammar.below(3); i >= 0; i -= 1) {
    const at = grammar.below(mutated.length + 1);
    const byte = interesting[grammar.below(interesting.length)] as number;
    const how = grammar.below(4);
    const length = 1 + grammar.below(8);
    const rest = mutated.subarray(
      how === 0 ? at + 1 : how === 1 ? at + length : how === 2 ? Math.max(0, at - length) : at,
    );
    const middle = how === 0 || how === 3 ? Buffer.of(byte) : Buffer.alloc(0);
    mutated = Buffer.concat([mutated.subarray(0, at), middle, rest]);
  }
  return mutated;
}
