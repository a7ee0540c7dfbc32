import { EventFrame } from '../core/domain/event-frame.ts';
import type { ModelSchema } from '../core/domain/event-frame.ts';
import type { Rejection, SourceRecord } from '../core/domain/ingestion.ts';

/** The dictionaries a decoder looks names up in. */
export interface SchemaSource {
  /** The model's dictionary; null: no such model. */
  schema(model: string): ModelSchema | null;
}

/** Frames that are kept for the next record. */
const KEPT_FRAMES = 64;

/**
 * The events of one record. Frames are kept and filled again for the next record, so that decoding allocates none: read
 * them before the next `clear`.
 */
export class FrameList {
  private readonly frames: EventFrame[] = [];
  /** Frames keep the names of unknown features: for a second look at a record, it costs time. */
  readonly keepsNames: boolean;
  length = 0;

  constructor({ keepsNames = false }: { readonly keepsNames?: boolean } = {}) {
    this.keepsNames = keepsNames;
  }

  clear(): void {
    // A record of very many events leaves nothing behind.
    if (this.frames.length > KEPT_FRAMES) this.frames.length = KEPT_FRAMES;
    this.length = 0;
  }

  /** The next frame, made ready for an event of this model. */
  add(schema: ModelSchema): EventFrame {
    const frame = this.next();
    frame.reset(schema);
    return frame;
  }

  /**
   * The same for an event whose slots and numbers are read already. They are lent: the next record that is decoded has them,
   * whoever decodes it.
   */
  addRead(schema: ModelSchema, slots: Uint8Array, numbers: Float64Array): EventFrame {
    const frame = this.next();
    frame.resetTo(schema, slots, numbers);
    return frame;
  }

  private next(): EventFrame {
    let frame = this.frames[this.length];
    if (frame === undefined) {
      frame = new EventFrame();
      if (this.keepsNames) frame.unknownNames = [];
      this.frames.push(frame);
    }
    this.length += 1;
    return frame;
  }

  /** @param i below `length` */
  at(i: number): EventFrame {
    return this.frames[i] as EventFrame;
  }
}

/**
 * Bytes of one record to event frames: one file an event shape.
 *
 * - Total: any bytes give frames or a rejection; a decoder never throws.
 * - Atomic: a record is decoded whole or rejected whole. After a rejection what is in `into` means nothing.
 * - `into` comes cleared; each event of the record is added to it, in order.
 * - A record without a value (a tombstone) is not handed to decoders.
 * - Where `into` keeps names it gives the names of unknown features, too.
 */
export interface Decoder {
  decode(record: SourceRecord, schemas: SchemaSource, into: FrameList): Rejection | null;
}

/** Limits of one record (docs/events.md); beyond them it goes to quarantine. */
export const LIMITS = {
  recordBytes: 1_048_576,
  /** Objects and lists within each other; the event itself is the first. */
  depth: 32,
  /** Keys of all objects of a native event together; values of an event of another shape. */
  keys: 1_000,
  stringBytes: 8_192,
  nameBytes: 128,
  /** Objects and lists of a record of more than 64 KiB. */
  containers: 50_000,
  /** Events of a record that holds many. */
  events: 10_000,
  /** Events of a record times features of their model: what its frames take in memory. */
  values: 524_288,
} as const;
