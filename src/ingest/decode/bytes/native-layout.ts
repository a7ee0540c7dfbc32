import { SLOT } from '../../../core/domain/event-frame.ts';
import type { ModelSchema } from '../../../core/domain/event-frame.ts';
import type { FeatureRole } from '../../../core/domain/feature.ts';
import type { ByteScanner } from './byte-scanner.ts';
import { KeyTable } from './key-table.ts';

const COLON = 0x3a;

/** What a name stands for that is known and not looked at. */
export const IGNORED = -2;

/** A key with the white space around it and its colon that is longer is found by its name alone. */
const MAX_TOKEN_WORDS = 64;

/** What is known of a key: numbers at these places behind its cell. */
export const CELL = {
  /** The cell of the key that came behind it last; -1: none yet. */
  follows: 0,
  /** The number of the last object that had it. */
  stamp: 1,
  /** Everything from the comma before it to its value: bytes of `words` from here on. -1 bytes: not known. */
  token: 2,
  tokenBytes: 3,
  tokenRoom: 4,
  /** Of its name (KeyTable). */
  meaning: 5,
} as const;
const CELL_SIZE = 8;
/** The cell of no key: the first key of an object follows on it. */
export const FIRST = 0;

/**
 * The keys of one place of the event: `features` of one model, say. Producers write the same keys in the same order with
 * the same white space: what followed on a key last time, up to its value, is compared first.
 */
export class ObjectLayout {
  private readonly keys: KeyTable;
  cells = new Int32Array(64 * CELL_SIZE);
  private used = 1;
  words = new Int32Array(1_024);
  private usedWords = 0;
  /** Counts objects, for the stamps. */
  objects = 0;

  constructor(keys: KeyTable) {
    this.keys = keys;
    this.initialize(FIRST, -1);
  }

  private initialize(cell: number, meaning: number): void {
    this.cells.fill(0, cell, cell + CELL_SIZE);
    this.cells[cell + CELL.follows] = -1;
    this.cells[cell + CELL.tokenBytes] = -1;
    this.cells[cell + CELL.meaning] = meaning;
  }

  /**
   * The cell of the key that is written from `from` on and whose name begins behind its quote.
   * @returns -1: none, or it does not end as usual
   */
  find(scan: ByteScanner, from: number, quote: number): number {
    const { keys } = this;
    const entry = keys.find(scan.bytes, quote + 1);
    if (entry < 0) return -1;
    for (; this.used <= entry + 1; this.used += 1) {
      const cell = this.used * CELL_SIZE;
      if (cell === this.cells.length) this.cells = grown(this.cells, cell * 2);
      this.initialize(cell, keys.meanings[this.used - 1] as number);
    }
    let at = scan.space(quote + 1 + (keys.lengths[entry] as number));
    if (scan.byte(at) !== COLON) return -1;
    at = scan.space(at + 1);
    const cell = (entry + 1) * CELL_SIZE;
    this.remember(scan, cell, from, at);
    this.valueAt = at;
    return cell;
  }

  /** Where the value of the key begins that `find` found. */
  valueAt = 0;

  private remember(scan: ByteScanner, cell: number, from: number, to: number): void {
    const length = to - from;
    const words = (length + 3) >> 2;
    if (words > MAX_TOKEN_WORDS) return;
    const { cells } = this;
    if ((cells[cell + CELL.tokenRoom] as number) < words) {
      // Twice as much each time, so that keys that grow do not fill the memory with what they were.
      const room = Math.max(4, 2 ** Math.ceil(Math.log2(words)));
      cells[cell + CELL.tokenRoom] = room;
      cells[cell + CELL.token] = this.usedWords;
      this.usedWords += room;
    }
    if (this.usedWords > this.words.length) this.words = grown(this.words, this.usedWords * 2);
    cells[cell + CELL.tokenBytes] = length;
    scan.copy(from, this.words, cells[cell + CELL.token] as number, length);
  }
}

function grown(array: Int32Array<ArrayBuffer>, length: number): Int32Array<ArrayBuffer> {
  const larger = new Int32Array(length);
  larger.set(array);
  return larger;
}

/** Where the values of one role go in a frame. */
export interface RoleLayout {
  readonly role: FeatureRole;
  readonly object: ObjectLayout;
  /** By feature: does the role speak of it? */
  readonly own: Uint8Array;
  /** The only feature of the role; -1: there is none, -2: there are several. */
  readonly only: number;
}

/** One model's dictionary, made ready to be found in bytes. */
export interface NativeLayout {
  readonly schema: ModelSchema;
  readonly input: RoleLayout;
  readonly prediction: RoleLayout;
  readonly label: RoleLayout;
  readonly attributes: ObjectLayout;
  /** What the slots are once `features` is an object. */
  readonly spoken: Uint8Array;
}

export function layoutOf(schema: ModelSchema): NativeLayout {
  const roleOf = (role: FeatureRole): RoleLayout => {
    const own = Uint8Array.from(schema.features, (feature) => (feature.role === role ? 1 : 0));
    const first = own.indexOf(1);
    return {
      role,
      object: new ObjectLayout(new KeyTable(namesFor(schema, role))),
      own,
      only: first === own.lastIndexOf(1) ? first : -2,
    };
  };
  const input = roleOf('input');
  return {
    schema,
    input,
    prediction: roleOf('prediction'),
    label: roleOf('label'),
    attributes: new ObjectLayout(new KeyTable(schema.attributes.map((name, i) => [name, i]))),
    spoken: input.own.map((is) => (is === 1 ? SLOT.missing : SLOT.absent)),
  };
}

/** Names with what they mean as keys of a role: the inputs may name features of every role, the others their own. */
function namesFor(schema: ModelSchema, role: FeatureRole): [string, number][] {
  const names = new Map<string, number>();
  for (const name of schema.ignored ?? []) names.set(name, IGNORED);
  for (const [name, index] of schema.indexOf) {
    if (role === 'input' || schema.features[index]?.role === role) names.set(name, index);
  }
  return [...names];
}
