import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readdirSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { processIsAlive } from '../../scripts/servers/lifecycle.ts';
import { EXIT } from '../../src/platform/errors.ts';
import { createLog } from '../../src/platform/log.ts';
import { createPool } from '../../src/storage/postgres/pool.ts';

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

describe('the demo, asked to end in the middle', () => {
  it('ends what it started, keeps the database if that is wanted, and claims nothing', async () => {
    const { JAVA_HOME: _, ...env } = process.env;
    const child = spawn(
      process.execPath,
      ['scripts/bootstrap.mjs', 'scripts/demo.ts', '--once', '--source', 'replay', '--keep'],
      { cwd: ROOT, env, stdio: ['ignore', 'pipe', 'inherit'] },
    );
    let said = '';
    const driftdIsUp = new Promise<string>((resolve) => {
      child.stdout.on('data', (bytes: Buffer) => {
        said += bytes.toString();
        const [, url] = /driftd +(http:\S+)/.exec(said) ?? [];
        if (url !== undefined) resolve(url);
      });
    });
    const ended = once(child, 'close');
    const url = await Promise.race([driftdIsUp, ended.then(() => null)]);
    if (url === null) throw new Error(said);
    expect((await fetch(`${url}/livez`)).status).toBe(200);
    child.kill('SIGTERM');

    const [code] = (await ended) as [number];

    expect(said).toContain('Cut short: nothing was checked.');
    expect(code).toBe(EXIT.unexpected);
    await expect(fetch(`${url}/livez`)).rejects.toThrow('fetch failed');
    const [, database = ''] = /The database stays, at (\S+)/.exec(said) ?? [];
    const [, pid, left] = /kill -INT (\d+) && sleep 1 && rm -r (\S+)/.exec(said) ?? [];
    const pool = createPool({
      url: database,
      max: 1,
      applicationName: 'test',
      log: createLog('silent'),
    });
    const { rows } = await pool.query<{ n: number }>('SELECT count(*) AS n FROM model');
    expect(rows).toEqual([{ n: 1 }]);
    await pool.end();
    process.kill(Number(pid), 'SIGINT');
    await vi.waitFor(
      () => {
        expect(processIsAlive(Number(pid))).toBe(false);
      },
      { timeout: 20_000, interval: 100 },
    );
    rmSync(left ?? '', { recursive: true });
  });
});

describe('the demo on a machine without Java', () => {
  it('says what Kafka needs when Kafka is asked for', async () => {
    const { code, stderr } = await demo('--once', '--source', 'kafka');
    expect(stderr).toMatch(/Java 17 or newer/);
    expect(stderr).not.toMatch(/^\s+at /m);
    expect(code).toBe(EXIT.unreachable);
  });

  it('says so, feeds the same pipeline from a file, and finds what it should', async () => {
    const { code, stdout, stderr } = await demo('--once');
    expect(stdout).toMatch(/Java 17 or newer/);
    expect(stdout).toContain('25814');
    expect(stderr).not.toMatch(/^\s+at /m);
    expect(code, stdout.slice(-2000) + stderr).toBe(0);
  });
});
