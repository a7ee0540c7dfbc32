import { cli } from '../../src/cli/cli.ts';

interface CliOutcome {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** Runs a command of driftd in this process. @returns its exit code and what it printed */
export function runCli(...argv: readonly string[]): Promise<CliOutcome> {
  return runCliIn({}, ...argv);
}

/** The same, with these variables in its environment. */
export function runCliIn(
  env: Readonly<Record<string, string>>,
  ...argv: readonly string[]
): Promise<CliOutcome> {
  return run({ env }, argv);
}

/** The same, on a terminal that is so wide. */
export function runCliOn(columns: number, ...argv: readonly string[]): Promise<CliOutcome> {
  return run({ env: {}, columns }, argv);
}

async function run(
  io: { readonly env: Readonly<Record<string, string>>; readonly columns?: number },
  argv: readonly string[],
): Promise<CliOutcome> {
  let out = '';
  let err = '';
  const code = await cli(argv, {
    out: (more) => (out += more),
    err: (more) => (err += more),
    ...io,
    stop: new AbortController().signal,
  });
  return { code, out, err };
}
