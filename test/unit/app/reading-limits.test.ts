import { spawnSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';

import {
  READING_LIMITS,
  limitedCommand,
  shareOf,
} from '../../../src/app/baselines/reading/limits.ts';

const MIB = 1024 * 1024;

/** Runs a program under the limits. */
function run(program: string, memoryBytes: number, timeMs: number, shell?: string | null) {
  const limits = { ...READING_LIMITS, memoryBytes, timeMs };
  const args = ['--disable-wasm-trap-handler', '-e', program];
  const [command, given] = limitedCommand(process.execPath, args, limits, shell);
  return spawnSync(command, given, { encoding: 'utf8' });
}

describe('a reader of files', () => {
  const large = 'new ArrayBuffer(12 * 2 ** 30); console.log("done")';

  it('has no more addresses than it may, whoever looks', () => {
    expect(run(large, 64 * MIB, 60_000, null).stdout).toBe('done\n');
    const bounded = run(large, 64 * MIB, 60_000);
    expect(bounded.stderr).toContain('Array buffer allocation failed');
    expect(bounded.stdout).toBe('');
    expect(run('console.log("done")', 64 * MIB, 60_000).stdout).toBe('done\n');
  });

  it('has no more time of the processor', () => {
    expect(run('for (;;);', 64 * MIB, 250).signal).toBe('SIGXCPU');
  });

  it('shares what a container has with another one and the daemon', () => {
    expect(shareOf(0)).toBe(1024 * MIB);
    expect(shareOf(2 ** 63)).toBe(1024 * MIB);
    expect(shareOf(1536 * MIB)).toBe(576 * MIB);
    expect(shareOf(256 * MIB)).toBe(192 * MIB);
  });
});
