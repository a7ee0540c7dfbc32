import { z } from 'zod';

import { configSpec } from './spec.ts';

/** The part of JSON Schema (2020-12) that the spec makes. */
export interface JsonSchema {
  readonly type?: string;
  readonly title?: string;
  readonly description?: string;
  readonly default?: unknown;
  readonly examples?: readonly unknown[];
  readonly enum?: readonly unknown[];
  readonly format?: string;
  /** A secret: a document that is shown does not show it. */
  readonly writeOnly?: boolean;
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly required?: readonly string[];
  readonly items?: JsonSchema;
  readonly additionalProperties?: boolean | JsonSchema;
  readonly anyOf?: readonly JsonSchema[];
  readonly minimum?: number;
  readonly maximum?: number;
  readonly exclusiveMinimum?: number;
  readonly exclusiveMaximum?: number;
}

/** The spec as JSON Schema: for editors, for the reference page and for the messages about mistakes. */
export function configJsonSchema(): JsonSchema {
  return z.toJSONSchema(configSpec, { io: 'input' }) as JsonSchema;
}

/** The schema of the value at this path, or null where the spec knows none. */
export function schemaAt(root: JsonSchema, path: readonly (string | number)[]): JsonSchema | null {
  let schema: JsonSchema | null = root;
  for (const step of path) {
    if (schema === null) return null;
    schema = child(schema, step);
  }
  return schema;
}

function child(schema: JsonSchema, step: string | number): JsonSchema | null {
  if (typeof step === 'number') return schema.items ?? null;
  if (schema.properties !== undefined && Object.hasOwn(schema.properties, step)) {
    return schema.properties[step] ?? null;
  }
  if (typeof schema.additionalProperties === 'object') return schema.additionalProperties;
  for (const branch of schema.anyOf ?? []) {
    const found = child(branch, step);
    if (found !== null) return found;
  }
  return null;
}

/** Is there a secret somewhere in what this schema describes? */
export function holdsSecret(schema: JsonSchema | null): boolean {
  if (schema === null) return false;
  const { properties = {}, items, anyOf = [], additionalProperties } = schema;
  const inside = [...Object.values(properties), ...anyOf, ...(items === undefined ? [] : [items])];
  if (typeof additionalProperties === 'object') inside.push(additionalProperties);
  return schema.writeOnly === true || inside.some(holdsSecret);
}

/** Keys that an object with this schema may have. */
export function knownKeys(schema: JsonSchema | null): string[] {
  if (schema === null) return [];
  const own = Object.keys(schema.properties ?? {});
  return own.length > 0 ? own : (schema.anyOf ?? []).flatMap((branch) => knownKeys(branch));
}
