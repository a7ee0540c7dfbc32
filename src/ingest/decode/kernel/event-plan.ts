import type { ModelSchema } from '../../../core/domain/event-frame.ts';
import { MAX_ENTRIES, MAX_FEATURES, PLANS, words } from './scan-memory.ts';

/** What becomes of a value; 0 and above: of the feature with this index. As in scan.wat. */
export const TARGET = {
  unknown: -1,
  ignored: -2,
  /** An object of values by name. */
  object: -3,
  id: -4,
  time: -5,
  /** The value is part of the token. */
  model: -6,
  /** A prediction or label of a model that has none: unknown, but for an object, whose names are. */
  outcome: -7,
  /** Attributes, from here on. */
  texts: 4_096,
  version: 8_000,
} as const;
/** Bits of the parts of an event: its objects, and its model, without which it is none. */
export const PART_BIT = { features: 1, prediction: 2, label: 4, attributes: 8, model: 16 } as const;
/** Attributes of a model that has plans. */
const MAX_ATTRIBUTES = TARGET.version - TARGET.texts;

/** A key as it was written. */
export interface PlanEntry {
  readonly name: string;
  /** All that stands between the comma or brace before it and its value; with the brace of an object, and a model's name. */
  readonly token: Uint8Array;
  readonly target: number;
  /** PART_BIT; 0: it has none. */
  readonly bit: number;
  readonly inside: readonly PlanEntry[];
}

/** Where a plan is in the memory. */
export interface PlanPlace {
  readonly from: number;
  readonly to: number;
}

/** Keys of a plan that nobody counts: names that are others every time would make it long. */
const MAX_UNCOUNTED = 100;
const HEADER_BYTES = 16;
/** What is free of the memory for plans. When it is used up all are forgotten. */
const room = { next: PLANS.from, generation: 0 };

/** How the events of one model are written, learned from those that NativeScanner has read. Shared by all partitions. */
export class EventPlan {
  readonly schema: ModelSchema;
  private entries: readonly PlanEntry[] = [];
  private written: PlanPlace | null = null;
  /** Where it may be, in the memory as it was in this generation. */
  private generation = -1;
  private at = 0;
  private roomEnd = 0;

  constructor(schema: ModelSchema) {
    this.schema = schema;
  }

  /** null: there is none, or none any more. */
  get place(): PlanPlace | null {
    return this.generation === room.generation ? this.written : null;
  }

  /** @param event the entries of an event in their order */
  learn(event: readonly PlanEntry[]): void {
    if (!isPlannable(this.schema)) return;
    let entries: readonly PlanEntry[] = merged(this.place === null ? [] : this.entries, event);
    if (entryCount(entries) > MAX_ENTRIES || uncounted(entries) > MAX_UNCOUNTED) entries = event;
    this.entries = entries;
    this.written = null;
    if (entryCount(entries) > MAX_ENTRIES || isAmbiguous(entries, this.schema)) return;
    const bytes = bytesOf(entries);
    if (this.generation !== room.generation || this.at + bytes > this.roomEnd) {
      if (!this.takeRoom(bytes)) return;
    }
    this.written = { from: this.at, to: write(entries, this.at) };
  }

  /** Twice as much as is needed, so that a plan that grows does not leave many behind. */
  private takeRoom(bytes: number): boolean {
    if (room.next + 2 * bytes > PLANS.to) {
      if (PLANS.from + 2 * bytes > PLANS.to) return false;
      room.generation += 1;
      room.next = PLANS.from;
    }
    this.generation = room.generation;
    this.at = room.next;
    this.roomEnd = this.at + 2 * bytes;
    room.next = this.roomEnd;
    return true;
  }
}

const plans = new WeakMap<ModelSchema, EventPlan>();

export function planOf(schema: ModelSchema): EventPlan {
  let plan = plans.get(schema);
  if (plan === undefined) {
    plan = new EventPlan(schema);
    plans.set(schema, plan);
  }
  return plan;
}

function isPlannable({ features, attributes }: ModelSchema): boolean {
  return features.length <= MAX_FEATURES && attributes.length <= MAX_ATTRIBUTES;
}

/** May `features` hold values that `prediction` or `label` say, too? Which of them counts is not for a plan to know. */
function isAmbiguous(entries: readonly PlanEntry[], { features }: ModelSchema): boolean {
  const inputs = entries.find(({ bit }) => bit === PART_BIT.features)?.inside ?? [];
  const outcomes = entries.some(
    ({ target, bit }) => isFeature(target) || bit === PART_BIT.prediction || bit === PART_BIT.label,
  );
  return (
    outcomes && inputs.some(({ target }) => isFeature(target) && features[target]?.role !== 'input')
  );
}

function isFeature(target: number): boolean {
  return target >= 0 && target < TARGET.texts;
}

/**
 * All keys so far, in an order that the event's are in. One that is new or came elsewhere before is put behind the one before
 * it: where events have few keys each, the order that all of them are in is found after some.
 */
function merged(known: readonly PlanEntry[], event: readonly PlanEntry[]): PlanEntry[] {
  const entries = [...known];
  let place = 0;
  for (const entry of event) {
    const at = entries.findIndex(({ name }) => name === entry.name);
    const before = entry.target === TARGET.object ? (entries[at]?.inside ?? []) : [];
    if (at >= 0) entries.splice(at, 1);
    if (at >= place) place = at;
    else if (at >= 0) place -= 1;
    entries.splice(place, 0, { ...entry, inside: merged(before, entry.inside) });
    place += 1;
  }
  return entries;
}

function entryCount(entries: readonly PlanEntry[]): number {
  return entries.reduce((sum, { inside }) => sum + 1 + inside.length, 0);
}

function uncounted(entries: readonly PlanEntry[]): number {
  return entries.reduce(
    (sum, { target, inside }) =>
      sum + uncounted(inside) + (target === TARGET.unknown || target === TARGET.ignored ? 1 : 0),
    0,
  );
}

function tokenRoom({ token }: PlanEntry): number {
  return Math.ceil(token.length / 8) * 8;
}

function bytesOf(entries: readonly PlanEntry[]): number {
  return entries.reduce(
    (sum, entry) => sum + HEADER_BYTES + tokenRoom(entry) + bytesOf(entry.inside),
    0,
  );
}

/** @returns where it ends */
function write(entries: readonly PlanEntry[], from: number): number {
  let at = from;
  for (const entry of entries) {
    const { token, target, bit, inside } = entry;
    const begin = at;
    words.setInt32(begin, token.length, true);
    words.setInt32(begin + 4, target, true);
    words.setInt32(begin + 12, bit, true);
    at += HEADER_BYTES;
    for (let i = 0; i < tokenRoom(entry); i += 1) words.setUint8(at + i, token[i] ?? 0);
    at = write(inside, at + tokenRoom(entry));
    words.setInt32(begin + 8, at, true);
  }
  return at;
}
