import { LIMITS } from '../../decoder.ts';
import { SCAN_CODE } from './scan-code.ts';

/*
 * The memory that an event is read in, by scan.wat and by ByteScanner, and what lies where in it. Nobody waits while reading,
 * so one is enough for all sources of a process. It never grows: views of it stay what they are.
 */

const PAGE_BYTES = 65_536;
/** As scan.wat asks for. */
const PAGES = 56;

/** What scan.wat says of an event, as numbers of 4 bytes. */
const HEAD_AT = 1_024;
export const HEAD = {
  /** Where the text is kept that `otherValue` was asked for; it answers with a place in TEXTS, or -1 for none. */
  slot: 0,
  keys: 1,
  unknown: 2,
  /** Where `found` ends, from the beginning of the memory. */
  foundEnd: 3,
  id: 4,
  time: 8,
  /** Bits of the parts that there were. */
  parts: 12,
  /** Where the key is that was not as planned, from the beginning of the memory, its white space first; 0: not a key. */
  unplanned: 13,
} as const;
/** Of an id or a time: what it is, where its text begins and ends, at which index of NUMBERS it is. */
export const PART = { kind: 0, from: 1, to: 2, index: 3 } as const;
export const KIND = { none: 0, text: 1, number: 2, null: 3 } as const;

const POWERS = { doubles: 0, whole: 256, fives: 8_192 } as const;
/** Powers of 5 from -FIVES to FIVES. */
const FIVES = 60;
const FOUND_AT = 10_240;
/** Entries of a plan at the most: each may have a text, which takes 8 bytes of FOUND. */
export const MAX_ENTRIES = 1_200;
const SLOTS_AT = 20_480;
const NUMBERS_AT = 24_576;
/** Features of a model that has plans; behind them are the numbers of ids and times. */
export const MAX_FEATURES = 1_000;
const INDEX = { id: 1_021, time: 1_022 } as const;
const LENGTHS_AT = 36_864;
const KEPT_AT = 53_248;
const KEPT_TEXTS = 4_096;
const KEPT_BYTES = 48;
export const RECORD_AT = 262_144;
/** No record begins at 0: scanners take it for "not there". */
const MARGIN = 16;
/** So much is copied at once of records that are together in memory. */
const WINDOW = 65_536;
/** Zeros behind the record: they end every number and text, so that nothing asks where the end is. */
const PADDING = 16;
export const RECORD = { margin: MARGIN, window: WINDOW, padding: PADDING };
const RECORD_BYTES = MARGIN + LIMITS.recordBytes + WINDOW + PADDING;
/** Where plans are. */
export const PLANS = {
  from: Math.ceil((RECORD_AT + RECORD_BYTES) / 64) * 64,
  to: PAGES * PAGE_BYTES,
} as const;

const memory = new WebAssembly.Memory({ initial: PAGES, maximum: PAGES });
const { buffer } = memory;

export const head = new Int32Array(buffer, HEAD_AT, 16);
/** Texts that were found: target and place in TEXTS in turn. */
export const found = new Int32Array(buffer, FOUND_AT, 2 * MAX_ENTRIES);
/** By feature. */
export const slots = new Uint8Array(buffer, SLOTS_AT, MAX_FEATURES);
export const numbers = new Float64Array(buffer, NUMBERS_AT, INDEX.time + 1);
export const recordBytes = new Uint8Array(buffer, RECORD_AT, RECORD_BYTES);
/** For plans. */
export const words = new DataView(buffer);
const bytes = new Uint8Array(buffer);
const lengths = new Int32Array(buffer, LENGTHS_AT, KEPT_TEXTS).fill(-1);

/** Texts that are kept, by their slots, and behind them those of the event that are not. */
export const TEXTS: string[] = Array.from({ length: KEPT_TEXTS }, () => '');
let further = KEPT_TEXTS;

fillPowers();
head[HEAD.id + PART.index] = INDEX.id;
head[HEAD.time + PART.index] = INDEX.time;

/** What scan.wat asks others for: values of the record from `at` on, for a target. They give where the value ends, or -1. */
export interface Others {
  number(at: number, target: number): number;
  /** A text, or whatever there is in an attribute. Says with `keepText` or `giveText` which text it has. */
  value(at: number, target: number): number;
}

let others: Others | null = null;

export function askOthers(answering: Others): void {
  others = answering;
}

/** Texts of the event that are to be kept, as the place in TEXTS, the slot, and where the bytes are in the record. */
const waiting = new Int32Array(4 * MAX_ENTRIES);
let waitingLength = 0;

/** The text that `value` was asked for; its bytes are in [from, to) of the record, and may be found again. */
export function keepText(text: string, from: number, to: number): void {
  const slot = head[HEAD.slot] as number;
  giveText(text);
  if (to - from > KEPT_BYTES) return;
  waiting[waitingLength] = head[HEAD.slot] as number;
  waiting[waitingLength + 1] = slot;
  waiting[waitingLength + 2] = from;
  waiting[waitingLength + 3] = to;
  waitingLength += 4;
}

/** Only now, when nobody asks `found` any more: what a slot had before may be a text of the event, too. */
export function keepTexts(): void {
  for (let i = 0; i < waitingLength; i += 4) {
    const slot = waiting[i + 1] as number;
    const from = waiting[i + 2] as number;
    const to = waiting[i + 3] as number;
    bytes.copyWithin(KEPT_AT + slot * KEPT_BYTES, RECORD_AT + from, RECORD_AT + to);
    lengths[slot] = to - from;
    TEXTS[slot] = TEXTS[waiting[i] as number] as string;
  }
  waitingLength = 0;
}

/** How many numbers of `found` an event that was read has. */
export function foundLength(): number {
  return ((head[HEAD.foundEnd] as number) - FOUND_AT) / 4;
}

/** The same for this event only; null: there is none. */
export function giveText(text: string | null): void {
  head[HEAD.slot] = text === null ? -1 : further;
  if (text === null) return;
  TEXTS[further] = text;
  further += 1;
}

const { scan } = new WebAssembly.Instance(
  new WebAssembly.Module(Buffer.from(SCAN_CODE, 'base64')),
  {
    driftd: {
      memory,
      otherNumber: (at: number, target: number) =>
        fromMemory(others?.number(at - RECORD_AT, target)),
      otherValue: (at: number, target: number) => fromMemory(others?.value(at - RECORD_AT, target)),
    },
  },
).exports as {
  scan(at: number, entry: number, planEnd: number): number;
};

function fromRecord(at: number): number {
  return at < RECORD_AT ? -1 : at - RECORD_AT;
}

function fromMemory(at = -1): number {
  return at < 0 ? -1 : at + RECORD_AT;
}

/** Where in the record the key is that was not as planned; -1: it was something else, if anything. */
export function unplannedKey(): number {
  return fromRecord(head[HEAD.unplanned] as number);
}

/**
 * Reads an event along a plan, into `head`, `found`, `slots` and `numbers`.
 * @param open where its opening brace is in the record
 * @returns where it ends; -1: it is not as planned, and what was read means nothing
 */
export function scanAlong(
  open: number,
  plan: { readonly from: number; readonly to: number },
): number {
  if (further > KEPT_TEXTS) {
    TEXTS.length = KEPT_TEXTS;
    further = KEPT_TEXTS;
  }
  waitingLength = 0;
  return fromRecord(scan(RECORD_AT + open + 1, plan.from, plan.to));
}

/** Powers of ten that are exact, and of five to 128 bits as Lemire 2021 has them. */
function fillPowers(): void {
  for (let i = 0; i <= 22; i += 1) words.setFloat64(POWERS.doubles + 8 * i, Number(`1e${i}`), true);
  for (let i = 0; i <= 8; i += 1) words.setBigInt64(POWERS.whole + 8 * i, 10n ** BigInt(i), true);
  for (let power = -FIVES; power <= FIVES; power += 1) {
    const bits = fiveTo(power);
    const at = POWERS.fives + 16 * (power + FIVES);
    words.setBigUint64(at, bits >> 64n, true);
    words.setBigUint64(at + 8, bits & 0xffff_ffff_ffff_ffffn, true);
  }
}

function fiveTo(power: number): bigint {
  const five = 5n ** BigInt(Math.abs(power));
  const length = BigInt(five.toString(2).length);
  if (power >= 0) return length <= 128n ? five << (128n - length) : five >> (length - 128n);
  // Down to 5^-27, where a product can be just between two doubles, rounded up.
  return 2n ** (length + 127n) / five + (power >= -27 ? 1n : 0n);
}
