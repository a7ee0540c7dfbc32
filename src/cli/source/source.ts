import { Command } from 'commander';

import { readStatus } from '../../app/status/status.ts';
import type { StatusDocument } from '../../app/status/status.ts';
import { loadConfig } from '../../config/load.ts';
import { createLog } from '../../platform/log.ts';
import type { CliDeps, CliIo } from '../deps.ts';
import { configOption, formatOption } from '../options.ts';
import type { OutputFormat } from '../options.ts';
import { table } from '../status/table.ts';
import { resetCommand } from './reset.ts';

interface Options {
  readonly config: string;
  readonly format: OutputFormat;
}

type Partition = StatusDocument['partitions'][number];

export function sourceCommand(deps: CliDeps, io: CliIo): Command {
  return new Command('source')
    .description('where events come from')
    .addCommand(resetCommand(deps, io))
    .addCommand(
      new Command('status')
        .description(
          'each partition: where it is read, what became of every offset, whether it stands',
        )
        .addOption(configOption())
        .addOption(formatOption())
        .action(async ({ config: file, format }: Options) => {
          const config = await loadConfig(file, { env: io.env, validateCron: deps.validateCron });
          const { partitions } = await readStatus(config, createLog('silent', { write: io.err }));
          if (format === 'json') io.out(`${JSON.stringify(partitions)}\n`);
          else io.out(textOf(partitions));
        }),
    );
}

function textOf(partitions: readonly Partition[]): string {
  if (partitions.length === 0) return 'Nothing has been read yet.\n';
  const head = [
    'source',
    'partition',
    'state',
    'from',
    'next',
    'counted',
    'quarantined',
    'rows not kept',
    'too late',
    'duplicate',
    'filtered',
    'lost',
    'watermark',
    'read by',
  ];
  const rows = partitions.map((one) => [
    one.source,
    `${one.topic}/${one.partition}`,
    one.state,
    one.startOffset,
    one.nextOffset,
    one.counted,
    one.quarantined,
    one.quarantineDropped,
    one.tooLate,
    one.duplicate,
    one.filtered,
    one.gapRecords,
    one.watermark ?? '-',
    one.owner ?? '-',
  ]);
  const halted = partitions
    .filter(({ state }) => state === 'halted')
    .map(({ topic, partition, reason }) => `${topic}/${partition} is halted: ${reason ?? ''}\n`);
  return `${table(head, rows)}\n${halted.join('')}`;
}
