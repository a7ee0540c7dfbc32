import { configJsonSchema } from '../../src/config/spec/schema.ts';
import type { JsonSchema } from '../../src/config/spec/schema.ts';

const INTRODUCTION = `# Configuration

<!-- Generated from src/config/spec/ by \`npm run generate\`. Do not edit. -->

One YAML file, read at start: \`driftd run --config driftd.yaml\`. \`driftd check-config\` reads it as \`run\` would and tells
every mistake with file, line, column and the way out. [config/driftd.example.yaml](../config/driftd.example.yaml) is one to
start from; [config/driftd.schema.json](../config/driftd.schema.json) tells editors what fits: begin the file with
\`# yaml-language-server: $schema=driftd.schema.json\`.

- **Environment.** \`\${NAME}\` in a value is replaced by the environment variable, \`\${NAME:-default}\` by the default when it
  is unset or empty. A variable that is not set and has no default is an error. \`$\${\` stands for a literal \`\${\`. Inside
  \`{ }\` and \`[ ]\` YAML wants such values quoted.
- **Secrets.** Every secret has a twin that ends in \`_file\` and names a file to read it from (a Docker or Kubernetes
  secret). A newline at the end is cut off. Giving both is an error. Values of secrets are never shown or logged.
- **Durations** are a whole number and a unit: \`250ms\`, \`30s\`, \`5m\`, \`1h\`, \`7d\`.
- **Paths** that are relative count from the folder of the file that names them.
- **Unknown keys** are errors, with the nearest key that is known.
`;

/** The reference page: every key with its type, default, example and meaning, section by section. */
export function configurationPage(): string {
  const root = configJsonSchema();
  const sections = Object.entries(root.properties ?? {}).map(([key, schema]) =>
    section(key, schema, root.required?.includes(key) ?? false),
  );
  return `${INTRODUCTION}\n${sections.join('\n')}`;
}

function section(key: string, schema: JsonSchema, required: boolean): string {
  const rows = keysBelow(schema.type === 'array' ? `${key}[]` : key, schema);
  const needed = required ? ' Required.' : '';
  const itself =
    schema.type === 'array' && schema.items?.description !== undefined
      ? ` ${schema.items.description}`
      : '';
  return [
    `## ${key}`,
    '',
    `${schema.description ?? ''}${itself}${needed}`,
    '',
    '| Key | Type | Default | Meaning |',
    '| --- | --- | --- | --- |',
    ...rows.map((row) => `| ${row.map(cell).join(' | ')} |`),
    '',
  ].join('\n');
}

type Row = readonly [key: string, type: string, fallback: string, meaning: string];

function keysBelow(prefix: string, schema: JsonSchema): Row[] {
  const target = objectOf(schema);
  if (target === null) return [];
  if (typeof target.additionalProperties === 'object') {
    return keysBelow(`${prefix}.<name>`, target.additionalProperties);
  }
  return Object.entries(target.properties ?? {}).flatMap(([key, child]) => {
    const path = `${prefix}.${key}`;
    const required = target.required?.includes(key) ?? false;
    const row: Row = [`\`${path}\``, typeOf(child), fallbackOf(child, required), meaningOf(child)];
    const below = child.type === 'array' ? `${path}[]` : path;
    return [row, ...keysBelow(below, child)];
  });
}

/** The object that a schema describes: itself, the entries of a list, or the object among alternatives. */
function objectOf(schema: JsonSchema): JsonSchema | null {
  if (schema.type === 'object') return schema;
  if (schema.items !== undefined) return objectOf(schema.items);
  for (const branch of schema.anyOf ?? []) {
    const found = objectOf(branch);
    if (found !== null) return found;
  }
  return null;
}

function typeOf(schema: JsonSchema): string {
  if (schema.enum !== undefined)
    return schema.enum.map((value) => `\`${String(value)}\``).join(', ');
  if (schema.anyOf !== undefined) return schema.anyOf.map(typeOf).join(' or ');
  if (schema.format === 'duration') return 'duration';
  if (schema.type === 'array')
    return `list of ${schema.items === undefined ? 'values' : typeOf(schema.items)}`;
  if (schema.type === 'object') return 'section';
  if (schema.format === 'date-time') return 'instant';
  return `${typeWord(schema.type)}${range(schema)}`;
}

function typeWord(type: string | undefined): string {
  const words: Readonly<Record<string, string>> = {
    string: 'text',
    integer: 'whole number',
    number: 'number',
    boolean: '`true`, `false`',
  };
  return words[type ?? ''] ?? 'value';
}

function range({ minimum, maximum, exclusiveMinimum, exclusiveMaximum }: JsonSchema): string {
  const bounds: string[] = [];
  if (minimum !== undefined) bounds.push(`from ${minimum}`);
  if (exclusiveMinimum !== undefined) bounds.push(`above ${exclusiveMinimum}`);
  if (maximum !== undefined && maximum < Number.MAX_SAFE_INTEGER) bounds.push(`to ${maximum}`);
  if (exclusiveMaximum !== undefined) bounds.push(`below ${exclusiveMaximum}`);
  return bounds.length === 0 ? '' : ` ${bounds.join(' ')}`;
}

function fallbackOf(schema: JsonSchema, required: boolean): string {
  if (required) return '**required**';
  const value = schema.default;
  if (value === undefined || (typeof value === 'object' && Object.keys(value ?? {}).length === 0))
    return '';
  return `\`${typeof value === 'string' ? value : JSON.stringify(value)}\``;
}

function meaningOf(schema: JsonSchema): string {
  const example = schema.examples?.[0];
  const shown =
    example === undefined || example === schema.default
      ? ''
      : ` Example: \`${JSON.stringify(example)}\`.`;
  return `${schema.description ?? ''}${shown}`;
}

function cell(text: string): string {
  return text.replaceAll('|', '\\|');
}
