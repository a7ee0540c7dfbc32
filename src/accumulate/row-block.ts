import type { EventFrame } from '../core/domain/event-frame.ts';
import type { SlotRows } from '../core/histogram/types.ts';
import type { CountedModelPlan } from './model-registry.ts';

/** Slots of a block at the most: 9 bytes each, which are to stay near the processor until they are counted. */
const BLOCK_SLOTS = 32_768;
/** Where events are in segments, too, more of them make some for each segment. */
const MAX_ROWS = { plain: 128, segmented: 1_024 } as const;
const FIRST_ROWS = 16;

/** Events of one model that wait to be counted together: a feature's bins are then fetched once for all of them. */
export class RowBlock implements SlotRows {
  readonly plan: CountedModelPlan;
  readonly width: number;
  readonly slots: Uint8Array;
  readonly numbers: Float64Array;
  readonly texts: string[];
  readonly capacity: number;
  /** Rows in use. */
  length = 0;
  /** Features whose texts are looked at. */
  private readonly texted: Uint16Array;

  /** @param before the block that it takes the place of, having been full: there are many events, twice as many fit now */
  constructor(plan: CountedModelPlan, before: RowBlock | null) {
    this.plan = plan;
    this.width = plan.schema.features.length;
    this.capacity = Math.min(maxRows(plan), before === null ? FIRST_ROWS : before.capacity * 2);
    const size = this.capacity * this.width;
    this.slots = new Uint8Array(size);
    this.numbers = new Float64Array(size);
    const texted = new Set(
      plan.sets.flatMap(({ features }) =>
        features
          .filter(
            ({ counter, frameIndex }) => counter.binning.kind !== 'numeric' && frameIndex >= 0,
          )
          .map(({ frameIndex }) => frameIndex),
      ),
    );
    this.texted = Uint16Array.from(texted);
    this.texts = texted.size === 0 ? [] : Array.from({ length: size }, () => '');
  }

  get isFull(): boolean {
    return this.length === this.capacity;
  }

  /** Could another one take more rows? */
  get mayGrow(): boolean {
    return this.capacity < maxRows(this.plan);
  }

  /** @returns the row that the event is in from now on; there must be one left */
  add(frame: EventFrame): number {
    const row = this.length;
    this.length += 1;
    const at = row * this.width;
    this.slots.set(frame.slots, at);
    this.numbers.set(frame.numbers, at);
    for (let i = 0; i < this.texted.length; i += 1) {
      const feature = this.texted[i] as number;
      this.texts[at + feature] = frame.texts[feature] as string;
    }
    return row;
  }
}

/** What blocks of a model ever hold: at least 8 rows. */
export function maxRows({ schema }: CountedModelPlan): number {
  const most = schema.attributes.length === 0 ? MAX_ROWS.plain : MAX_ROWS.segmented;
  return Math.max(8, Math.min(most, Math.floor(BLOCK_SLOTS / Math.max(1, schema.features.length))));
}
