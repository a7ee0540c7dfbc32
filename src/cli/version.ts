import { Command } from 'commander';

import type { CliDeps, CliIo } from './deps.ts';
import { formatOption } from './options.ts';
import type { OutputFormat } from './options.ts';

export function versionCommand({ build }: CliDeps, io: CliIo): Command {
  return new Command('version')
    .description('print what is installed')
    .addOption(formatOption())
    .action((options: { format: OutputFormat }) => {
      const { name, version, node } = build;
      if (options.format === 'json') io.out(`${JSON.stringify({ name, version, node })}\n`);
      else io.out(`${name} ${version} (Node ${node})\n`);
    });
}
