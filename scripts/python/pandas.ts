import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

import { DriftdError, toError } from '../../src/platform/errors.ts';
import { cacheFolder } from '../servers/lifecycle.ts';

const run = promisify(execFile);

const PACKAGES = ['pandas==3.1.1', 'requests==2.34.2'];

/**
 * A python with what a data scientist has, installed once into the user's cache: never into the work tree.
 * @returns the interpreter
 * @throws DriftdError DOWNLOAD_FAILED
 */
export async function pandasPython(): Promise<string> {
  const folder = join(cacheFolder(), PACKAGES.join('-').replaceAll('==', '-'));
  const python = join(folder, 'bin', 'python');
  const complete = join(folder, 'complete');
  if (existsSync(complete)) return python;
  try {
    await run('python3', ['-m', 'venv', '--clear', folder]);
    const install = ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', ...PACKAGES];
    await run(python, install, { timeout: 300_000 });
    await writeFile(complete, '');
    return python;
  } catch (thrown) {
    throw new DriftdError(
      'DOWNLOAD_FAILED',
      `pandas could not be installed: ${toError(thrown).message.trim()}; it needs python3 with venv and pip, and PyPI`,
      { cause: thrown },
    );
  }
}
