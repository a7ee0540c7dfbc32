import { configJsonSchema } from './schema.ts';
import type { JsonSchema } from './schema.ts';

/**
 * The schema for editors: as the spec has it, but every value with a rule of its own may also be a reference to the
 * environment, which only driftd can resolve.
 */
export function editorSchema(): JsonSchema {
  return widen(configJsonSchema());
}

const REFERENCE: JsonSchema & { readonly pattern: string } = {
  type: 'string',
  pattern: '\\$\\{[A-Za-z_][A-Za-z0-9_]*(:-[^}]*)?\\}',
};

function widen(schema: JsonSchema): JsonSchema {
  const { description, examples, default: fallback, ...rule } = schema;
  if (isRuledScalar(schema)) {
    const told = {
      ...(description === undefined ? {} : { description }),
      ...(fallback === undefined ? {} : { default: fallback }),
      ...(examples === undefined ? {} : { examples }),
    };
    return { ...told, anyOf: [rule, REFERENCE] };
  }
  return {
    ...schema,
    ...(schema.properties === undefined
      ? {}
      : {
          properties: Object.fromEntries(
            Object.entries(schema.properties).map(([key, value]) => [key, widen(value)]),
          ),
        }),
    ...(schema.items === undefined ? {} : { items: widen(schema.items) }),
    ...(typeof schema.additionalProperties === 'object'
      ? { additionalProperties: widen(schema.additionalProperties) }
      : {}),
    ...(schema.anyOf === undefined ? {} : { anyOf: schema.anyOf.map(widen) }),
  };
}

/** Plain texts take any reference as they are. */
function isRuledScalar(schema: JsonSchema): boolean {
  if (schema.enum !== undefined || 'pattern' in schema) return true;
  return ['integer', 'number', 'boolean'].includes(schema.type ?? '');
}
