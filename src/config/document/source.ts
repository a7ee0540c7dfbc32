import { isAlias, isMap, isScalar, isSeq, LineCounter, parseDocument, visit } from 'yaml';
import type { Document, Node, Scalar } from 'yaml';

import { substitute } from './environment.ts';
import type { Environment } from './environment.ts';
import type { Path, Place, Problem } from './problems.ts';

/** A parsed file that still knows where each value stands. */
export interface ConfigSource {
  /** Plain data, environment variables put in (as text). */
  readonly data: unknown;
  /** Syntax errors and environment variables that are missing. */
  readonly problems: readonly Problem[];
  /** false: the text could not be understood; `data` means nothing. */
  readonly readable: boolean;
  /** Where the value at this path stands, or the nearest value above it that exists. */
  placeOf(path: Path): Place;
  /** Where the key at the end of this path stands. */
  placeOfKey(path: Path): Place;
  /** Did (a part of) the value come from the environment? Such values are never shown. */
  fromEnvironment(path: Path): boolean;
}

/** Reads YAML 1.2; one document a file, unique keys. */
export function parseSource(text: string, env: Environment): ConfigSource {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  const placeAt = (offset: number): Place => {
    const at = lines.linePos(offset);
    return { line: Math.max(1, at.line), column: Math.max(1, at.col) };
  };
  const problems: Problem[] = document.errors.map((error) => ({
    code: 'CONFIG_INVALID' as const,
    place: placeAt(error.pos[0]),
    path: [],
    message: `this is no YAML: ${withoutText(error.message)}`,
  }));
  const readable = problems.length === 0;
  const substituted = new Set<Scalar>();
  if (readable) problems.push(...putEnvironmentIn(document, env, substituted, placeAt));
  const data = readable ? toData(document, problems) : null;

  const walk = (path: Path): Node | null => {
    let node: unknown = document.contents;
    let found: Node | null = document.contents;
    for (const step of path) {
      if (isAlias(node)) node = node.resolve(document);
      if (!isMap(node) && !isSeq(node)) break;
      node = node.get(step, true);
      if (!isScalar(node) && !isMap(node) && !isSeq(node) && !isAlias(node)) break;
      found = node;
    }
    return found;
  };
  const placeOf = (path: Path): Place => placeAt(walk(path)?.range?.[0] ?? 0);
  return {
    data,
    problems,
    readable,
    placeOf,
    placeOfKey: (path) => {
      const parent = walk(path.slice(0, -1));
      const map = isAlias(parent) ? parent.resolve(document) : parent;
      if (!isMap(map)) return placeOf(path);
      const last = String(path.at(-1));
      const key = map.items
        .map((pair) => pair.key)
        .find((k) => isScalar(k) && String(k.value) === last);
      return isScalar(key) ? placeAt(key.range?.[0] ?? 0) : placeOf(path);
    },
    fromEnvironment: (path) => {
      const node = walk(path);
      return isScalar(node) && substituted.has(node);
    },
  };
}

function putEnvironmentIn(
  document: Document.Parsed,
  env: Environment,
  substituted: Set<Scalar>,
  placeAt: (offset: number) => Place,
): Problem[] {
  const problems: Problem[] = [];
  visit(document, {
    Scalar(key, node, ancestors) {
      if (key === 'key' || typeof node.value !== 'string') return;
      const result = substitute(node.value, env);
      if (result === null) return;
      node.value = result.text;
      substituted.add(node);
      const path = pathOf(node, ancestors);
      for (const message of result.problems) {
        problems.push({
          code: 'CONFIG_INVALID',
          place: placeAt(node.range?.[0] ?? 0),
          path,
          message,
        });
      }
    },
  });
  return problems;
}

/** The path of a node from its ancestors: a pair gives its key, a sequence the index of the next one down. */
function pathOf(node: Node, ancestors: readonly unknown[]): Path {
  const path: (string | number)[] = [];
  ancestors.forEach((ancestor, i) => {
    const next = ancestors[i + 1] ?? node;
    if (isSeq(ancestor)) path.push(ancestor.items.indexOf(next));
    else if (isMap(ancestor)) {
      const pair = ancestor.items.find((item) => item === next);
      if (pair !== undefined)
        path.push(isScalar(pair.key) ? String(pair.key.value) : String(pair.key));
    }
  });
  return path;
}

/** The parser's words without what it quotes of the file: that may be a secret. */
function withoutText(message: string): string {
  return message.replace(/: ".*$/s, '');
}

function toData(document: Document.Parsed, problems: Problem[]): unknown {
  try {
    return document.toJS({ maxAliasCount: 100 }) as unknown;
  } catch (error) {
    // Its words name what stands behind the star: that may be a password.
    const unknown = error instanceof ReferenceError;
    const message = unknown
      ? 'a value that begins with * stands for another one, which there is not: put it into quotes'
      : error instanceof Error
        ? error.message
        : String(error);
    problems.push({ code: 'CONFIG_INVALID', place: { line: 1, column: 1 }, path: [], message });
    return null;
  }
}
