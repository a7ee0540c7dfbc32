import type { HttpSourceConfig } from '../../../config/types.ts';

/** How posted events are read: which model an event is counted for is not for the event alone to say. */
export type ReadAs = Pick<HttpSourceConfig, 'format' | 'mapping'>;

/**
 * The model that a native event is counted for; null: it is none, or may be read as something else, which may be of another
 * model whatever it has under "model": a batch, a request with "model_name", a CloudEvent around an event, a flat one.
 * @param told whether headers say that it is the data of a CloudEvent
 */
export function nativeModel(event: unknown, told: boolean, as: ReadAs): string | null {
  if (typeof event !== 'object' || event === null) return null;
  const said = (key: string): unknown =>
    Object.hasOwn(event, key) ? Reflect.get(event, key) : undefined;
  const features = said('features');
  const hasFeatures = typeof features === 'object' && features !== null && !Array.isArray(features);
  const isNative = hasFeatures || said('prediction') !== undefined || said('label') !== undefined;
  const model = said('model');
  if (!isNative || typeof model !== 'string' || !isReadSo(hasFeatures, told, as)) return null;
  return as.mapping.model ?? as.mapping.models?.get(model) ?? model;
}

/** Is what looks native read by its "model", as the decoder has it (ingest/decode/event-decoder.ts)? */
function isReadSo(hasFeatures: boolean, told: boolean, { format, mapping }: ReadAs): boolean {
  const { model, name = 'model', time, features } = mapping;
  if (format === 'native') return true;
  if (format === 'flat') return name === 'model';
  // Others look for their own keys.
  if (format !== 'auto' && !(format === 'cloudevents' && told)) return false;
  if (hasFeatures || [model, mapping.name, time, features].every((key) => key === undefined))
    return true;
  // Flat, perhaps; the data of a CloudEvent could then be a request as well.
  return !told && name === 'model';
}
