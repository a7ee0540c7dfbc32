import type { EventFormat, EventMapping } from '../../src/config/types.ts';
import { SLOT } from '../../src/core/domain/event-frame.ts';
import type { EventFrame, ModelSchema } from '../../src/core/domain/event-frame.ts';
import type { FeatureKind, FeatureRole } from '../../src/core/domain/feature.ts';
import type { SourceRecord } from '../../src/core/domain/ingestion.ts';
import { createEventDecoder } from '../../src/ingest/decode/event-decoder.ts';
import { FrameList } from '../../src/ingest/decoder.ts';

export const RECORD_TIME = Date.UTC(2026, 0, 2, 3, 4, 5);

/** "age numeric", "score numeric prediction": a model's dictionary. */
export function schemaOf(
  model: string,
  features: readonly string[],
  attributes: readonly string[] = [],
): ModelSchema {
  const list = features.map((line, i) => {
    const [name = '', kind = 'numeric', role = 'input'] = line.split(' ');
    return {
      id: i + 1,
      name,
      kind: kind as FeatureKind,
      role: role as FeatureRole,
      tier: 'standard' as const,
    };
  });
  return {
    modelId: 1,
    model,
    features: list,
    indexOf: new Map(list.map(({ name }, i) => [name, i])),
    attributes,
  };
}

/** What the contract tables decode for: two inputs, a prediction and a label, sliced by country. */
export const CREDIT = schemaOf(
  'credit',
  ['age', 'job categorical', 'score numeric prediction', 'paid boolean label'],
  ['country'],
);

export interface Sent {
  readonly format?: EventFormat;
  readonly mapping?: EventMapping;
  /** All values of flat events are texts. */
  readonly texts?: boolean;
  /** Default: the model `credit`. */
  readonly schemas?: readonly ModelSchema[];
  readonly headers?: Readonly<Record<string, string>>;
  /** Of the record; default: RECORD_TIME. */
  readonly timestamp?: number;
  /** Anything but a text or bytes is written as JSON. */
  readonly value: unknown;
}

export type Decoded =
  | { readonly events: readonly Readonly<Record<string, unknown>>[] }
  | { readonly reason: string; readonly detail: string };

export function recordOf({
  headers = {},
  timestamp = RECORD_TIME,
  value,
}: Pick<Sent, 'headers' | 'timestamp' | 'value'>): SourceRecord {
  const bytes = value instanceof Uint8Array ? value : Buffer.from(textOf(value));
  const entries = Object.entries(headers).map(([key, text]) => [key, Buffer.from(text)] as const);
  return { offset: 0, timestamp, key: null, value: bytes, headers: new Map(entries) };
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}

/** Decodes one record; what a frame says by feature name, without what it says nothing about. */
export function decode(sent: Sent): Decoded {
  return decoderOf(sent)(sent);
}

/** A decoder that is kept from record to record, as a partition has one. */
export function decoderOf({
  format = 'auto',
  mapping = {},
  texts = false,
  schemas = [CREDIT],
}: Omit<Sent, 'value'>): (sent: Sent) => Decoded {
  const decoder = createEventDecoder(format, mapping, { texts });
  const frames = new FrameList();
  return (sent) => {
    frames.clear();
    const rejection = decoder.decode(
      recordOf(sent),
      { schema: (model) => schemas.find((schema) => schema.model === model) ?? null },
      frames,
    );
    if (rejection !== null) return rejection;
    return { events: Array.from({ length: frames.length }, (_, i) => shown(frames.at(i))) };
  };
}

function shown(frame: EventFrame): Readonly<Record<string, unknown>> {
  const { schema } = frame;
  const event: Record<string, unknown> = { time: new Date(frame.time).toISOString() };
  schema?.features.forEach(({ name }, i) => {
    const slot = frame.slots[i];
    if (slot === SLOT.absent) return;
    event[name] =
      slot === SLOT.text
        ? frame.texts[i]
        : slot === SLOT.number
          ? frame.numbers[i]
          : slot === SLOT.boolean
            ? frame.numbers[i] === 1
            : slot === SLOT.missing
              ? null
              : 'INVALID';
  });
  schema?.attributes.forEach((name, i) => {
    if (frame.attributes[i] !== null) event[name] = frame.attributes[i];
  });
  if (frame.id !== null) event['id'] = frame.id;
  if (frame.version !== null) event['version'] = frame.version;
  if (frame.unknownFeatures > 0) event['unknown'] = frame.unknownFeatures;
  return event;
}
