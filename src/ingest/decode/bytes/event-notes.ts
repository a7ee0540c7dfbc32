import { TARGET } from '../kernel/event-plan.ts';
import type { PlanEntry } from '../kernel/event-plan.ts';

const QUOTE = '"';

type Noted = PlanEntry & { readonly inside: PlanEntry[] };

/** How an event is written, noted while NativeScanner reads it, for the plan of its model. */
export class EventNotes {
  private readonly bytes: Uint8Array;
  private entries: PlanEntry[] = [];
  /** Of the object that is being read. */
  private inside: PlanEntry[] | null = null;
  private asked = false;

  /** @param bytes that events are read off */
  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
  }

  begin(asked: boolean): void {
    this.asked = asked;
    this.entries = [];
    this.inside = null;
  }

  /** null: nothing is to be learned from the event. */
  end(): readonly PlanEntry[] | null {
    return this.asked ? this.entries : null;
  }

  /** There is something in it that a plan cannot say. */
  dismiss(): void {
    this.asked = false;
  }

  /** A key between `from` and its value, which begins at `to`; of a model, ends there. */
  value(from: number, to: number, target: number, bit = 0): void {
    if (this.asked) (this.inside ?? this.entries).push(this.entry(from, to, target, bit));
  }

  /** The key of an object, up to its brace; what is in it is noted from now on. */
  open(from: number, to: number, bit: number): Noted | null {
    if (!this.asked) return null;
    const entry = this.entry(from, to, TARGET.object, bit);
    this.entries.push(entry);
    this.inside = entry.inside;
    return entry;
  }

  /** What is in this object is noted from now on. */
  reopen(entry: Noted | null): void {
    this.inside = entry === null ? null : entry.inside;
  }

  close(): void {
    this.inside = null;
  }

  private entry(from: number, to: number, target: number, bit: number): Noted {
    const token = this.bytes.slice(from, to);
    const text = Buffer.from(token).toString('latin1');
    const begin = text.indexOf(QUOTE) + 1;
    return { name: text.slice(begin, text.indexOf(QUOTE, begin)), token, target, bit, inside: [] };
  }
}
