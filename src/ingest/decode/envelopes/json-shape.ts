import type { Reading } from '../call.ts';
import type { JsonObject } from '../json-limits.ts';

/** One shape of events that are told apart by their keys. */
export interface JsonShape {
  /** As in the configuration. */
  readonly name: string;
  /** By keys that no other shape has. */
  matches(event: JsonObject): boolean;
  /** Adds the events of a record to `reading.into`. @throws Rejected */
  read(event: JsonObject, reading: Reading): void;
}

export function textOrNull(value: unknown): string | null {
  return typeof value === 'string' && value !== '' ? value : null;
}
