import { SLOT } from '../../../core/domain/event-frame.ts';
import type { ModelSchema } from '../../../core/domain/event-frame.ts';
import type { FeatureRole } from '../../../core/domain/feature.ts';
import { LIMITS } from '../../decoder.ts';
import { KeyTable } from './key-table.ts';

/** Names that are known and not looked at, beside the indexes of features. */
export const IGNORED_FROM = 1_000_000;

/**
 * The keys of one place of the event: `features` of one model, say. Producers write the same keys in the same order: what
 * the last event had at each place is compared first.
 */
export class ObjectLayout {
  readonly keys: KeyTable;
  /** By place in the object: the entry that was there last. */
  readonly order = new Int32Array(LIMITS.keys + 1);
  /** Counts objects, for the stamps of the keys. */
  objects = 0;

  constructor(keys: KeyTable) {
    this.keys = keys;
  }
}

/** Where the values of one role go in a frame. */
export interface RoleLayout {
  readonly role: FeatureRole;
  readonly object: ObjectLayout;
  /** By feature: does the role speak of it? */
  readonly own: Uint8Array;
  /** By feature: 1: a key of the role may name it; 0: it is unknown to the role; 2: the same, and ignored. */
  readonly may: Uint8Array;
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
  const names = [
    ...schema.indexOf,
    ...[...(schema.ignored ?? [])]
      .filter((name) => !schema.indexOf.has(name))
      .map((name) => [name, IGNORED_FROM] as const),
  ];
  const roleOf = (role: FeatureRole): RoleLayout => {
    const own = Uint8Array.from(schema.features, (feature) => (feature.role === role ? 1 : 0));
    const first = own.indexOf(1);
    return {
      role,
      object: new ObjectLayout(new KeyTable(names)),
      own,
      may: Uint8Array.from(schema.features, (feature) => {
        if (role === 'input' || feature.role === role) return 1;
        return schema.ignored?.has(feature.name) === true ? 2 : 0;
      }),
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
