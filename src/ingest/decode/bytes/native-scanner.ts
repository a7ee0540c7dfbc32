import type { ModelSchema } from '../../../core/domain/event-frame.ts';
import type { SourceRecord } from '../../../core/domain/ingestion.ts';
import type { FrameList, SchemaSource } from '../../decoder.ts';
import { planOf } from '../kernel/event-plan.ts';
import type { EventPlan } from '../kernel/event-plan.ts';
import { unplannedKey } from '../kernel/scan-memory.ts';
import { ByteScanner } from './byte-scanner.ts';
import type { OpenRecord } from './byte-scanner.ts';
import { EventNotes } from './event-notes.ts';
import { KeyScanner } from './key-scanner.ts';
import { layoutOf } from './native-layout.ts';
import type { NativeLayout } from './native-layout.ts';
import { readAlong } from './planned-scanner.ts';

const QUOTE = 0x22;
const COLON = 0x3a;
const OPEN = 0x7b;
const MODEL_KEY = new TextEncoder().encode('"model"');
/** Models of a partition whose plans are tried until the event says which is its own. */
const TRIED_PLANS = 4;
/** Events not as planned that are learned from one after another; after that once in twice as many, and in LEARN_GAP. */
const LEARN_FIRST = 32;
const LEARN_GAP = 1_000;

/**
 * Native events off their bytes into frames, without an object in between: along the plan of their model, which is how its
 * events were written so far (scan.wat), or else key by key, and learned from. Says no to what is unusual.
 */
export class NativeScanner {
  private readonly scan = new ByteScanner();
  private readonly layouts = new WeakMap<ModelSchema, NativeLayout>();
  private readonly notes = new EventNotes(this.scan.bytes);
  private readonly keys = new KeyScanner(this.scan, (schema) => this.layout(schema), this.notes);
  /** That of the last event's model first. */
  private readonly plans: EventPlan[] = [];
  private misses = 0;
  private learnAt = 1;
  /** Events that were read along a plan. */
  planned = 0;

  /** @returns false: not as usual; what is in `into` then means nothing */
  decode(record: SourceRecord, schemas: SchemaSource, into: FrameList): boolean {
    const { scan } = this;
    const begin = scan.open(record);
    if (begin < 0) return false;
    const open = { at: scan.space(begin), end: scan.end };
    if (scan.byte(open.at) !== OPEN) return false;
    if (this.readPlanned(record, open, schemas, into)) return true;
    this.notes.begin(this.isToLearn());
    if (!this.keys.read(record, open, schemas, into)) return false;
    this.learn(into.at(0).schema as ModelSchema);
    return true;
  }

  /** @returns false: the event is not as any of the plans; nothing is in `into` */
  private readPlanned(
    record: SourceRecord,
    open: OpenRecord,
    schemas: SchemaSource,
    into: FrameList,
  ): boolean {
    for (const plan of this.plans) {
      const { schema } = plan;
      // The model may have another dictionary by now, or none.
      if (plan.place === null || schemas.schema(schema.model) !== schema) continue;
      if (this.readAlong(record, open, plan, into)) return true;
      const model = this.modelAt(unplannedKey());
      const named = model === null ? null : schemas.schema(model);
      if (named === null || named === schema) continue;
      const own = planOf(named);
      // Whatever comes of it: what is tried is learned from.
      this.toFront(own);
      return this.readAlong(record, open, own, into);
    }
    return false;
  }

  private readAlong(
    record: SourceRecord,
    open: OpenRecord,
    plan: EventPlan,
    into: FrameList,
  ): boolean {
    const { place, schema } = plan;
    if (place === null || !readAlong(record, open, place, this.layout(schema), into)) return false;
    if (this.plans[0] !== plan) this.toFront(plan);
    this.planned += 1;
    return true;
  }

  /** The model that the key at `at` names, where a plan has ended; null: it is another key, or none. */
  private modelAt(at: number): string | null {
    const { scan } = this;
    if (at < 0) return null;
    let place = scan.space(at);
    for (const byte of MODEL_KEY) {
      if (scan.byte(place) !== byte) return null;
      place += 1;
    }
    place = scan.space(place);
    if (scan.byte(place) !== COLON) return null;
    place = scan.space(place + 1);
    return scan.byte(place) === QUOTE && scan.string(place) >= 0 ? scan.text : null;
  }

  /** Another event is not as planned. */
  private isToLearn(): boolean {
    this.misses += 1;
    if (this.misses < this.learnAt) return false;
    this.learnAt += this.misses < LEARN_FIRST ? 1 : Math.min(this.misses, LEARN_GAP);
    return true;
  }

  private learn(schema: ModelSchema): void {
    const plan = planOf(schema);
    const isNew = !this.plans.includes(plan);
    this.toFront(plan);
    // Another partition has learned it already, most likely.
    if (isNew && plan.place !== null) return;
    const entries = this.notes.end();
    if (entries !== null) plan.learn(entries);
  }

  private toFront(plan: EventPlan): void {
    const at = this.plans.indexOf(plan);
    if (at >= 0) this.plans.splice(at, 1);
    this.plans.unshift(plan);
    if (this.plans.length > TRIED_PLANS) this.plans.pop();
  }

  private layout(schema: ModelSchema): NativeLayout {
    let layout = this.layouts.get(schema);
    if (layout === undefined) {
      layout = layoutOf(schema);
      this.layouts.set(schema, layout);
    }
    return layout;
  }
}
