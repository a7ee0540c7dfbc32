import { SLOT } from '../../../core/domain/event-frame.ts';
import type { EventFrame, ModelSchema } from '../../../core/domain/event-frame.ts';
import { LIMITS } from '../../decoder.ts';
import type { FrameList, SchemaSource } from '../../decoder.ts';
import { parseEventTime } from '../event-time.ts';
import { ByteScanner, NO_BYTES } from './byte-scanner.ts';
import { KeyTable, UNKNOWN } from './key-table.ts';
import { IGNORED_FROM, layoutOf, ObjectLayout } from './native-layout.ts';
import type { NativeLayout, RoleLayout } from './native-layout.ts';
import { TimeReader } from './time-reader.ts';

const QUOTE = 0x22;
const COMMA = 0x2c;
const COLON = 0x3a;
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
  private readonly scratch = new Float64Array(1);
  /** Where values begin that came before the model was known; 0: not there. */
  private readonly later = new Int32Array(8);
  private readonly laterEnd = new Int32Array(8);

  /** @returns false: not as usual; what is in `into` then means nothing */
  decode(bytes: Uint8Array, recordTime: number, schemas: SchemaSource, into: FrameList): boolean {
    if (bytes.length > LIMITS.recordBytes) return false;
    this.scan.open(bytes);
    this.frame = null;
    this.keys = 0;
    const usual = this.readEvent(recordTime, schemas, into);
    // The record's memory is the source's.
    this.scan.open(NO_BYTES);
    return usual;
  }

  private readEvent(recordTime: number, schemas: SchemaSource, into: FrameList): boolean {
    const { scan, event, later } = this;
    if (scan.next() !== OPEN) return false;
    scan.at += 1;
    event.objects += 1;
    later.fill(0);
    let time: number | null = null;
    let hasTime = false;
    let id: string | null = null;
    let idFrom = 0;
    let idTo = 0;
    let version: string | null = null;
    let last = -1;
    let postponed = false;
    let byte = scan.next();
    if (byte === CLOSE) return false;
    for (let place = 0; ; place += 1) {
      const entry = byte === QUOTE ? this.key(event, place) : -1;
      if (entry < 0) return false;
      byte = scan.next();
      const key = event.keys.meanings[entry] as number;
      const { at } = scan;
      if (key === KEY.model) {
        if (byte !== QUOTE) return false;
        const schema = schemas.schema(scan.text());
        if (scan.at < 0 || schema === null) return false;
        if (this.layout?.schema !== schema) this.layout = this.layoutFor(schema);
        this.frame = into.add(schema);
      } else if (key === KEY.ts) {
        hasTime = byte !== LETTER_N;
        if (byte === QUOTE) time = this.time();
        else if (hasTime) time = parseEventTime(this.number());
        else scan.literal();
      } else if (key === KEY.id) {
        if (byte === QUOTE) {
          idFrom = at + 1;
          idTo = scan.textEnd();
          if (idTo < 0 || !scan.ascii) return false;
          scan.at = idTo + 1;
        } else if (isNumber(byte)) id = String(this.number());
        else scan.literal();
      } else if (key === KEY.version) {
        version = null;
        if (byte === QUOTE) version = scan.text();
        else this.passScalar(byte);
      } else if (key === UNKNOWN) this.passScalar(byte);
      else if (this.frame === null || postponed) {
        postponed = true;
        later[key] = at;
        this.passFlat(byte);
        this.laterEnd[key] = scan.at;
      } else {
        if (key < last || !this.readPart(key)) return false;
        if (key !== KEY.attributes) last = key;
      }
      if (scan.at < 0) return false;
      byte = scan.next();
      if (byte === CLOSE) break;
      if (byte !== COMMA) return false;
      scan.at += 1;
      byte = scan.next();
    }
    const end = scan.at + 1;
    const { frame } = this;
    if (!hasTime) time = parseEventTime(recordTime);
    if (frame === null || time === null) return false;
    frame.time = time;
    if (idFrom === 0) frame.id = id;
    else frame.idAt(scan.bytes, idFrom, idTo);
    frame.version = version;
    if (postponed && !this.readPostponed()) return false;
    scan.at = end;
    return scan.next() === -1 && this.keys <= LIMITS.keys;
  }

  private layoutFor(schema: ModelSchema): NativeLayout {
    let layout = this.layouts.get(schema);
    if (layout === undefined) {
      layout = layoutOf(schema);
      this.layouts.set(schema, layout);
    }
    return layout;
  }

  private time(): number | null {
    const { scan } = this;
    const from = scan.at + 1;
    const end = scan.textEnd();
    if (end < 0) return null;
    const time = this.times.read(scan.bytes, from, end);
    if (time >= 0) {
      scan.at = end + 1;
      return time;
    }
    return parseEventTime(scan.text());
  }

  /** What came before the model, in the order that it counts in. */
  private readPostponed(): boolean {
    const { scan, later } = this;
    for (let key = KEY.features as number; key <= KEY.attributes; key += 1) {
      const at = later[key] as number;
      if (at === 0) continue;
      later[key] = 0;
      scan.at = at;
      if (!this.readPart(key) || scan.at !== this.laterEnd[key]) return false;
    }
    return true;
  }

  /** A part of the event whose key is passed; `at` is at its value. */
  private readPart(key: number): boolean {
    const layout = this.layout as NativeLayout;
    const frame = this.frame as EventFrame;
    if (key === KEY.features) return this.readFeatures(frame, layout);
    if (key === KEY.attributes) return this.readAttributes(frame, layout.attributes);
    return this.readOutcome(frame, key === KEY.prediction ? layout.prediction : layout.label);
  }

  private readFeatures(frame: EventFrame, layout: NativeLayout): boolean {
    const { scan } = this;
    if (scan.next() !== OPEN) {
      // null: as if it were not there. Anything else is no object.
      return scan.literal() === -1 && scan.at >= 0;
    }
    frame.slots.set(layout.spoken);
    return this.readRole(frame, layout.input);
  }

  private readOutcome(frame: EventFrame, role: RoleLayout): boolean {
    const byte = this.scan.next();
    if (byte !== OPEN) {
      if (role.only === -2) return false;
      if (role.only === -1) {
        frame.unknownFeatures += 1;
        this.passScalar(byte);
        return this.scan.at >= 0;
      }
      return this.readSlot(frame, role.only, byte);
    }
    const { own } = role;
    for (let i = 0; i < own.length; i += 1) if (own[i] === 1) frame.slots[i] = SLOT.missing;
    return this.readRole(frame, role);
  }

  /** Values by name: `at` is at the opening brace. */
  private readRole(frame: EventFrame, role: RoleLayout): boolean {
    const { scan } = this;
    const { object, may } = role;
    const { meanings } = object.keys;
    object.objects += 1;
    scan.at += 1;
    let byte = scan.next();
    if (byte === CLOSE) {
      scan.at += 1;
      return true;
    }
    for (let place = 0; ; place += 1) {
      const entry = byte === QUOTE ? this.key(object, place) : -1;
      if (entry < 0) return false;
      byte = scan.next();
      const index = meanings[entry] as number;
      if (index >= 0 && may[index] === 1) {
        if (!this.readSlot(frame, index, byte)) return false;
      } else {
        if (index < IGNORED_FROM && may[index] !== 2) frame.unknownFeatures += 1;
        this.passScalar(byte);
        if (scan.at < 0) return false;
      }
      byte = scan.next();
      if (byte === CLOSE) break;
      if (byte !== COMMA) return false;
      scan.at += 1;
      byte = scan.next();
    }
    scan.at += 1;
    return true;
  }

  private readSlot(frame: EventFrame, index: number, byte: number): boolean {
    const { scan } = this;
    if (isNumber(byte)) {
      frame.slots[index] = SLOT.number;
      scan.number(frame.numbers, index);
    } else if (byte === QUOTE) {
      frame.slots[index] = SLOT.text;
      frame.texts[index] = scan.text();
    } else {
      const value = scan.literal();
      frame.slots[index] = value < 0 ? SLOT.missing : SLOT.boolean;
      if (value >= 0) frame.numbers[index] = value;
    }
    return scan.at >= 0;
  }

  private readAttributes(frame: EventFrame, object: ObjectLayout): boolean {
    const { scan } = this;
    let byte = scan.next();
    if (byte !== OPEN) return scan.literal() === -1 && scan.at >= 0;
    object.objects += 1;
    scan.at += 1;
    byte = scan.next();
    if (byte === CLOSE) {
      scan.at += 1;
      return true;
    }
    for (let place = 0; ; place += 1) {
      const entry = byte === QUOTE ? this.key(object, place) : -1;
      if (entry < 0) return false;
      byte = scan.next();
      const index = object.keys.meanings[entry] as number;
      if (index === UNKNOWN) this.passScalar(byte);
      else frame.attributes[index] = this.attribute(byte);
      if (scan.at < 0) return false;
      byte = scan.next();
      if (byte === CLOSE) break;
      if (byte !== COMMA) return false;
      scan.at += 1;
      byte = scan.next();
    }
    scan.at += 1;
    return true;
  }

  private attribute(byte: number): string | null {
    const { scan } = this;
    if (byte === QUOTE) return scan.text();
    if (isNumber(byte)) return String(this.number());
    const value = scan.literal();
    return value < 0 ? null : value === 1 ? 'true' : 'false';
  }

  /** The entry of the key at `at` and behind its colon; -1: not as usual, or it stands twice. */
  private key(object: ObjectLayout, place: number): number {
    const { scan } = this;
    const { keys, order } = object;
    const { bytes } = scan;
    this.keys += 1;
    if (place >= LIMITS.keys) return -1;
    const from = scan.at + 1;
    let entry = order[place] as number;
    const start = keys.starts[entry] as number;
    const length = keys.lengths[entry] as number;
    const known = keys.bytes;
    let i = 0;
    while (i < length && known[start + i] === bytes[from + i]) i += 1;
    // Of a table without that entry, too: then there is no length.
    if (i !== length) {
      entry = keys.find(bytes, from);
      if (entry < 0) return -1;
      order[place] = entry;
    }
    if (keys.stamps[entry] === object.objects) return -1;
    keys.stamps[entry] = object.objects;
    scan.at = from + (keys.lengths[entry] as number);
    if (scan.next() !== COLON) return -1;
    scan.at += 1;
    return entry;
  }

  private number(): number {
    this.scan.number(this.scratch, 0);
    return this.scan.at < 0 ? NaN : (this.scratch[0] as number);
  }

  /** Passes over a text, number or literal that nobody asks for. */
  private passScalar(byte: number): void {
    const { scan } = this;
    if (byte === QUOTE) {
      const end = scan.textEnd();
      if (end >= 0 && scan.ascii) scan.at = end + 1;
      else scan.text();
    } else if (isNumber(byte)) this.number();
    else scan.literal();
  }

  /** Passes over a scalar or an object without others in it; what is in that is checked when it is read. */
  private passFlat(byte: number): void {
    const { scan } = this;
    if (byte !== OPEN) {
      this.passScalar(byte);
      return;
    }
    const { bytes } = scan;
    for (let at = scan.at + 1; at < bytes.length; at += 1) {
      const inside = bytes[at];
      if (inside === CLOSE) {
        scan.at = at + 1;
        return;
      }
      if (inside === OPEN) break;
      if (inside !== QUOTE) continue;
      scan.at = at;
      at = scan.textEnd();
      if (at < 0) break;
    }
    scan.at = -1;
  }
}

function isNumber(byte: number): boolean {
  return byte === 0x2d || (byte >= 0x30 && byte <= 0x39);
}
