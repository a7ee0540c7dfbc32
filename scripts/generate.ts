import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { generatedFiles } from './generate/files.ts';

/** Writes every generated file. A test makes them again and fails when one differs from what is committed. */
const root = fileURLToPath(new URL('..', import.meta.url));
for (const [path, text] of await generatedFiles()) {
  const file = join(root, path);
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, text);
  process.stdout.write(`${path}\n`);
}
