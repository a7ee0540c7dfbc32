import { Argument, Command } from 'commander';

import { sendTest } from '../../app/notify/send-test.ts';
import { CHANNELS } from '../../config/delivery-types.ts';
import { loadConfig } from '../../config/load.ts';
import { EXIT } from '../../platform/errors.ts';
import type { ExitCode } from '../../platform/errors.ts';
import { createLog } from '../../platform/log.ts';
import type { CliDeps, CliIo } from '../deps.ts';
import { configOption, formatOption } from '../options.ts';
import type { OutputFormat } from '../options.ts';

interface Options {
  readonly config: string;
  readonly receiver?: string;
  readonly format: OutputFormat;
}

export function sendTestCommand(deps: CliDeps, io: CliIo, done: (code: ExitCode) => void): Command {
  return new Command('send-test')
    .description('send a test message to every recipient of a channel, and tell what they answered')
    .addArgument(new Argument('<channel>', 'the channel').choices(CHANNELS))
    .addOption(configOption())
    .option('--receiver <name>', 'to this receiver only')
    .addOption(formatOption())
    .action(async (channel: string, options: Options) => {
      const { env } = io;
      const config = await loadConfig(options.config, { env, validateCron: deps.validateCron });
      // What there is to say is said by the results; the doctor tells what could be set better.
      const log = createLog('error', { write: io.err });
      const results = await sendTest(config, channel, options.receiver ?? null, log, deps.clock);
      if (options.format === 'json') io.out(`${JSON.stringify(results)}\n`);
      else {
        for (const { receiver, recipient, error } of results)
          io.out(
            `${error === null ? 'sent' : 'FAILED'}  ${channel}  ${receiver}  ${recipient}${error === null ? '' : `: ${error}`}\n`,
          );
      }
      done(results.every(({ error }) => error === null) ? EXIT.ok : EXIT.unreachable);
    });
}
