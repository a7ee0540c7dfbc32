import type { z } from 'zod';

import type { JsonSchema } from '../spec/schema.ts';
import { holdsSecret, knownKeys, schemaAt } from '../spec/schema.ts';
import { nearest, suggestion } from './nearest.ts';
import type { Path, Problem } from './problems.ts';
import type { ConfigSource } from './source.ts';

type Issue = z.core.$ZodIssue;

/** What a mistake found by the spec means, where it stands, and how to write it. */
export function explain(issue: Issue, source: ConfigSource, schema: JsonSchema): Problem[] {
  const path = issue.path.filter((step) => typeof step !== 'symbol');
  if (issue.code === 'unrecognized_keys') {
    const keys = knownKeys(schemaAt(schema, path));
    return issue.keys.map((key) => ({
      code: 'CONFIG_INVALID',
      place: source.placeOfKey([...path, key]),
      path: [...path, key],
      message: `unknown key, ${suggestion(key, keys, 'known keys here')}`,
    }));
  }
  const at = schemaAt(schema, path);
  const wrong = whatIsWrong(issue, path, source, at);
  const message = wrong.endsWith('?') ? wrong : `${wrong}${wayOut(at, path)}`;
  return [{ code: 'CONFIG_INVALID', place: source.placeOf(path), path, message }];
}

function whatIsWrong(
  issue: Issue,
  path: Path,
  source: ConfigSource,
  at: JsonSchema | null,
): string {
  const value = valueAt(source.data, path);
  const shown = show(value, path, source, at);
  if (value === undefined) return 'is missing';
  switch (issue.code) {
    case 'invalid_type':
      return `expected ${expectedType(issue.expected)}, found ${shown}`;
    case 'invalid_format':
      return at?.format === 'duration' ? `${shown} is no duration` : `${shown} does not fit`;
    case 'invalid_value':
      return noneOf(value, shown, issue.values.map(String));
    case 'too_small':
      return `${shown} is too ${sizeWord(issue.origin, 'small', 'short')}: it must be ${issue.inclusive === false ? 'more than' : 'at least'} ${issue.minimum}${unit(issue.origin, issue.minimum)}`;
    case 'too_big':
      return `${shown} is too ${sizeWord(issue.origin, 'large', 'long')}: it must be ${issue.inclusive === false ? 'less than' : 'at most'} ${issue.maximum}${unit(issue.origin, issue.maximum)}`;
    case 'invalid_key':
      return 'this name does not fit: 1 to 128 characters, no spaces at its ends';
    case 'invalid_union':
      return `${shown} does not fit`;
    default:
      return issue.message;
  }
}

function noneOf(value: unknown, shown: string, options: readonly string[]): string {
  const near = typeof value === 'string' ? nearest(value, options) : null;
  const hint = near === null ? '' : `, did you mean "${near}"?`;
  return `${shown} is none of ${options.join(', ')}${hint}`;
}

function unit(origin: string, size: number | bigint): string {
  const one = Number(size) === 1;
  if (origin === 'string') return one ? ' character' : ' characters';
  if (origin === 'array') return one ? ' entry' : ' entries';
  return '';
}

function sizeWord(origin: string, number: string, text: string): string {
  return origin === 'string' || origin === 'array' ? text : number;
}

function expectedType(expected: string): string {
  const words: Readonly<Record<string, string>> = {
    string: 'a text',
    number: 'a number',
    int: 'a whole number',
    boolean: 'true or false',
    array: 'a list',
    object: 'a section with keys',
    record: 'a section with keys',
  };
  return words[expected] ?? expected;
}

/** `, write it like ...` from the first example of the spec. */
function wayOut(at: JsonSchema | null, path: Path): string {
  const example = at?.examples?.[0];
  if (example !== undefined) {
    const last = path.at(-1);
    const key = typeof last === 'string' ? `${last}: ` : '';
    return `, write it like ${key}${JSON.stringify(example)}`;
  }
  return at?.description === undefined ? '' : ` (${at.description})`;
}

/** A value as it may be shown: never secrets, never what came from the environment, never much. */
function show(value: unknown, path: Path, source: ConfigSource, at: JsonSchema | null): string {
  if (source.fromEnvironment(path)) return 'the value from the environment';
  if (value === null) return 'nothing';
  if (Array.isArray(value)) return value.length === 0 ? 'an empty list' : 'a list';
  if (typeof value === 'object') return 'a section with keys';
  // Also what stands where a section with a secret in it belongs: an address in place of `postgres`, say.
  if (holdsSecret(at)) return 'the value';
  const text = JSON.stringify(value) ?? typeof value;
  return text.length > 100 ? `${text.slice(0, 100)}...` : text;
}

export function valueAt(data: unknown, path: Path): unknown {
  let value: unknown = data;
  for (const step of path) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, step))
      return undefined;
    value = (value as Record<string | number, unknown>)[step];
  }
  return value;
}
