import type { ModelSchema } from '../../../core/domain/event-frame.ts';
import type { SourceRecord } from '../../../core/domain/ingestion.ts';
import type { FrameList, SchemaSource } from '../../decoder.ts';
import { planOf } from '../kernel/event-plan.ts';
import type { EventPlan } from '../kernel/event-plan.ts';
import { ByteScanner } from './byte-scanner.ts';
import { EventNotes } from './event-notes.ts';
import { KeyScanner } from './key-scanner.ts';
import type { OpenRecord } from './key-scanner.ts';
import { layoutOf } from './native-layout.ts';
import type { NativeLayout } from './native-layout.ts';
import { readAlong } from './planned-scanner.ts';

const OPEN = 0x7b;
/** Models of a partition whose plans are tried. */
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
    for (let i = 0; i < this.plans.length; i += 1) {
      const plan = this.plans[i] as EventPlan;
      const { place, schema } = plan;
      // The model may have another dictionary by now, or none.
      if (place === null || schemas.schema(schema.model) !== schema) continue;
      if (!readAlong(record, open, place, this.layout(schema), into)) continue;
      if (i > 0) this.toFront(plan);
      this.planned += 1;
      return true;
    }
    return false;
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
