import { readFileSync } from 'node:fs';
import path from 'node:path';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { filesWithTools, leftOut, TOOLS } from '../support/tools.ts';

const ROOT = path.join(import.meta.dirname, '../..');

afterEach(() => {
  vi.unstubAllEnvs();
});

describe('test files that need more than Node, Java and Maven', () => {
  it('are found by what they start, each tool by one file at least', () => {
    const needs = filesWithTools();
    for (const tool of TOOLS) {
      const files = [...needs].filter(([, tools]) => tools.includes(tool));
      expect(files.length, tool.name).toBeGreaterThan(0);
    }
    expect(needs.get('test/integration/api-page.test.ts')?.map(({ name }) => name)).toEqual([
      'Chromium',
    ]);
  });

  it('are left out, and named, where a tool is missing', () => {
    vi.stubEnv('CI', '');
    vi.stubEnv('PATH', '/nowhere');
    const lacking = leftOut().find(({ tool }) => tool.debian === 'prometheus-alertmanager');
    expect(lacking?.files).toContain('test/e2e/monitoring.test.ts');
  });

  it('are never left out in CI', () => {
    vi.stubEnv('CI', 'true');
    vi.stubEnv('PATH', '/nowhere');
    expect(leftOut()).toEqual([]);
  });

  it('have their packages installed by .ci/run', () => {
    const script = readFileSync(path.join(ROOT, '.ci/run'), 'utf8');
    for (const { debian } of TOOLS) expect(script).toMatch(new RegExp(`echo ${debian}$`, 'm'));
  });
});
