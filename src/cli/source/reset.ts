import { Command, InvalidArgumentError, Option } from 'commander';

import { resetSource, SOURCES } from '../../app/ingest/source-reset.ts';
import type { PlannedReset, ResetRequest } from '../../app/ingest/source-reset.ts';
import { loadConfig } from '../../config/load.ts';
import { DriftdError } from '../../platform/errors.ts';
import { createLog } from '../../platform/log.ts';
import { actor } from '../actor.ts';
import type { CliDeps, CliIo } from '../deps.ts';
import { configOption, formatOption } from '../options.ts';
import type { OutputFormat } from '../options.ts';
import { table } from '../status/table.ts';

interface Options {
  readonly source: string;
  readonly partition?: readonly number[];
  readonly allPartitions?: boolean;
  readonly to: ResetRequest['to'];
  readonly yes?: boolean;
  readonly config: string;
  readonly format: OutputFormat;
}

const HELP = `
For a partition that is halted since its topic was made anew, or to read something again or not at all.
Without --yes it is only told what would be done. Records that are passed over are never counted. Those
that are read again count a second time if they were counted, but only events up to 8 days older than the
watermark of their model: older ones are too late. To count a file from scratch give it another
replay.name and its model another name (docs/sources.md, Files).

Of events over HTTP the topic is called posted, of a file as replay.name says; driftd source status names
them and where they are. Posted events are deleted once they are counted, so they only go forward: from
1000 to 1200 passes over 200 events that wait.

  driftd source reset predictions --partition 3 --to earliest
  driftd source reset posted --source http --partition 0 --to 1200
  driftd source reset flights-2013 --source replay --partition 0 --to 0`;

const READ_AGAIN = `
Of what is read again, events more than 8 days older than the watermark of their model are too late and
not counted; the others count a second time if they were counted before.
`;

/** `driftd source reset`: reads partitions on from another offset. */
export function resetCommand(deps: CliDeps, io: CliIo): Command {
  return new Command('reset')
    .description('read partitions on from another offset')
    .argument('<topic>', 'their topic')
    .addOption(
      new Option('--source <name>', 'the source of the topic').choices(SOURCES).default('kafka'),
    )
    .addOption(
      new Option('--partition <numbers...>', 'these partitions').argParser(
        (text: string, before: readonly number[] | undefined) => [
          ...(before ?? []),
          numberOf(text),
        ],
      ),
    )
    .option('--all-partitions', 'all that have been read')
    .addOption(
      new Option('--to <where>', 'an offset; of Kafka also earliest or latest')
        .argParser(whereOf)
        .makeOptionMandatory(),
    )
    .option('--yes', 'do it')
    .addOption(configOption())
    .addOption(formatOption())
    .addHelpText('after', HELP)
    .action(async (topic: string, options: Options) => {
      const { source, partition, allPartitions = false, to, yes: apply = false } = options;
      if ((partition === undefined) !== allPartitions)
        throw new DriftdError('USAGE', 'say either --partition NUMBER... or --all-partitions');
      const config = await loadConfig(options.config, {
        env: io.env,
        validateCron: deps.validateCron,
      });
      const request = { source, topic, partitions: partition ?? null, to };
      const log = createLog('silent', { write: io.err });
      const plan = await resetSource(config, log, request, { apply, actor: actor() });
      io.out(options.format === 'json' ? `${JSON.stringify(plan)}\n` : textOf(topic, plan));
      if (!apply)
        throw new DriftdError('USAGE', 'nothing was changed; the same with --yes does it');
      io.err('Done. Whoever reads these partitions goes on from there within about 10 s.\n');
    });
}

function textOf(topic: string, plan: readonly PlannedReset[]): string {
  const rows = plan.map(({ partition, state, nextOffset, to }) => [
    `${topic}/${String(partition)}`,
    state,
    nextOffset,
    to,
    meaning(nextOffset, to),
  ]);
  const text = table(['partition', 'state', 'was at', 'reads from', 'if it is the same log'], rows);
  return `${text}\n${plan.some(({ nextOffset, to }) => to < nextOffset) ? READ_AGAIN : ''}`;
}

function meaning(from: number, to: number): string {
  if (to === from) return 'nothing is passed over or read again';
  const records = `${String(Math.abs(to - from))} offsets`;
  return to > from ? `${records} are never counted` : `${records} are read again`;
}

function whereOf(text: string): ResetRequest['to'] {
  return text === 'earliest' || text === 'latest' ? text : numberOf(text);
}

function numberOf(text: string): number {
  if (!/^\d{1,15}$/.test(text)) throw new InvalidArgumentError('this is no whole number');
  return Number(text);
}
