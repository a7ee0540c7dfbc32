import path from 'node:path';
import { parseAst } from 'vitest/node';
import { IMPORT_TABLE, MAX_FILE_LINES, MAX_FOLDER_FILES } from './architecture-rules.ts';
import type { FolderRule } from './architecture-rules.ts';

/** Source files by their path below src/, with `/` between folders. */
export type SourceFiles = ReadonlyMap<string, string>;

interface Import {
  readonly target: string;
  readonly typeOnly: boolean;
}

interface Reading {
  readonly imports: readonly Import[];
  /** What a pure folder must not contain, such as `Date.now` or `await`. */
  readonly impurities: readonly string[];
}

type Node = Readonly<Record<string, unknown>> & { readonly type: string };

function isNode(value: unknown): value is Node {
  return typeof value === 'object' && value !== null && 'type' in value;
}

/** Reads the name of an identifier node, or '' of any other node. */
function nameOf(value: unknown): string {
  return isNode(value) && value.type === 'Identifier' ? String(value['name']) : '';
}

function literalOf(value: unknown): string | undefined {
  return isNode(value) && typeof value['value'] === 'string' ? value['value'] : undefined;
}

const SPECIFIERS = new Set([
  'ImportDeclaration',
  'ExportNamedDeclaration',
  'ExportAllDeclaration',
  'ImportExpression',
  'TSImportType',
]);

function importOf(node: Node): Import | undefined {
  if (!SPECIFIERS.has(node.type)) return undefined;
  const target = literalOf(node['source']);
  if (target === undefined) {
    return node.type === 'ImportExpression' ? { target: '(computed)', typeOnly: false } : undefined;
  }
  const kind = node['importKind'] ?? node['exportKind'];
  return { target, typeOnly: kind === 'type' || node.type === 'TSImportType' };
}

const TIMERS = new Set(['setTimeout', 'setInterval', 'setImmediate', 'queueMicrotask']);
const GLOBALS = new Set(['process', 'performance', 'fetch', 'require', 'crypto', ...TIMERS]);

function impurityOf(node: Node, parent: Node | undefined): string | undefined {
  if (node['async'] === true) return 'async';
  if (
    node.type === 'AwaitExpression' ||
    (node.type === 'ForOfStatement' && node['await'] === true)
  ) {
    return 'await';
  }
  if (node.type === 'MemberExpression' && nameOf(node['object']) === 'Math') {
    if (nameOf(node['property']) === 'random') return 'Math.random';
  }
  const isProperty =
    (parent?.type === 'MemberExpression' || parent?.type === 'Property') &&
    (parent['property'] === node || parent['key'] === node) &&
    parent['computed'] !== true;
  const name = isProperty ? '' : nameOf(node);
  // A port may promise; nothing in here may make or await one. A Date is banned as a type too.
  if (name === 'Promise' && parent?.type === 'TSTypeReference') return undefined;
  return name === 'Date' || name === 'Promise' || GLOBALS.has(name) ? name : undefined;
}

function read(code: string): Reading {
  const imports: Import[] = [];
  const impurities = new Set<string>();
  const visit = (value: unknown, parent: Node | undefined): void => {
    if (Array.isArray(value)) {
      for (const item of value as unknown[]) visit(item, parent);
      return;
    }
    if (!isNode(value)) return;
    const found = importOf(value);
    if (found !== undefined) imports.push(found);
    const impurity = impurityOf(value, parent);
    if (impurity !== undefined) impurities.add(impurity);
    for (const child of Object.values(value)) {
      if (typeof child === 'object' && child !== null) visit(child, value);
    }
  };
  visit(parseAst(code, { lang: 'ts' }), undefined);
  return { imports, impurities: [...impurities] };
}

function within(file: string, pattern: string): boolean {
  if (pattern.endsWith('/*.ts')) return path.posix.dirname(file) === pattern.slice(0, -5);
  return file === pattern || file.startsWith(`${pattern}/`);
}

function packageName(target: string): string {
  const parts = target.split('/');
  return parts.slice(0, target.startsWith('@') ? 2 : 1).join('/');
}

function importBreach(rule: FolderRule, file: string, { target, typeOnly }: Import): boolean {
  if (target.startsWith('node:')) return !rule.node;
  if (!target.startsWith('.')) return !rule.packages.includes(packageName(target));
  const resolved = path.posix.normalize(path.posix.join(path.posix.dirname(file), target));
  if (resolved.startsWith('../')) return resolved !== '../package.json';
  // A stage's own files name none of its adapters; an adapter's rule comes before its stage's.
  const home = IMPORT_TABLE.find((other) => within(resolved, other.from));
  if (home === rule) return false;
  const allowed = typeOnly ? [...rule.may, ...(rule.mayTypes ?? [])] : rule.may;
  return !allowed.some((pattern) => within(resolved, pattern));
}

/**
 * Holds source files against the import table and the limits of size.
 *
 * @returns one line for each breach, empty when all is well
 */
export function breachesOf(files: SourceFiles): string[] {
  const breaches: string[] = [];
  const perFolder = new Map<string, number>();
  for (const [file, code] of files) {
    const folder = path.posix.dirname(file);
    perFolder.set(folder, (perFolder.get(folder) ?? 0) + 1);
    const lines = code.split('\n').length - 1;
    if (lines > MAX_FILE_LINES) breaches.push(`${file} has ${String(lines)} lines`);
    const rule = IMPORT_TABLE.find((candidate) => within(file, candidate.from));
    if (rule === undefined) {
      breaches.push(`${file} belongs to no folder of the import table`);
      continue;
    }
    const { imports, impurities } = read(code);
    for (const one of imports) {
      if (importBreach(rule, file, one)) {
        breaches.push(`${file} must not import ${one.target}${one.typeOnly ? ' (type)' : ''}`);
      }
    }
    if (rule.pure === true) {
      for (const impurity of impurities) breaches.push(`${file} must not use ${impurity}`);
    }
  }
  for (const [folder, count] of perFolder) {
    if (count > MAX_FOLDER_FILES) breaches.push(`${folder} holds ${String(count)} files: split it`);
  }
  return breaches;
}

/** The folders below src/ that hold source files and are not named, as `src/...`, in the document. */
export function unnamedFolders(files: SourceFiles, document: string): string[] {
  const folders = new Set([...files.keys()].map((file) => path.posix.dirname(file)));
  folders.delete('.');
  return [...folders].filter((folder) => !document.includes(`\`src/${folder}/\``));
}

/** The folders that the document names and that are not there. */
export function vanishedFolders(files: SourceFiles, document: string): string[] {
  const named = [...document.matchAll(/`src\/([a-z/]+)\/`/g)].map((match) => match[1] ?? '');
  return named.filter((folder) => ![...files.keys()].some((file) => file.startsWith(`${folder}/`)));
}
