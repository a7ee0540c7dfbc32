import type { Command } from 'commander';

/**
 * The command line as commander takes it: `help source reset` is `source reset --help`, and behind a command that does
 * not exist nothing counts, so that it is told as such and `--help` does not hide it.
 */
export function readable(program: Command, argv: readonly string[]): string[] {
  const path: string[] = [];
  let helped = false;
  let command = program;
  for (const [i, word] of argv.entries()) {
    const rest = argv.slice(i);
    if (word.startsWith('-') || command.commands.length === 0)
      return [...path, ...(helped ? ['--help'] : []), ...rest];
    if (word === 'help' && !helped) {
      helped = true;
      continue;
    }
    const next = command.commands.find((one) => one.name() === word);
    path.push(word);
    if (next === undefined) return path;
    command = next;
  }
  return [...path, ...(helped ? ['--help'] : [])];
}

/** How a command is called, with the commands above it: `driftd silence add`. */
export function fullName(command: Command): string {
  return command.parent === null ? command.name() : `${fullName(command.parent)} ${command.name()}`;
}

/** A command and everything below it. */
export function withNested(command: Command): Command[] {
  return [command, ...command.commands.flatMap((one) => withNested(one))];
}
