import { configJsonSchema } from '../spec/schema.ts';
import { configSpec } from '../spec/spec.ts';
import type { ConfigDocument } from '../spec/spec.ts';
import { explain, valueAt } from './explain.ts';
import type { Problem } from './problems.ts';
import type { ConfigSource } from './source.ts';

export interface Validation {
  /** null when the spec is broken somewhere. */
  readonly document: ConfigDocument | null;
  /** The data as far as it goes, with texts from the environment turned into the numbers and booleans that are asked for. */
  readonly data: unknown;
  readonly problems: readonly Problem[];
}

/** Holds a file against the spec: every mistake, each with its place. */
export function validate(source: ConfigSource): Validation {
  const data: unknown = structuredClone(source.data ?? {});
  let result = configSpec.safeParse(data);
  if (!result.success && convertFromEnvironment(data, result.error.issues, source)) {
    result = configSpec.safeParse(data);
  }
  if (result.success) return { document: result.data, data, problems: [] };
  const schema = configJsonSchema();
  const problems = result.error.issues.flatMap((issue) => explain(issue, source, schema));
  return { document: null, data, problems };
}

/** The environment knows only texts: where the spec wants a number or a boolean, take the text as one. */
function convertFromEnvironment(
  data: unknown,
  issues: readonly { readonly code: string; readonly path: readonly PropertyKey[] }[],
  source: ConfigSource,
): boolean {
  let converted = false;
  for (const issue of issues) {
    const path = issue.path.filter((step) => typeof step !== 'symbol');
    const last = path.at(-1);
    if (last === undefined || !['invalid_type', 'invalid_union'].includes(issue.code)) continue;
    if (!source.fromEnvironment(path)) continue;
    const value = asNumberOrBoolean(valueAt(data, path));
    const parent = valueAt(data, path.slice(0, -1));
    if (value === null || typeof parent !== 'object' || parent === null) continue;
    (parent as Record<string | number, unknown>)[last] = value;
    converted = true;
  }
  return converted;
}

function asNumberOrBoolean(text: unknown): number | boolean | null {
  if (typeof text !== 'string') return null;
  if (text === 'true' || text === 'false') return text === 'true';
  return /^-?\d+(\.\d+)?$/.test(text) ? Number(text) : null;
}
