import { execFile, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';

import { DriftdError, toError } from '../../src/platform/errors.ts';
import { cacheFolder } from '../servers/lifecycle.ts';

const run = promisify(execFile);

const VERSION = '4.32.5';

/**
 * The program, installed once into the user's cache: never into the work tree.
 * @throws DriftdError DOWNLOAD_FAILED
 */
export async function schemathesis(): Promise<string> {
  const folder = join(cacheFolder(), `schemathesis-${VERSION}`);
  const program = join(folder, 'bin', 'schemathesis');
  if (existsSync(join(folder, 'complete'))) return program;
  try {
    await run('python3', ['-m', 'venv', '--clear', folder]);
    const pip = join(folder, 'bin', 'pip');
    await run(
      pip,
      ['install', '--quiet', '--disable-pip-version-check', `schemathesis==${VERSION}`],
      { timeout: 300_000 },
    );
    await run('touch', [join(folder, 'complete')]);
    return program;
  } catch (thrown) {
    throw new DriftdError(
      'DOWNLOAD_FAILED',
      `schemathesis could not be installed: ${toError(thrown).message.trim()}; it needs python3 with venv and pip, and PyPI`,
      { cause: thrown },
    );
  }
}

/** Runs it with what it prints shown. @returns its exit code, and what it printed */
export function runProgram(
  program: string,
  args: readonly string[],
  cwd: string,
): Promise<{ readonly code: number; readonly out: string }> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { cwd, stdio: ['ignore', 'pipe', 'inherit'] });
    let out = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      out += text;
      process.stdout.write(text);
    });
    child.on('error', reject);
    child.on('close', (code) => {
      resolve({ code: code ?? 1, out });
    });
  });
}
