import { cli } from '../../src/cli/cli.ts';

/** Runs a command of driftd in this process. @returns its exit code and what it printed */
export async function runCli(
  ...argv: readonly string[]
): Promise<{ readonly code: number; readonly out: string; readonly err: string }> {
  let out = '';
  let err = '';
  const code = await cli(argv, {
    out: (more) => (out += more),
    err: (more) => (err += more),
    env: {},
    stop: new AbortController().signal,
  });
  return { code, out, err };
}
