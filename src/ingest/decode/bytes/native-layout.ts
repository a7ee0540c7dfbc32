import { SLOT } from '../../../core/domain/event-frame.ts';
import type { ModelSchema } from '../../../core/domain/event-frame.ts';
import type { FeatureRole } from '../../../core/domain/feature.ts';
import { numbers, slots } from '../kernel/scan-memory.ts';
import type { ByteScanner } from './byte-scanner.ts';
import { KeyTable } from './key-table.ts';

const QUOTE = 0x22;
const COLON = 0x3a;

/** What a name stands for that is known and not looked at. */
export const IGNORED = -2;

/** The keys of one place of the event: `features` of one model, say. */
export class ObjectLayout {
  private readonly keys: KeyTable;
  /** By entry of the table: the number of the last object that had it. */
  private stamps = new Int32Array(64);
  private objects = 0;
  /** Where the value begins of the key that was found last. */
  valueAt = 0;

  constructor(keys: KeyTable) {
    this.keys = keys;
  }

  /** Another object of this place. */
  begin(): void {
    this.objects = (this.objects + 1) | 0;
  }

  /**
   * The entry of the key that is written from `from` on.
   * @returns -1: not as usual, or this object has it already
   */
  find(scan: ByteScanner, from: number): number {
    const { keys } = this;
    const quote = scan.space(from);
    if (scan.byte(quote) !== QUOTE) return -1;
    const entry = keys.find(scan.bytes, quote + 1);
    if (entry < 0) return -1;
    const colon = scan.space(quote + 1 + (keys.lengths[entry] as number));
    if (scan.byte(colon) !== COLON || this.isSecond(entry)) return -1;
    this.valueAt = scan.space(colon + 1);
    return entry;
  }

  /** What the name of an entry stands for. */
  meaning(entry: number): number {
    return this.keys.meanings[entry] as number;
  }

  private isSecond(entry: number): boolean {
    if (entry >= this.stamps.length) {
      const larger = new Int32Array(2 * entry);
      larger.set(this.stamps);
      this.stamps = larger;
    }
    if (this.stamps[entry] === this.objects) return true;
    this.stamps[entry] = this.objects;
    return false;
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
  /** What is read along a plan, if the model may have one. */
  readonly slots: Uint8Array;
  readonly numbers: Float64Array;
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
    slots: slots.subarray(0, schema.features.length),
    numbers: numbers.subarray(0, schema.features.length),
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
