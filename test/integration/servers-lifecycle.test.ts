import { execFile, spawn } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterEach, describe, expect, it } from 'vitest';
import { freePort } from '../../scripts/servers/free-port.ts';
import { makeTempFolder, processIsAlive } from '../../scripts/servers/lifecycle.ts';
import { cached, damageOf } from '../../scripts/servers/manifest.ts';

const FREE_PORT = new URL('../../scripts/servers/free-port.ts', import.meta.url).href;
const run = promisify(execFile);
const PARENT = fileURLToPath(new URL('../support/servers-parent.ts', import.meta.url));

async function until(condition: () => boolean, timeoutMs: number): Promise<boolean> {
  const end = performance.now() + timeoutMs;
  while (!condition()) {
    if (performance.now() > end) return false;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  return true;
}

describe('servers of a process that is killed', () => {
  it('are gone soon after, with their ports and folders', async () => {
    const parent = spawn(process.execPath, [PARENT], { stdio: ['ignore', 'pipe', 'inherit'] });
    const lines = createInterface({ input: parent.stdout });
    const [line] = (await once(lines, 'line')) as [string];
    const started = JSON.parse(line) as { pids: number[]; ports: number[]; folders: string[] };
    expect(started.pids.every(processIsAlive)).toBe(true);
    expect(started.folders.every((folder) => existsSync(folder))).toBe(true);
    parent.kill('SIGKILL');
    await once(parent, 'exit');
    const gone = (): boolean =>
      !started.pids.some(processIsAlive) && !started.folders.some((folder) => existsSync(folder));
    expect(await until(gone, 60_000)).toBe(true);
    for (const port of started.ports) {
      const answer = fetch(`http://127.0.0.1:${String(port)}`);
      await expect(answer).rejects.toThrow('fetch failed');
    }
  });
});

describe('temporary folders', () => {
  it('of a process that is gone are removed by the next start', async () => {
    const child = spawn(process.execPath, ['-e', '']);
    const pid = child.pid ?? 0;
    await once(child, 'exit');
    const left = mkdtempSync(path.join(tmpdir(), 'driftd-dev-left-'));
    writeFileSync(path.join(left, 'owner.pid'), String(pid));
    const mine = makeTempFolder('test');
    expect(existsSync(left)).toBe(false);
    expect(existsSync(mine.path)).toBe(true);
    mine.remove();
    expect(existsSync(mine.path)).toBe(false);
  });
});

describe('free ports', () => {
  it('are given to one alone, also by several processes, and are none that the system gives out', async () => {
    const ports = await Promise.all(Array.from({ length: 300 }, freePort));
    expect(new Set(ports).size).toBe(300);
    expect(Math.max(...ports)).toBeLessThan(32_768);
    const asking = `const { freePort } = await import(${JSON.stringify(FREE_PORT)});
      for (let i = 0; i < 300; i += 1) console.log(await freePort());`;
    const { stdout } = await run(process.execPath, ['--input-type=module', '-e', asking]);
    const others = stdout.trim().split('\n').map(Number);
    expect(others).toHaveLength(300);
    expect(others.filter((port) => ports.includes(port))).toEqual([]);
  });
});

describe('cached', () => {
  let folder = '';
  afterEach(() => {
    rmSync(folder, { recursive: true, force: true });
  });

  it('builds once, and again when a file is damaged, lost or half-written', async () => {
    folder = mkdtempSync(path.join(tmpdir(), 'driftd-cache-test-'));
    const entry = path.join(folder, 'entry');
    const jar = path.join(entry, 'lib', 'a.jar');
    let builds = 0;
    const use = (): Promise<string> =>
      cached(entry, (into) => {
        builds += 1;
        mkdirSync(path.join(into, 'lib'));
        writeFileSync(path.join(into, 'lib', 'a.jar'), 'content');
      });
    await use();
    expect(await use()).toBe(entry);
    expect(builds).toBe(1);
    writeFileSync(jar, 'CONTENT');
    expect(damageOf(entry)).toBe('lib/a.jar has other content');
    await use();
    expect(builds).toBe(2);
    writeFileSync(jar, 'cont');
    await use();
    rmSync(jar);
    await use();
    rmSync(path.join(entry, 'manifest.json'));
    await use();
    expect(builds).toBe(5);
    writeFileSync(path.join(entry, 'lib', 'b.jar'), 'planted');
    expect(damageOf(entry)).toBe('lib/b.jar does not belong there');
    await use();
    expect(builds).toBe(6);
    expect(readdirSync(folder)).toEqual(['entry']);
  });

  it('removes what killed builds have left, and nothing younger', async () => {
    folder = mkdtempSync(path.join(tmpdir(), 'driftd-cache-test-'));
    const entry = path.join(folder, 'entry');
    for (const name of ['old', 'young']) mkdirSync(`${entry}.new-${name}`);
    const longAgo = new Date(Date.now() - 2 * 3_600_000);
    utimesSync(`${entry}.new-old`, longAgo, longAgo);
    await cached(entry, (into) => {
      writeFileSync(path.join(into, 'a'), '');
    });
    expect(readdirSync(folder).sort()).toEqual(['entry', 'entry.new-young']);
  });

  it('leaves nothing behind when the build fails', async () => {
    folder = mkdtempSync(path.join(tmpdir(), 'driftd-cache-test-'));
    const build = (): never => {
      throw new Error('no network');
    };
    await expect(cached(path.join(folder, 'entry'), build)).rejects.toThrow('no network');
    expect(readdirSync(folder)).toEqual([]);
  });
});
