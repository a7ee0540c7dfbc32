import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';

import { describe, expect, it } from 'vitest';

import { generatedFiles } from '../../../scripts/generate/files.ts';
import { METRICS } from '../../../src/expose/metrics/catalogue.ts';
import { ERROR_CODES } from '../../../src/platform/errors.ts';

const ROOT = new URL('../../../', import.meta.url);

function committed(path: string): Promise<string> {
  return readFile(fileURLToPath(new URL(path, ROOT)), 'utf8');
}

describe('generated files are what their sources give: after a change run scripts/generate.ts', async () => {
  const files = await generatedFiles();
  it.each([...files.keys()])('%s', async (path) => {
    expect(await committed(path)).toBe(files.get(path));
  });
});

describe('catalogue and document agree in both directions', () => {
  it('errors', async () => {
    const page = await committed('docs/errors.md');
    const documented = [...page.matchAll(/^### ([A-Z_]+)\n\nExit code (\d)\. \S/gm)].map(
      (match) => [match[1], Number(match[2])],
    );
    expect(Object.fromEntries(documented)).toEqual(ERROR_CODES);
    expect(documented).toHaveLength(Object.keys(ERROR_CODES).length);
  });

  it('metrics', async () => {
    const page = await committed('docs/metrics.md');
    const documented = [...page.matchAll(/^\| `(driftd_\w+)`/gm)].map((match) => match[1]);
    expect(new Set(documented)).toEqual(new Set(Object.keys(METRICS)));
    expect(documented).toHaveLength(Object.keys(METRICS).length);
  });
});
