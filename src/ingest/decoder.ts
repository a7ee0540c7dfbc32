import type { EventFrame, ModelSchema } from '../core/domain/event-frame.ts';
import type { Rejection, SourceRecord } from '../core/domain/ingestion.ts';

/** The dictionaries a decoder looks names up in. */
export interface SchemaSource {
  /** The model's dictionary; null: no such model. */
  schema(model: string): ModelSchema | null;
}

/**
 * Bytes of one record to event frames. Atomic: a record is decoded whole or rejected whole.
 *
 * `emit` is called once an event, with a frame that the decoder reuses: read it before returning.
 */
export interface Decoder {
  decode(
    record: SourceRecord,
    schemas: SchemaSource,
    emit: (frame: EventFrame) => void,
  ): Rejection | null;
}

/** Limits of one record (docs/events.md); beyond them it goes to quarantine. */
export const LIMITS = {
  recordBytes: 1_048_576,
  depth: 32,
  keys: 1_000,
  stringLength: 8_192,
  nameBytes: 128,
} as const;
