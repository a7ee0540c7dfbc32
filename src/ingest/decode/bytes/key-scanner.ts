import { SLOT } from '../../../core/domain/event-frame.ts';
import type { EventFrame, ModelSchema } from '../../../core/domain/event-frame.ts';
import type { SourceRecord } from '../../../core/domain/ingestion.ts';
import { LIMITS } from '../../decoder.ts';
import type { FrameList, SchemaSource } from '../../decoder.ts';
import { parseEventTime } from '../../../core/domain/event-time.ts';
import { PART_BIT, TARGET } from '../kernel/event-plan.ts';
import { isNumber } from './byte-scanner.ts';
import type { ByteScanner, OpenRecord } from './byte-scanner.ts';
import type { EventNotes } from './event-notes.ts';
import { KeyTable, UNKNOWN } from './key-table.ts';
import { ObjectLayout } from './native-layout.ts';
import type { NativeLayout, RoleLayout } from './native-layout.ts';
import { isNested, NestedValues } from './nested-values.ts';
import { TimeReader } from './time-reader.ts';

const QUOTE = 0x22;
const COMMA = 0x2c;
const OPEN = 0x7b;
const CLOSE = 0x7d;
const LETTER_N = 0x6e;

/** Keys of the event, in the order in which what they say goes into the frame. */
const KEY = {
  model: 0,
  ts: 1,
  id: 2,
  version: 3,
  features: 4,
  prediction: 5,
  label: 6,
  attributes: 7,
} as const;

/** By key: what a plan calls it. */
const HEAD_TARGET = [TARGET.model, TARGET.time, TARGET.id, TARGET.version] as const;
const { features, prediction, label, attributes } = PART_BIT;
const BIT = [0, 0, 0, 0, features, prediction, label, attributes] as const;

/**
 * Native events off their bytes into frames, without an object in between: key by key, however they are written. What is not
 * as usual is none of its business, an event that must be rejected neither: JSON.parse then decides, so that there is one truth.
 */
export class KeyScanner {
  private readonly scan: ByteScanner;
  private readonly layoutOf: (schema: ModelSchema) => NativeLayout;
  private readonly notes: EventNotes;
  private readonly nested: NestedValues;
  private readonly times = new TimeReader();
  private readonly event = new ObjectLayout(new KeyTable(Object.entries(KEY)));
  private layout: NativeLayout | null = null;
  private frame: EventFrame | null = null;
  private keys = 0;
  private textOfId: string | null = null;
  private idFrom = 0;
  private idTo = 0;
  private version: string | null = null;
  private eventTime: number | null = null;
  private hasTime = false;
  private readonly scratch = new Float64Array(1);
  /** Where values begin and end that came before the model was known; 0: not there. */
  private readonly later = new Int32Array(8);
  private readonly laterEnd = new Int32Array(8);
  private readonly laterEntry: ReturnType<EventNotes['open']>[] = [];
  private postponed = false;
  /** Where the key begins whose value is read: behind the comma or brace before it. */
  private from = 0;

  /** @param notes of how events are written */
  constructor(
    scan: ByteScanner,
    layoutOf: (schema: ModelSchema) => NativeLayout,
    notes: EventNotes,
  ) {
    this.scan = scan;
    this.nested = new NestedValues(scan);
    this.layoutOf = layoutOf;
    this.notes = notes;
  }

  /**
   * @param open begins with a brace
   * @returns false: not as usual; what is in `into` then means nothing
   */
  read(record: SourceRecord, open: OpenRecord, schemas: SchemaSource, into: FrameList): boolean {
    const { scan } = this;
    this.frame = null;
    this.keys = 0;
    this.nested.keys = 0;
    this.textOfId = null;
    this.idFrom = 0;
    this.version = null;
    this.eventTime = null;
    this.hasTime = false;
    if (this.postponed) this.later.fill(0);
    this.postponed = false;
    const at = this.readEvent(open.at, schemas, into);
    if (at < 0 || scan.space(at) !== open.end) return false;
    const frame = this.frame as EventFrame | null;
    const time = this.hasTime ? this.eventTime : parseEventTime(record.timestamp);
    if (frame === null || time === null) return false;
    frame.time = time;
    if (this.idFrom === 0) frame.id = this.textOfId;
    else frame.idAt(scan.bytes, this.idFrom, this.idTo);
    frame.version = this.version;
    if (this.postponed && !this.readPostponed()) return false;
    return this.keys + this.nested.keys <= LIMITS.keys;
  }

  private readEvent(begin: number, schemas: SchemaSource, into: FrameList): number {
    const { scan, event, notes } = this;
    let at = begin;
    event.begin();
    let last = -1;
    for (;;) {
      const from = at + 1;
      const entry = this.key(event, from);
      if (entry < 0) return -1;
      at = event.valueAt;
      this.from = from;
      const key = event.meaning(entry);
      if (key < KEY.features) {
        const end = this.readHead(key, at, schemas, into);
        if (end < 0) return -1;
        if (key === KEY.model) notes.value(from, end, TARGET.model, PART_BIT.model);
        else notes.value(from, at, HEAD_TARGET[key] ?? TARGET.ignored);
        at = end;
      } else if (this.frame === null || this.postponed) at = this.postpone(key, at);
      else {
        if (key < last) return -1;
        at = this.readPart(key, at);
        if (key !== KEY.attributes) last = key;
      }
      if (at < 0) return -1;
      at = scan.space(at);
      const byte = scan.byte(at);
      if (byte === CLOSE) return at + 1;
      if (byte !== COMMA) return -1;
    }
  }

  /** What says who and when the event is, or what nobody knows. */
  private readHead(key: number, at: number, schemas: SchemaSource, into: FrameList): number {
    const { scan } = this;
    const byte = scan.byte(at);
    switch (key) {
      case KEY.model: {
        if (byte !== QUOTE) return -1;
        const end = scan.string(at);
        const schema = end < 0 ? null : schemas.schema(scan.text);
        if (schema === null) return -1;
        this.layout = this.layoutOf(schema);
        this.frame = into.add(schema);
        return end;
      }
      case KEY.ts:
        this.hasTime = byte !== LETTER_N;
        if (byte === QUOTE) return this.time(at);
        if (!this.hasTime) return scan.literal(at);
        at = this.number(at);
        this.eventTime = at < 0 ? null : parseEventTime(this.scratch[0]);
        return at;
      case KEY.id:
        if (byte === QUOTE) {
          const end = scan.asciiEnd(at);
          this.idFrom = at + 1;
          this.idTo = end;
          return end < 0 ? -1 : end + 1;
        }
        if (!isNumber(byte)) return scan.literal(at);
        at = this.number(at);
        this.textOfId = String(this.scratch[0]);
        return at;
      case KEY.version:
        if (byte !== QUOTE) return this.passValue(at);
        at = scan.string(at);
        this.version = scan.text;
        return at;
      default:
        return this.passValue(at);
    }
  }

  private postpone(key: number, at: number): number {
    this.postponed = true;
    this.later[key] = at;
    if (this.scan.byte(at) === OPEN) {
      this.laterEntry[key] = this.notes.open(this.from, at + 1, BIT[key] as number);
      this.notes.close();
    } else {
      // Its place in a plan would be known only with the model.
      this.notes.dismiss();
    }
    const end = this.passFlat(at);
    this.laterEnd[key] = end;
    return end;
  }

  private time(at: number): number {
    const { scan } = this;
    const end = scan.asciiEnd(at);
    if (end < 0) return -1;
    const time = this.times.read(scan.bytes, at + 1, end);
    if (time >= 0) this.eventTime = time;
    else {
      scan.string(at);
      this.eventTime = parseEventTime(scan.text);
    }
    return end + 1;
  }

  /** What came before the model, in the order that it counts in. */
  private readPostponed(): boolean {
    for (let key = KEY.features as number; key <= KEY.attributes; key += 1) {
      const at = this.later[key] as number;
      if (at === 0) continue;
      this.notes.reopen(this.laterEntry[key] ?? null);
      if (this.readValue(key, at) !== this.laterEnd[key]) return false;
    }
    return true;
  }

  /** The same as readValue, and noted. */
  private readPart(key: number, at: number): number {
    const { notes, from } = this;
    if (this.scan.byte(at) === OPEN) {
      notes.open(from, at + 1, BIT[key] as number);
      const end = this.readValue(key, at);
      notes.close();
      return end;
    }
    const { prediction, label } = this.layout as NativeLayout;
    const outcome = key === KEY.prediction ? prediction : key === KEY.label ? label : null;
    if (outcome === null) notes.dismiss();
    else notes.value(from, at, outcome.only >= 0 ? outcome.only : TARGET.outcome);
    return this.readValue(key, at);
  }

  /** A part of the event from its value on. */
  private readValue(key: number, at: number): number {
    const layout = this.layout as NativeLayout;
    const frame = this.frame as EventFrame;
    if (key === KEY.features) return this.readFeatures(frame, layout, at);
    if (key === KEY.attributes) return this.readAttributes(frame, layout.attributes, at);
    return this.readOutcome(frame, key === KEY.prediction ? layout.prediction : layout.label, at);
  }

  private readFeatures(frame: EventFrame, layout: NativeLayout, at: number): number {
    // null: as if it were not there. Anything else is no object.
    if (this.scan.byte(at) !== OPEN) return this.nullAt(at);
    frame.slots.set(layout.spoken);
    return this.readRole(frame, layout.input, at);
  }

  private readOutcome(frame: EventFrame, role: RoleLayout, at: number): number {
    if (this.scan.byte(at) !== OPEN) {
      if (role.only === -2) return -1;
      if (role.only >= 0) return this.readSlot(frame, role.only, at);
      frame.unknownFeatures += 1;
      return this.passValue(at);
    }
    const { own } = role;
    for (let i = 0; i < own.length; i += 1) if (own[i] === 1) frame.slots[i] = SLOT.missing;
    return this.readRole(frame, role, at);
  }

  /** Values by name, from the opening brace on. */
  private readRole(frame: EventFrame, role: RoleLayout, open: number): number {
    const { scan } = this;
    const { object } = role;
    object.begin();
    let at = scan.space(open + 1);
    if (scan.byte(at) === CLOSE) return at + 1;
    at = open;
    for (;;) {
      const from = at + 1;
      const entry = this.key(object, from);
      if (entry < 0) return -1;
      at = object.valueAt;
      const index = object.meaning(entry);
      this.notes.value(from, at, index);
      if (index >= 0) at = this.readSlot(frame, index, at);
      else {
        if (index === UNKNOWN) frame.unknownFeatures += 1;
        at = this.passValue(at);
      }
      if (at < 0) return -1;
      at = scan.space(at);
      const byte = scan.byte(at);
      if (byte === CLOSE) return at + 1;
      if (byte !== COMMA) return -1;
    }
  }

  private readSlot(frame: EventFrame, index: number, at: number): number {
    const { scan } = this;
    const byte = scan.byte(at);
    if (isNumber(byte)) {
      frame.slots[index] = SLOT.number;
      return scan.number(at, frame.numbers, index);
    }
    if (byte === QUOTE) {
      frame.slots[index] = SLOT.text;
      const end = scan.string(at);
      frame.texts[index] = scan.text;
      return end;
    }
    const end = scan.literal(at);
    const { flag } = scan;
    frame.slots[index] = flag < 0 ? SLOT.missing : SLOT.boolean;
    if (flag >= 0) frame.numbers[index] = flag;
    return end;
  }

  private readAttributes(frame: EventFrame, object: ObjectLayout, open: number): number {
    const { scan } = this;
    if (scan.byte(open) !== OPEN) return this.nullAt(open);
    object.begin();
    let at = scan.space(open + 1);
    if (scan.byte(at) === CLOSE) return at + 1;
    at = open;
    for (;;) {
      const from = at + 1;
      const entry = this.key(object, from);
      if (entry < 0) return -1;
      at = object.valueAt;
      const index = object.meaning(entry);
      this.notes.value(from, at, index === UNKNOWN ? TARGET.ignored : TARGET.texts + index);
      at = index === UNKNOWN ? this.passValue(at) : this.attribute(frame, index, at);
      if (at < 0) return -1;
      at = scan.space(at);
      const byte = scan.byte(at);
      if (byte === CLOSE) return at + 1;
      if (byte !== COMMA) return -1;
    }
  }

  private attribute(frame: EventFrame, index: number, at: number): number {
    const { scan } = this;
    const byte = scan.byte(at);
    let end: number;
    let text: string | null;
    if (byte === QUOTE) {
      end = scan.string(at);
      ({ text } = scan);
    } else if (isNumber(byte)) {
      end = this.number(at);
      text = String(this.scratch[0]);
    } else {
      end = scan.literal(at);
      text = scan.flag < 0 ? null : scan.flag === 1 ? 'true' : 'false';
    }
    frame.attributes[index] = text;
    return end;
  }

  /** @returns -1: not as usual, or it stands twice */
  private key(object: ObjectLayout, from: number): number {
    this.keys += 1;
    return object.find(this.scan, from);
  }

  /** To `scratch`. */
  private number(at: number): number {
    return isNumber(this.scan.byte(at)) ? this.scan.number(at, this.scratch, 0) : -1;
  }

  private nullAt(at: number): number {
    const end = this.scan.literal(at);
    return this.scan.flag === -1 ? end : -1;
  }

  /** Passes over a value that nobody asks for. */
  private passValue(at: number): number {
    const { scan } = this;
    const byte = scan.byte(at);
    if (byte === QUOTE) return scan.pastString(at);
    if (isNested(byte)) return this.nested.pass(at);
    return isNumber(byte) ? scan.number(at, this.scratch, 0) : scan.literal(at);
  }

  /** Passes over a value, an object without others in it; what is in that is checked when it is read. */
  private passFlat(at: number): number {
    const { scan } = this;
    if (scan.byte(at) !== OPEN) return this.passValue(at);
    for (let inside = at + 1; ; inside += 1) {
      const byte = scan.byte(inside);
      if (byte === CLOSE) return inside + 1;
      // Behind the record are zeros.
      if (byte === OPEN || byte === 0) return -1;
      if (byte !== QUOTE) continue;
      const end = scan.pastString(inside);
      if (end < 0) return -1;
      inside = end - 1;
    }
  }
}
