import { parseDocument } from '../document.ts';
import { Rejected, isObject } from '../json-limits.ts';
import type { JsonObject } from '../json-limits.ts';
import { textOf } from '../record-text.ts';
import { namesOf, sideOnly } from './body.ts';
import type { Body, BodyContext, BodyShape } from './body.ts';
import { csvTable } from './csv.ts';
import { kserveV1 } from './kserve-v1.ts';
import { mlflow } from './mlflow.ts';
import { openInference } from './open-inference.ts';
import { seldonMessage } from './seldon-message.ts';
import { rowsTable } from './tables.ts';

/** In the order of choice: what is more particular comes first. */
export const BODY_SHAPES: readonly BodyShape[] = [openInference, mlflow, kserveV1, seldonMessage];

/** The shape of a JSON body by its keys, or null. */
export function bodyShapeOf(body: JsonObject): BodyShape | null {
  return BODY_SHAPES.find((shape) => shape.matches(body)) ?? null;
}

/**
 * A request or response body by its content type and its keys. The type decides only for CSV and JSON lines: clients
 * post JSON under any type (curl's default is a form), and loggers pass on the request's type with the response.
 * @throws Rejected
 */
export function readBody(
  value: Uint8Array | string,
  contentType: string | null,
  context: BodyContext,
): Body {
  const type = (contentType ?? '').toLowerCase();
  if (type.includes('protobuf') || type.includes('grpc') || type.includes('numpy')) {
    throw new Rejected('unsupported-payload', 'the body is neither JSON nor CSV');
  }
  const text = typeof value === 'string' ? value : bodyText(value, type);
  if (type.startsWith('text/csv')) {
    const role = roleOf(context);
    const header = /header\s*=\s*present/.test(type);
    return sideOnly(role, csvTable(text, header, namesOf(context.mapping, role), 'the body'));
  }
  if (type.includes('jsonlines') || type.includes('ndjson')) {
    const role = roleOf(context);
    const lines = text.split('\n').filter((line) => line.trim() !== '');
    const rows = lines.map((line) => parseDocument(line, 'a line of the body'));
    return sideOnly(role, rowsTable(rows, namesOf(context.mapping, role), 'the body'));
  }
  return readJsonBody(parseDocument(text, 'the body'), context);
}

/** @throws Rejected */
export function readJsonBody(body: unknown, context: BodyContext): Body {
  if (Array.isArray(body)) {
    const role = roleOf(context);
    return sideOnly(role, rowsTable(body, namesOf(context.mapping, role), 'the body'));
  }
  const shape = isObject(body) ? bodyShapeOf(body) : null;
  if (shape === null) {
    throw new Rejected(
      'invalid-shape',
      `the body is none of ${BODY_SHAPES.map(({ name }) => name).join(', ')}`,
    );
  }
  return shape.read(body as JsonObject, context);
}

function bodyText(value: Uint8Array, type: string): string {
  try {
    return textOf(value);
  } catch (thrown) {
    // Tensors as bytes behind the JSON of the V2 protocol come as this type.
    if (thrown instanceof Rejected && type.includes('octet-stream')) {
      throw new Rejected('unsupported-payload', 'the body is binary; only JSON and CSV are read');
    }
    throw thrown;
  }
}

function roleOf({ side }: BodyContext): 'input' | 'prediction' {
  if (side !== null) return side;
  throw new Rejected('invalid-shape', 'nothing tells whether the body is a request or a response');
}
