import { DriftdError } from '../platform/errors.ts';
import { folderOf, readTextFile } from '../platform/files.ts';
import { runChecks } from './check/checks.ts';
import type { ValidateCron } from './check/tell.ts';
import { readSecrets } from './check/secrets.ts';
import { validParts } from './check/valid-parts.ts';
import type { Environment } from './document/environment.ts';
import { ConfigError } from './document/problems.ts';
import type { Problem } from './document/problems.ts';
import { parseSource } from './document/source.ts';
import { validate } from './document/validate.ts';
import { resolveConfig } from './resolve.ts';
import type { DriftdConfig } from './types.ts';

const MAX_CONFIG_BYTES = 4 * 1024 * 1024;

export interface LoadOptions {
  /** Where `${NAME}` looks. */
  readonly env: Environment;
  readonly validateCron: ValidateCron;
}

/**
 * Reads, checks and resolves a configuration file.
 *
 * @throws DriftdError CONFIG_UNREADABLE when there is no text to read; CONFIG_INVALID with every mistake, one a line,
 *   each with file, line, column and the way out
 */
export async function loadConfig(file: string, options: LoadOptions): Promise<DriftdConfig> {
  const read = await readTextFile(file, MAX_CONFIG_BYTES);
  if (!read.ok) {
    throw new DriftdError(
      'CONFIG_UNREADABLE',
      `the configuration ${file} cannot be read: ${read.reason}; name another with --config, config/driftd.example.yaml is one to start from`,
    );
  }
  const source = parseSource(read.text, options.env);
  if (!source.readable) throw new ConfigError(file, source.problems);
  const { document, data, problems } = validate(source);
  const parts = validParts(data);
  const found: Problem[] = [...source.problems, ...problems];
  found.push(...runChecks(parts, source, options.validateCron));
  const folder = folderOf(file);
  const secrets = await readSecrets(parts, folder, (path, message, code = 'CONFIG_INVALID') => {
    found.push({ code, place: source.placeOf(path), path, message });
  });
  if (found.length > 0 || document === null) throw new ConfigError(file, withoutEchoes(found));
  return resolveConfig(document, secrets, folder);
}

/** A variable that is not set leaves an empty value, which breaks other rules, too: the first cause is enough. */
function withoutEchoes(problems: readonly Problem[]): Problem[] {
  const seen = new Set<string>();
  return problems.filter((problem) => {
    const key = JSON.stringify(problem.path);
    if (problem.path.length > 0 && seen.has(key)) return false;
    seen.add(key);
    return true;
  });
}
