import { execFile } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { EXIT } from '../../src/platform/errors.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const run = promisify(execFile);
let bin: string;

/** A PATH that has every program of this machine's, but Java and Maven. */
beforeAll(() => {
  bin = mkdtempSync(path.join(tmpdir(), 'driftd-no-java-'));
  for (const folder of (process.env['PATH'] ?? '').split(path.delimiter)) {
    if (!existsSync(folder)) continue;
    for (const name of readdirSync(folder)) {
      if (/^(java|mvn)/.test(name) || existsSync(path.join(bin, name))) continue;
      try {
        symlinkSync(path.join(folder, name), path.join(bin, name));
      } catch {
        // A link to nowhere is there already: it is no program either.
      }
    }
  }
});

afterAll(() => {
  rmSync(bin, { recursive: true, force: true });
});

async function demo(...args: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  const { JAVA_HOME: _, ...env } = process.env;
  try {
    const printed = await run(
      process.execPath,
      ['scripts/bootstrap.mjs', 'scripts/demo.ts', ...args],
      { cwd: ROOT, env: { ...env, PATH: bin }, timeout: 280_000 },
    );
    return { code: 0, ...printed };
  } catch (thrown) {
    const failed = thrown as { code: number; stdout: string; stderr: string };
    return { code: failed.code, stdout: failed.stdout, stderr: failed.stderr };
  }
}

describe('the demo on a machine without Java', () => {
  it('says what Kafka needs when Kafka is asked for', async () => {
    const { code, stderr } = await demo('--once', '--source', 'kafka');
    expect(stderr).toMatch(/Java 17 or newer/);
    expect(stderr).not.toMatch(/^\s+at /m);
    expect(code).toBe(EXIT.unreachable);
  }, 60_000);

  it('says so, feeds the same pipeline from a file, and finds what it should', async () => {
    const { code, stdout, stderr } = await demo('--once');
    expect(stdout).toMatch(/Java 17 or newer/);
    expect(stdout).toContain('25814');
    expect(stderr).not.toMatch(/^\s+at /m);
    expect(code, stdout.slice(-2000) + stderr).toBe(0);
  }, 300_000);
});
