import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { processIsAlive } from '../../scripts/servers/lifecycle.ts';

const BOOTSTRAP = fileURLToPath(new URL('../../scripts/bootstrap.mjs', import.meta.url));
/** Longer than bootstrap takes to find that its parent is gone. */
const LONG_MS = 2_000;
/** Says which signals it gets, and ends some time after the first that asks it to. */
const SCRIPT = `
for (const name of ['SIGTERM', 'SIGINT', 'SIGHUP'])
  process.on(name, () => {
    console.log(name);
    if (name !== 'SIGHUP') setTimeout(() => process.exit(0), ${String(LONG_MS)});
  });
setTimeout(() => process.exit(1), 60_000);
console.log(\`pid \${process.pid} bootstrap \${process.ppid}\`);
`;

interface Started {
  readonly shell: ChildProcess;
  readonly bootstrap: number;
  /** Lines of the script. */
  readonly said: () => string[];
  /** Resolves when nobody holds the output any more: script and bootstrap have ended. */
  readonly ended: Promise<void>;
}

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'driftd-bootstrap-'));
  writeFileSync(path.join(folder, 'script.mjs'), SCRIPT);
});
afterAll(() => {
  rmSync(folder, { recursive: true });
});
const left: number[] = [];
afterEach(() => {
  for (const pid of left.splice(0)) if (processIsAlive(pid)) process.kill(pid, 'SIGKILL');
});

/** As npm does: through a shell that stays and waits. */
async function start(wrap = (command: string) => command): Promise<Started> {
  const command = wrap(`"${process.execPath}" "${BOOTSTRAP}" "${folder}/script.mjs"; exit $?`);
  const env = { ...process.env, npm_lifecycle_event: 'driftd' };
  const shell = spawn('sh', ['-c', command], {
    env,
    detached: true,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let text = '';
  const ended = new Promise<void>((resolve) => {
    shell.stdout.on('data', (bytes: Buffer) => (text += bytes.toString())).on('end', resolve);
  });
  const pids = () => /pid (\d+) bootstrap (\d+)/.exec(text);
  await expect.poll(pids, { timeout: 20_000 }).not.toBeNull();
  const [script, bootstrap] = (pids() ?? []).slice(1).map(Number) as [number, number];
  left.push(script, bootstrap);
  const said = () => text.trim().split('\n').slice(1);
  return { shell, bootstrap, said, ended };
}

it('ends its script, told once, when its parent is ended', async () => {
  const { shell, said, ended } = await start();
  shell.kill('SIGTERM');
  await ended;
  expect(said()).toEqual(['SIGTERM']);
});

it('tells a script nothing more when a signal ended all of them together', async () => {
  const { shell, said, ended } = await start();
  process.kill(-(shell.pid as number), 'SIGINT');
  await ended;
  expect(new Set(said())).toEqual(new Set(['SIGINT']));
});

it('runs on when the shell in front of its parent ends, and after a hang-up', async () => {
  const { shell, bootstrap, said, ended } = await start((command) => `(${command}) & exit 0`);
  await delay(LONG_MS);
  expect(said()).toEqual([]);
  process.kill(-(shell.pid as number), 'SIGHUP');
  await expect.poll(said).toContain('SIGHUP');
  await delay(LONG_MS);
  expect(new Set(said())).toEqual(new Set(['SIGHUP']));
  process.kill(bootstrap, 'SIGTERM');
  await ended;
  expect(said().at(-1)).toBe('SIGTERM');
});
