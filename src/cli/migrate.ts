import { Command } from 'commander';

import { loadConfig } from '../config/load.ts';
import { createLog } from '../platform/log.ts';
import type { CliDeps, CliIo } from './deps.ts';
import { configOption, formatOption } from './options.ts';
import type { OutputFormat } from './options.ts';

export function migrateCommand(deps: CliDeps, io: CliIo): Command {
  return new Command('migrate')
    .description('bring the database schema up to date (run does it at start, too)')
    .addOption(configOption())
    .addOption(formatOption())
    .action(async (options: { config: string; format: OutputFormat }) => {
      const config = await loadConfig(options.config, {
        env: io.env,
        validateCron: deps.validateCron,
      });
      const { from, to } = await deps.migrate(
        config,
        createLog(config.log.level, { write: io.err }),
      );
      if (options.format === 'json') io.out(`${JSON.stringify({ from, to })}\n`);
      else if (from === to) io.out(`The schema is up to date at version ${to}.\n`);
      else io.out(`The schema went from version ${from} to ${to}.\n`);
    });
}
