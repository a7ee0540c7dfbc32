import { Command, CommanderError } from 'commander';

import { ConfigError } from '../config/document/problems.ts';
import { docsParent } from '../platform/build-info.ts';
import { DriftdError, EXIT, toError } from '../platform/errors.ts';
import type { ExitCode } from '../platform/errors.ts';
import { alertCommand } from './alerts/alert.ts';
import { sendTestCommand } from './alerts/send-test.ts';
import { silenceCommand } from './alerts/silence.ts';
import { baselineCommand } from './baseline/baseline.ts';
import { checkConfigCommand } from './check-config.ts';
import { compareCommand } from './compare/compare.ts';
import { fullName, readable, withNested } from './command-line.ts';
import type { CliDeps, CliIo } from './deps.ts';
import { evaluateCommand } from './evaluate/evaluate.ts';
import { migrateCommand } from './migrate.ts';
import { quarantineCommand } from './quarantine/quarantine.ts';
import { runCommand } from './run.ts';
import { tokenCommand } from './token/token.ts';
import { doctorCommand } from './status/doctor.ts';
import { sourceCommand } from './source/source.ts';
import { statusCommand } from './status/status.ts';
import { versionCommand } from './version.ts';

const HELP_TAIL = `
Examples:
  driftd check-config --config driftd.yaml     is the file right?
  driftd run --config driftd.yaml              everything in one process
  driftd run --roles ingest                    one more worker of the same consumer group

Exit codes:
  0 ok    1 unexpected    2 usage    3 invalid configuration or input
  4 drift found           5 schema newer than this program    6 something needed cannot be reached
docs/errors.md explains every error`;

function helpTail(): string {
  const folder = docsParent();
  return `${HELP_TAIL}${folder === null ? '.' : `; docs/ is in ${folder}`}`;
}

/**
 * Runs one command line (without node and script) to its end.
 * @returns the exit code; operating errors are told as a sentence on the error output, defects with their stack
 */
export async function runCli(argv: readonly string[], deps: CliDeps, io: CliIo): Promise<ExitCode> {
  let code: ExitCode = EXIT.ok;
  const program = createProgram(deps, io, (result) => {
    code = result;
  });
  try {
    if (argv.length === 0) {
      io.err(program.helpInformation());
      return EXIT.usage;
    }
    await program.parseAsync(readable(program, argv), { from: 'user' });
    return code;
  } catch (thrown) {
    return report(thrown, io);
  }
}

export function createProgram(deps: CliDeps, io: CliIo, done: (code: ExitCode) => void): Command {
  const program = new Command('driftd')
    .description('Watches the inputs and outputs of machine-learning models for drift.')
    .version(deps.build.version, '-V, --version', 'print the version')
    .helpCommand('help [command...]', 'tell more about a command')
    .addHelpText('after', helpTail);
  const commands = [
    runCommand(deps, io, done),
    checkConfigCommand(deps, io, done),
    baselineCommand(deps, io, done),
    compareCommand(io, done),
    evaluateCommand(deps, io, done),
    migrateCommand(deps, io),
    quarantineCommand(deps, io),
    sourceCommand(deps, io),
    alertCommand(deps, io),
    silenceCommand(deps, io),
    sendTestCommand(deps, io, done),
    statusCommand(deps, io),
    doctorCommand(deps, io, done),
    tokenCommand(deps, io),
    versionCommand(deps, io),
  ];
  for (const command of commands) program.addCommand(command);
  for (const command of withNested(program)) {
    command
      .exitOverride()
      .showHelpAfterError(`(${fullName(command)} --help tells more)`)
      .configureOutput({ writeOut: io.out, writeErr: io.err });
  }
  return program;
}

function report(thrown: unknown, io: CliIo): ExitCode {
  if (thrown instanceof CommanderError) return thrown.exitCode === 0 ? EXIT.ok : EXIT.usage;
  if (thrown instanceof DriftdError) {
    // Mistakes in a file begin with file:line:column, as editors and CI want them.
    io.err(thrown instanceof ConfigError ? `${thrown.message}\n` : `driftd: ${thrown.message}\n`);
    return thrown.exitCode;
  }
  const error = toError(thrown);
  io.err(`driftd: unexpected: ${error.stack ?? error.message}\n`);
  return EXIT.unexpected;
}
