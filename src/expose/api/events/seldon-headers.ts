import type { IncomingHttpHeaders } from 'node:http';

/** What the decoder of Seldon's records asks headers for (ingest/decode/envelopes/inference-event.ts), but the content type. */
export const SELDON_HEADERS = [
  'type',
  'modelid',
  'requestid',
  'inferenceservicename',
  'namespace',
  'endpoint',
  'id',
  'time',
  'source',
  'metadata',
  'annotations',
] as const;

/**
 * The bare headers in which Seldon Core 1 says what a body is; null when its `type` is not there. Others are those of the
 * request, secrets among them, and are not kept.
 */
export function seldonHeaders(
  headers: IncomingHttpHeaders,
): Readonly<Record<string, string>> | null {
  if (typeof headers['type'] !== 'string' || !headers['type'].startsWith('io.seldon.serving.'))
    return null;
  const kept: Record<string, string> = {};
  for (const name of SELDON_HEADERS) {
    const value = headers[name];
    if (typeof value === 'string') kept[name] = value;
  }
  return kept;
}
