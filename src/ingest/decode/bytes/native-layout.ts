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
const NONE = -1;

/**
 * The keys of one place of the event: `features` of one model, say. Producers write the same keys in the same order with
 * the same white space: what followed on a key last time, up to its value, is compared first.
 */
export class ObjectLayout {
  readonly keys: KeyTable;
  /** By entry, moved by one: the entry that came behind it last; at 0: the one that came first. -1: none yet. */
  readonly follows: number[] = [NONE];
  /** By entry: the number of the last object that had it. */
  readonly stamps: number[] = [];
  /** By entry: everything from the comma before its key to its value, as words from `tokenAt` on; -1 bytes: not known. */
  readonly tokenAt: number[] = [];
  readonly tokenBytes: number[] = [];
  private readonly tokenRoom: number[] = [];
  words = new Int32Array(1_024);
  private used = 0;
  /** Counts objects, for the stamps. */
  objects = 0;

  constructor(keys: KeyTable) {
    this.keys = keys;
  }

  /** The entry of the key at `from`, whose name begins behind its quote; -1: none, or it does not end as usual. */
  find(scan: ByteScanner, from: number, quote: number): number {
    const entry = this.keys.find(scan.bytes, quote + 1);
    if (entry < 0) return NONE;
    while (this.stamps.length <= entry) {
      this.follows.push(NONE);
      this.stamps.push(0);
      this.tokenAt.push(0);
      this.tokenBytes.push(-1);
      this.tokenRoom.push(0);
    }
    let at = scan.space(quote + 1 + (this.keys.lengths[entry] as number));
    if (scan.byte(at) !== COLON) return NONE;
    at = scan.space(at + 1);
    this.remember(scan, entry, from, at);
    this.valueAt = at;
    return entry;
  }

  /** Where the value of the key begins that `find` found. */
  valueAt = 0;

  private remember(scan: ByteScanner, entry: number, from: number, to: number): void {
    const length = to - from;
    const words = (length + 3) >> 2;
    if (words > MAX_TOKEN_WORDS) return;
    if ((this.tokenRoom[entry] as number) < words) {
      // Twice as much each time, so that keys that grow do not fill the memory with what they were.
      const room = Math.max(4, 2 ** Math.ceil(Math.log2(words)));
      this.tokenRoom[entry] = room;
      this.tokenAt[entry] = this.used;
      this.used += room;
    }
    if (this.used > this.words.length) {
      const larger = new Int32Array(this.used * 2);
      larger.set(this.words);
      this.words = larger;
    }
    this.tokenBytes[entry] = length;
    scan.copy(from, this.words, this.tokenAt[entry] as number, length);
  }
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
