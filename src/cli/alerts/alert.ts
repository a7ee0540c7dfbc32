import { Command } from 'commander';

import { withAlertActions } from '../../app/notify/alert-actions.ts';
import type { Access, AlertActions, AlertEntry } from '../../app/notify/alert-actions.ts';
import { loadConfig } from '../../config/load.ts';
import { DriftdError } from '../../platform/errors.ts';
import { createLog } from '../../platform/log.ts';
import type { CliDeps, CliIo } from '../deps.ts';
import { configOption, formatOption } from '../options.ts';
import type { OutputFormat } from '../options.ts';

interface Common {
  readonly config: string;
  readonly format: OutputFormat;
}

interface AckOptions extends Common {
  readonly author: string;
  readonly segment?: string;
  readonly note: string;
}

export function alertCommand(deps: CliDeps, io: CliIo): Command {
  const act = async <T>(
    { config: file }: Common,
    access: Access,
    work: (actions: AlertActions) => Promise<T>,
  ): Promise<T> => {
    const { validateCron } = deps;
    const config = await loadConfig(file, { env: io.env, validateCron });
    return withAlertActions(config, { log: createLog('error', { write: io.err }), access }, work);
  };
  return new Command('alert')
    .description('what fires, and who has taken it on')
    .addCommand(
      new Command('list')
        .description('the alerts that are pending or firing')
        .addOption(configOption())
        .addOption(formatOption())
        .action(async (options: Common) => {
          const alerts = await act(options, 'read', (actions) => actions.listAlerts());
          if (options.format === 'json') io.out(`${JSON.stringify(alerts.map(jsonOf))}\n`);
          else io.out(alerts.length === 0 ? 'Nothing fires.\n' : alerts.map(lineOf).join(''));
        }),
    )
    .addCommand(
      new Command('ack')
        .description('take the open incident of a feature on: it is not repeated')
        .argument('<model>', 'the model')
        .argument('<feature>', 'the feature')
        .requiredOption('--author <name>', 'who takes it on')
        .option('--segment <segment>', 'in this segment only')
        .option('--note <text>', 'what is being done', '')
        .addOption(configOption())
        .addOption(formatOption())
        .action(async (model: string, feature: string, options: AckOptions) => {
          const { author: by, segment = null, note } = options;
          const taken = await act(options, 'write', (actions) =>
            actions.acknowledge({ model, feature, segment, by, note }),
          );
          if (taken === 0)
            throw new DriftdError(
              'USAGE',
              `nothing fires for ${feature} of ${model}; driftd alert list shows what does`,
            );
          io.out(
            options.format === 'json'
              ? `${JSON.stringify({ acknowledged: taken })}\n`
              : `${String(taken)} ${taken === 1 ? 'alert' : 'alerts'} acknowledged.\n`,
          );
        }),
    );
}

function jsonOf(alert: AlertEntry) {
  return { ...alert, since: alert.since === null ? null : new Date(alert.since).toISOString() };
}

/** An alert as a line for people: state, severity, where, since when, the incident once there is one. */
export function lineOf(alert: AlertEntry): string {
  const { model, monitor, feature, segment, state, severity, incident, flaps } = alert;
  const where = segment === 'all' ? feature : `${feature} [${segment}]`;
  const since = alert.since === null ? '' : ` since ${new Date(alert.since).toISOString()}`;
  const flapping =
    flaps > 0
      ? `, opened again ${String(flaps)} ${flaps === 1 ? 'time' : 'times'} within a week`
      : '';
  // What is pending has opened none yet.
  const opened = state === 'firing' ? `, incident ${String(incident)}` : '';
  const taken = alert.acknowledgedBy === null ? '' : `, taken on by ${alert.acknowledgedBy}`;
  const line = `${state}  ${severity ?? '-'}  ${model} (${monitor})  ${where}${since}${opened}${flapping}${taken}`;
  return `${line.replace(/[\p{Cc}\p{Cf}]/gu, '\uFFFD')}\n`;
}
