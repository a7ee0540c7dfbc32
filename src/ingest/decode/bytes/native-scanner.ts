import { SLOT } from '../../../core/domain/event-frame.ts';
import type { EventFrame, ModelSchema } from '../../../core/domain/event-frame.ts';
import type { SourceRecord } from '../../../core/domain/ingestion.ts';
import { LIMITS } from '../../decoder.ts';
import type { FrameList, SchemaSource } from '../../decoder.ts';
import { parseEventTime } from '../event-time.ts';
import { ByteScanner } from './byte-scanner.ts';
import { KeyTable, UNKNOWN } from './key-table.ts';
import { CELL, FIRST, layoutOf, ObjectLayout } from './native-layout.ts';
import type { NativeLayout, RoleLayout } from './native-layout.ts';
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

/**
 * Native events off their bytes into frames, without an object in between. Reads what producers usually write; says no to
 * everything else, an event that must be rejected too: JSON.parse then decides, so that there is one truth.
 */
export class NativeScanner {
  private readonly scan = new ByteScanner();
  private readonly times = new TimeReader();
  private readonly event = new ObjectLayout(new KeyTable(Object.entries(KEY)));
  private readonly layouts = new WeakMap<ModelSchema, NativeLayout>();
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
  private postponed = false;

  /** @returns false: not as usual; what is in `into` then means nothing */
  decode(record: SourceRecord, schemas: SchemaSource, into: FrameList): boolean {
    const { scan } = this;
    const begin = scan.open(record);
    if (begin < 0) return false;
    const { end } = scan;
    this.frame = null;
    this.keys = 0;
    this.textOfId = null;
    this.idFrom = 0;
    this.version = null;
    this.eventTime = null;
    this.hasTime = false;
    if (this.postponed) this.later.fill(0);
    this.postponed = false;
    const at = this.readEvent(begin, schemas, into);
    if (at < 0 || scan.space(at) !== end) return false;
    const frame = this.frame as EventFrame | null;
    const time = this.hasTime ? this.eventTime : parseEventTime(record.timestamp);
    if (frame === null || time === null) return false;
    frame.time = time;
    if (this.idFrom === 0) frame.id = this.textOfId;
    else frame.idAt(scan.bytes, this.idFrom, this.idTo);
    frame.version = this.version;
    return (!this.postponed || this.readPostponed()) && this.keys <= LIMITS.keys;
  }

  private readEvent(begin: number, schemas: SchemaSource, into: FrameList): number {
    const { scan, event } = this;
    let at = scan.space(begin);
    if (scan.byte(at) !== OPEN) return -1;
    event.objects = (event.objects + 1) | 0;
    let last = -1;
    let cell: number = FIRST;
    for (;;) {
      at += 1;
      cell = this.key(event, cell, at);
      if (cell < 0) return -1;
      at = this.valueAt;
      const key = event.cells[cell + CELL.meaning] as number;
      if (key < KEY.features) at = this.readHead(key, at, schemas, into);
      else if (this.frame === null || this.postponed) at = this.postpone(key, at);
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
        if (this.layout?.schema !== schema) this.layout = this.layoutFor(schema);
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
        if (byte !== QUOTE) return this.passScalar(at);
        at = scan.string(at);
        this.version = scan.text;
        return at;
      default:
        return this.passScalar(at);
    }
  }

  private postpone(key: number, at: number): number {
    this.postponed = true;
    this.later[key] = at;
    const end = this.passFlat(at);
    this.laterEnd[key] = end;
    return end;
  }

  private layoutFor(schema: ModelSchema): NativeLayout {
    let layout = this.layouts.get(schema);
    if (layout === undefined) {
      layout = layoutOf(schema);
      this.layouts.set(schema, layout);
    }
    return layout;
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
      if (at !== 0 && this.readPart(key, at) !== this.laterEnd[key]) return false;
    }
    return true;
  }

  /** A part of the event from its value on. */
  private readPart(key: number, at: number): number {
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
      return this.passScalar(at);
    }
    const { own } = role;
    for (let i = 0; i < own.length; i += 1) if (own[i] === 1) frame.slots[i] = SLOT.missing;
    return this.readRole(frame, role, at);
  }

  /** Values by name, from the opening brace on. */
  private readRole(frame: EventFrame, role: RoleLayout, open: number): number {
    const { scan } = this;
    const { object } = role;
    object.objects = (object.objects + 1) | 0;
    let at = scan.space(open + 1);
    if (scan.byte(at) === CLOSE) return at + 1;
    at = open;
    let cell: number = FIRST;
    for (;;) {
      at += 1;
      cell = this.key(object, cell, at);
      if (cell < 0) return -1;
      at = this.valueAt;
      const index = object.cells[cell + CELL.meaning] as number;
      if (index >= 0) at = this.readSlot(frame, index, at);
      else {
        if (index === UNKNOWN) frame.unknownFeatures += 1;
        at = this.passScalar(at);
      }
      if (at < 0) return -1;
      let byte = scan.byte(at);
      if (byte === COMMA) continue;
      at = scan.space(at);
      byte = scan.byte(at);
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
    object.objects = (object.objects + 1) | 0;
    let at = scan.space(open + 1);
    if (scan.byte(at) === CLOSE) return at + 1;
    at = open;
    let cell: number = FIRST;
    for (;;) {
      at += 1;
      cell = this.key(object, cell, at);
      if (cell < 0) return -1;
      at = this.valueAt;
      const index = object.cells[cell + CELL.meaning] as number;
      at = index === UNKNOWN ? this.passScalar(at) : this.attribute(frame, index, at);
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

  /** Where the value begins of the key that `key` has found. */
  private valueAt = 0;

  /**
   * The cell of the key whose comma or brace is before `at`.
   * @param previous the cell of the key before it, or FIRST
   * @returns -1: not as usual, or it stands twice
   */
  private key(object: ObjectLayout, previous: number, at: number): number {
    const { cells } = object;
    let cell = cells[previous + CELL.follows] as number;
    const length = cell < 0 ? -1 : (cells[cell + CELL.tokenBytes] as number);
    if (
      length > 0 &&
      this.scan.matches(at, object.words, cells[cell + CELL.token] as number, length)
    ) {
      this.valueAt = at + length;
    } else {
      cell = this.otherKey(object, previous, cell, at);
      if (cell < 0) return -1;
    }
    if (object.cells[cell + CELL.stamp] === object.objects) return -1;
    object.cells[cell + CELL.stamp] = object.objects;
    this.keys += 1;
    return cell;
  }

  /** The key is not the one that came here last time: often that one is left out, else it is found by its name. */
  private otherKey(object: ObjectLayout, previous: number, missed: number, at: number): number {
    const { scan } = this;
    const { cells, words } = object;
    const next = missed < 0 ? -1 : (cells[missed + CELL.follows] as number);
    const length = next < 0 ? -1 : (cells[next + CELL.tokenBytes] as number);
    if (length > 0 && scan.matches(at, words, cells[next + CELL.token] as number, length)) {
      this.valueAt = at + length;
      return next;
    }
    const quote = scan.space(at);
    if (scan.byte(quote) !== QUOTE) return -1;
    const cell = object.find(scan, at, quote);
    if (cell < 0) return -1;
    object.cells[previous + CELL.follows] = cell;
    this.valueAt = object.valueAt;
    return cell;
  }

  /** To `scratch`. */
  private number(at: number): number {
    return isNumber(this.scan.byte(at)) ? this.scan.number(at, this.scratch, 0) : -1;
  }

  private nullAt(at: number): number {
    const end = this.scan.literal(at);
    return this.scan.flag === -1 ? end : -1;
  }

  /** Passes over a text, number or literal that nobody asks for. */
  private passScalar(at: number): number {
    const { scan } = this;
    const byte = scan.byte(at);
    if (byte === QUOTE) return scan.pastString(at);
    return isNumber(byte) ? scan.number(at, this.scratch, 0) : scan.literal(at);
  }

  /** Passes over a scalar or an object without others in it; what is in that is checked when it is read. */
  private passFlat(at: number): number {
    const { scan } = this;
    if (scan.byte(at) !== OPEN) return this.passScalar(at);
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

function isNumber(byte: number): boolean {
  return byte === 0x2d || (byte >= 0x30 && byte <= 0x39);
}
