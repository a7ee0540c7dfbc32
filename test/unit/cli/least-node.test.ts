import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';

const MAIN = fileURLToPath(new URL('../../../src/main.ts', import.meta.url));

function versionUnder(node: string) {
  const told = `Object.defineProperty(process,"versions",{value:{...process.versions,node:"${node}"}})`;
  return spawnSync(
    process.execPath,
    ['--import', `data:text/javascript,${told}`, MAIN, 'version'],
    {
      encoding: 'utf8',
    },
  );
}

it.each(['20.20.2', '22.21.1'])('Node %s is told which one is needed', (node) => {
  const { status, stderr } = versionUnder(node);
  expect(stderr).toMatch(/^driftd: this needs Node 22\.22 or newer/);
  expect(status).toBe(1);
});

it.each(['22.22.0', '24.0.0'])('Node %s will do', (node) => {
  expect(versionUnder(node)).toMatchObject({ status: 0, stderr: '' });
});
