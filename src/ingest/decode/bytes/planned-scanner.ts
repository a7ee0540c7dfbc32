import { SLOT } from '../../../core/domain/event-frame.ts';
import type { EventFrame } from '../../../core/domain/event-frame.ts';
import type { SourceRecord } from '../../../core/domain/ingestion.ts';
import { LIMITS } from '../../decoder.ts';
import type { FrameList } from '../../decoder.ts';
import { parseEventTime } from '../../../core/domain/event-time.ts';
import { PART_BIT, TARGET } from '../kernel/event-plan.ts';
import type { PlanPlace } from '../kernel/event-plan.ts';
import {
  askOthers,
  found,
  foundLength,
  giveText,
  head,
  HEAD,
  keepText,
  keepTexts,
  KIND,
  numbers,
  PART,
  RECORD_AT,
  scanAlong,
  slots,
  TEXTS,
} from '../kernel/scan-memory.ts';
import { ByteScanner, isNumber } from './byte-scanner.ts';
import type { OpenRecord } from './byte-scanner.ts';
import type { NativeLayout, RoleLayout } from './native-layout.ts';
import { NestedValues } from './nested-values.ts';
import { TimeReader } from './time-reader.ts';

const QUOTE = 0x22;
const OPEN = 0x7b;
const NEEDED = PART_BIT.features | PART_BIT.model;

/** Reads what scan.wat leaves to others. */
const scan = new ByteScanner();
const nested = new NestedValues(scan);
const times = new TimeReader();
const scratch = new Float64Array(1);

askOthers({
  number: (at, target) => scan.number(at, numbers, target),
  value(at, target) {
    if (target < 0) return passOver(at, target);
    if (scan.byte(at) !== QUOTE) return otherThanText(at, target);
    const end = scan.string(at);
    // scan.wat finds kept texts by bytes without escapes.
    if (end >= 0 && scan.escaped) giveText(scan.text);
    else if (end >= 0) keepText(scan.text, at + 1, end - 1);
    return end;
  },
});

/** A text that is no ASCII, or what is nested. */
function passOver(at: number, target: number): number {
  const byte = scan.byte(at);
  if (byte === QUOTE) return scan.pastString(at);
  return byte === OPEN && target === TARGET.outcome ? -1 : nested.pass(at);
}

/** What an attribute has that is no text, as a text; a version is a text, or there is none. */
function otherThanText(at: number, target: number): number {
  const isDigits = isNumber(scan.byte(at));
  const end = isDigits ? scan.number(at, scratch, 0) : scan.literal(at);
  const flag = scan.flag === 1 ? 'true' : 'false';
  const text = isDigits ? String(scratch[0]) : scan.flag < 0 ? null : flag;
  giveText(target === TARGET.version ? null : text);
  return end;
}

/**
 * Reads an event along its model's plan.
 * @param open where the record begins in the memory, and where it ends
 * @param into handed the event; its slots and numbers are those of the next one, too, of whatever partition
 * @returns false: it is not as planned, nothing is in `into`
 */
export function readAlong(
  record: SourceRecord,
  open: OpenRecord,
  plan: PlanPlace,
  layout: NativeLayout,
  into: FrameList,
): boolean {
  slots.set(layout.spoken);
  nested.keys = 0;
  const to = scanAlong(open.at, plan);
  if (to < 0 || scan.space(to) !== open.end) return false;
  const parts = head[HEAD.parts] as number;
  if ((parts & NEEDED) !== NEEDED || (head[HEAD.keys] as number) + nested.keys > LIMITS.keys)
    return false;
  const time = timeOf(record);
  if (time === null) return false;
  const frame = into.addRead(layout.schema, layout.slots, layout.numbers);
  frame.time = time;
  frame.unknownFeatures = head[HEAD.unknown] as number;
  setId(frame);
  setTexts(frame);
  keepTexts();
  if ((parts & PART_BIT.prediction) !== 0) speakOf(frame, layout.prediction);
  if ((parts & PART_BIT.label) !== 0) speakOf(frame, layout.label);
  return true;
}

/** null: it is no time. */
function timeOf(record: SourceRecord): number | null {
  switch (head[HEAD.time + PART.kind]) {
    case KIND.text: {
      const from = (head[HEAD.time + PART.from] as number) - RECORD_AT;
      const to = (head[HEAD.time + PART.to] as number) - RECORD_AT;
      const time = times.read(scan.bytes, from, to);
      if (time >= 0) return time;
      scan.string(from - 1);
      return parseEventTime(scan.text);
    }
    case KIND.number:
      return parseEventTime(numbers[head[HEAD.time + PART.index] as number]);
    default:
      return parseEventTime(record.timestamp);
  }
}

function setId(frame: EventFrame): void {
  const kind = head[HEAD.id + PART.kind];
  if (kind === KIND.text) {
    const from = (head[HEAD.id + PART.from] as number) - RECORD_AT;
    frame.idAt(scan.bytes, from, (head[HEAD.id + PART.to] as number) - RECORD_AT);
  } else if (kind === KIND.number) {
    frame.id = String(numbers[head[HEAD.id + PART.index] as number]);
  }
}

function setTexts(frame: EventFrame): void {
  const length = foundLength();
  for (let i = 0; i < length; i += 2) {
    const target = found[i] as number;
    const text = TEXTS[found[i + 1] as number] as string;
    if (target < TARGET.texts) frame.texts[target] = text;
    else if (target < TARGET.version) frame.attributes[target - TARGET.texts] = text;
    else frame.version = text;
  }
}

/** Of a role that there is an object of everything is said: what it does not name is missing. */
function speakOf(frame: EventFrame, { own }: RoleLayout): void {
  for (let i = 0; i < own.length; i += 1)
    if (own[i] === 1 && frame.slots[i] === SLOT.absent) frame.slots[i] = SLOT.missing;
}
