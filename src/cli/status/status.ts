import { Command } from 'commander';

import { readStatus } from '../../app/status/status.ts';
import { loadConfig } from '../../config/load.ts';
import { createLog } from '../../platform/log.ts';
import type { CliDeps, CliIo } from '../deps.ts';
import { configOption, formatOption } from '../options.ts';
import type { OutputFormat } from '../options.ts';
import { askDaemon } from './ask-daemon.ts';
import { statusText } from './status-text.ts';

interface StatusOptions {
  readonly config: string;
  readonly url?: string;
  readonly format: OutputFormat;
}

export function statusCommand(deps: CliDeps, io: CliIo): Command {
  return new Command('status')
    .description('how everything stands: models, monitors, partitions, alerts, messages')
    .addOption(configOption())
    .option(
      '--url <address>',
      'ask this running driftd instead of the database; a token is taken from DRIFTD_TOKEN',
    )
    .addOption(formatOption())
    .action(async (options: StatusOptions) => {
      const status =
        options.url === undefined
          ? await readStatus(
              await loadConfig(options.config, { env: io.env, validateCron: deps.validateCron }),
              createLog('silent', { write: io.err }),
            )
          : await askDaemon(options.url, io.env['DRIFTD_TOKEN'] ?? null);
      io.out(options.format === 'json' ? `${JSON.stringify(status)}\n` : statusText(status));
    });
}
