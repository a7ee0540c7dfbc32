import { parse } from 'yaml';
import { z } from 'zod';

import { DriftdError, toError } from '../platform/errors.ts';
import { readTextFile } from '../platform/files.ts';
import { checkPolicy } from './check/policy.ts';
import { resolvePolicy } from './policy.ts';
import { policy as SPEC } from './spec/policy.ts';
import type { PolicyConfig } from './types.ts';

const MAX_POLICY_BYTES = 65_536;

type Document = Record<string, unknown>;

/**
 * A monitor's policy from the options of one comparison: YAML files with the keys of `monitors[].policy`, or `key=value`
 * with a dotted key (`delta.warning=0.1`, `fixed.psi=0.2`, `features.temp.off=[spike]`). Later ones win, key by key.
 * @throws DriftdError INPUT_UNREADABLE | INPUT_INVALID
 */
export async function readComparisonPolicy(written: readonly string[]): Promise<PolicyConfig> {
  let document: Document = {};
  for (const text of written) {
    const at = text.indexOf('=');
    const part = at < 0 ? await fromFile(text) : nested(text.slice(0, at), text.slice(at + 1));
    document = merged(document, part);
    check(document, text);
  }
  return resolvePolicy(check(document, ''));
}

function check(document: Document, where: string): z.output<typeof SPEC> {
  const checked = SPEC.safeParse(document);
  if (!checked.success) throw invalid(where, z.prettifyError(checked.error));
  const problems: string[] = [];
  checkPolicy([], checked.data, null, (path, message) => {
    problems.push(`${path.join('.')}: ${message}`);
  });
  if (problems.length > 0) throw invalid(where, problems.join('; '));
  return checked.data;
}

function merged(outer: Document, inner: Document): Document {
  const result: Document = { ...outer };
  for (const [key, value] of Object.entries(inner)) {
    const before = result[key];
    result[key] = isSection(before) && isSection(value) ? merged(before, value) : value;
  }
  return result;
}

function isSection(value: unknown): value is Document {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

async function fromFile(path: string): Promise<Document> {
  const file = await readTextFile(path, MAX_POLICY_BYTES);
  if (!file.ok) throw new DriftdError('INPUT_UNREADABLE', `--policy ${path}: ${file.reason}`);
  const document = yaml(file.text, path);
  if (!isSection(document)) throw invalid(path, 'the file has no keys');
  return document;
}

function nested(key: string, value: string): Document {
  return key
    .split('.')
    .reduceRight<unknown>((inner, part) => ({ [part]: inner }), yaml(value, key)) as Document;
}

function yaml(text: string, where: string): unknown {
  try {
    return parse(text) as unknown;
  } catch (thrown) {
    throw invalid(where, toError(thrown).message);
  }
}

function invalid(where: string, reason: string): DriftdError {
  return new DriftdError('INPUT_INVALID', `--policy ${where}: ${reason}`);
}
