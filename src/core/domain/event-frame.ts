import type { FeatureKind, FeatureRole, FeatureTier } from './feature.ts';

/** What a slot of a frame holds for one feature. */
export const SLOT = {
  /** The event does not speak about this feature's role at all (e.g. a label-only event): no observation. */
  absent: 0,
  /** A known feature that the event should have and has not, or has as null. */
  missing: 1,
  number: 2,
  text: 3,
  boolean: 4,
  /** Present, but an array, an object or otherwise no value: counted as invalid. */
  invalid: 5,
} as const;
export type Slot = (typeof SLOT)[keyof typeof SLOT];

/** One feature of a model's dictionary, as the decoder needs it. */
export interface SchemaFeature {
  readonly id: number;
  readonly name: string;
  readonly kind: FeatureKind;
  readonly role: FeatureRole;
  readonly tier: FeatureTier;
}

/** The dictionary of one model: which features a decoder looks for, and at which index of a frame they go. */
export interface ModelSchema {
  readonly modelId: number;
  readonly model: string;
  readonly features: readonly SchemaFeature[];
  /** Feature name to index in `features`. A Map, never a plain object: names come from outside. */
  readonly indexOf: ReadonlyMap<string, number>;
  /** Features that are known and not looked at. */
  readonly ignored?: ReadonlySet<string>;
  /** Attributes declared for slicing, in order. */
  readonly attributes: readonly string[];
}

/**
 * One decoded event, as struct of arrays. Frames are reused from event to event: a decoder fills one, the accumulator
 * reads it before the next is filled, and neither allocates per value.
 */
export class EventFrame {
  schema: ModelSchema | null = null;
  private idText: string | null = null;
  private idBytes: Uint8Array | null = null;
  private idFrom = 0;
  private idTo = 0;
  version: string | null = null;
  /** Event time, milliseconds since the epoch. */
  time = 0;
  /** One SLOT, number or text per feature of the schema. */
  slots: Uint8Array = new Uint8Array(0);
  numbers: Float64Array = new Float64Array(0);
  private ownSlots = new Uint8Array(0);
  private ownNumbers = new Float64Array(0);
  texts: string[] = [];
  /** One value per declared attribute of the schema, null where the event has none. */
  attributes: (string | null)[] = [];
  /** How many keys of `features` the schema does not know. */
  unknownFeatures = 0;
  /** Names of them, where somebody asks for them; else null. */
  unknownNames: string[] | null = null;

  get id(): string | null {
    if (this.idBytes !== null) {
      this.idText = String.fromCharCode(...this.idBytes.subarray(this.idFrom, this.idTo));
      this.idBytes = null;
    }
    return this.idText;
  }

  set id(text: string | null) {
    this.idText = text;
    this.idBytes = null;
  }

  /** The id as ASCII bytes [from, to): a text is made of it when somebody asks, before the next event is read. */
  idAt(bytes: Uint8Array, from: number, to: number): void {
    this.idBytes = bytes;
    this.idFrom = from;
    this.idTo = to;
  }

  /** Makes the frame ready for an event of this model: every slot absent. */
  reset(schema: ModelSchema): void {
    const size = schema.features.length;
    if (this.ownSlots.length !== size) {
      this.ownSlots = new Uint8Array(size);
      this.ownNumbers = new Float64Array(size);
    } else {
      this.ownSlots.fill(SLOT.absent);
    }
    this.slots = this.ownSlots;
    this.numbers = this.ownNumbers;
    this.clear(schema);
  }

  /** The same with slots and numbers that are another's, and hold the event's already. */
  resetTo(schema: ModelSchema, slots: Uint8Array, numbers: Float64Array): void {
    this.slots = slots;
    this.numbers = numbers;
    this.clear(schema);
  }

  private clear(schema: ModelSchema): void {
    if (this.texts.length !== schema.features.length)
      this.texts = Array.from({ length: schema.features.length }, () => '');
    if (this.attributes.length !== schema.attributes.length) {
      this.attributes = schema.attributes.map(() => null);
    } else {
      for (let i = 0; i < this.attributes.length; i += 1) this.attributes[i] = null;
    }
    this.schema = schema;
    this.id = null;
    this.version = null;
    this.time = 0;
    this.unknownFeatures = 0;
    if (this.unknownNames !== null) this.unknownNames = [];
  }
}
