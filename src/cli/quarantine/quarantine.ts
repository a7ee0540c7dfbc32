import { Command, InvalidArgumentError, Option } from 'commander';

import { readQuarantine } from '../../app/ingest/quarantine.ts';
import type { QuarantineEntry, QuarantineQuestion } from '../../app/ingest/quarantine.ts';
import { loadConfig } from '../../config/load.ts';
import { QUARANTINE_REASONS } from '../../core/domain/ingestion.ts';
import { DriftdError } from '../../platform/errors.ts';
import { createLog } from '../../platform/log.ts';
import type { CliDeps, CliIo } from '../deps.ts';
import { configOption, formatOption } from '../options.ts';
import type { OutputFormat } from '../options.ts';
import { plainText, table } from '../status/table.ts';

interface Common {
  readonly config: string;
  readonly format: OutputFormat;
}

interface ListOptions extends Common {
  readonly source?: string;
  readonly topic?: string;
  readonly reason?: string;
  readonly from?: number;
  readonly to?: number;
  readonly limit: number;
}

interface ShowOptions extends Common {
  readonly source?: string;
}

const ALL = {
  source: null,
  topic: null,
  partition: null,
  offset: null,
  reason: null,
  from: null,
  to: null,
};

export function quarantineCommand(deps: CliDeps, io: CliIo): Command {
  const ask = async (
    { config: file }: Common,
    question: QuarantineQuestion,
  ): Promise<QuarantineEntry[]> => {
    const config = await loadConfig(file, { env: io.env, validateCron: deps.validateCron });
    return readQuarantine(config, createLog('silent', { write: io.err }), question);
  };
  return new Command('quarantine')
    .description('records that could not be counted')
    .addCommand(
      new Command('list')
        .description('the newest ones, each with its place and the reason')
        .option('--source <name>', 'of this source: kafka, http, replay')
        .option('--topic <name>', 'of this topic')
        .addOption(new Option('--reason <name>', 'for this reason').choices(QUARANTINE_REASONS))
        .addOption(new Option('--from <time>', 'from then on, RFC 3339').argParser(timeOf))
        .addOption(new Option('--to <time>', 'before then, RFC 3339').argParser(timeOf))
        .addOption(new Option('--limit <n>', 'at most so many').argParser(numberOf).default(50))
        .addOption(configOption())
        .addOption(formatOption())
        .action(async (options: ListOptions) => {
          const { source = null, topic = null, reason = null, from = null, to = null } = options;
          const { limit } = options;
          const entries = await ask(options, { ...ALL, source, topic, reason, from, to, limit });
          io.out(
            options.format === 'json'
              ? `${JSON.stringify(entries.map(shown))}\n`
              : listText(entries, io.columns),
          );
        }),
    )
    .addCommand(
      new Command('show')
        .description('one of them, with what is kept of it')
        .argument('<topic>', 'its topic')
        .argument('<partition>', 'its partition', numberOf)
        .argument('<offset>', 'its offset', numberOf)
        .option('--source <name>', 'its source, where topics of several have this name')
        .addOption(configOption())
        .addOption(formatOption())
        .action(async (topic: string, partition: number, offset: number, options: ShowOptions) => {
          const { source = null } = options;
          const place = { source, topic, partition, offset };
          const [entry, other] = await ask(options, { ...ALL, ...place, limit: 2 });
          if (entry !== undefined && other !== undefined)
            throw new DriftdError(
              'INPUT_INVALID',
              `there is a record ${topic}/${partition}/${offset} of ${entry.source} and one of ${other.source}; say which with --source`,
            );
          if (entry === undefined)
            throw new DriftdError(
              'INPUT_INVALID',
              `there is no record ${topic}/${partition}/${offset} in quarantine; driftd quarantine list shows what is`,
            );
          io.out(
            options.format === 'json' ? `${JSON.stringify(shown(entry))}\n` : entryText(entry),
          );
        }),
    );
}

function shown({ payload, recordedAt, ...rest }: QuarantineEntry): object {
  return {
    ...rest,
    recordedAt: new Date(recordedAt).toISOString(),
    payload: payload === null ? null : Buffer.from(payload).toString('base64'),
  };
}

function listText(entries: readonly QuarantineEntry[], width?: number): string {
  if (entries.length === 0) return 'Nothing is in quarantine.\n';
  const rows = entries.map(({ topic, partition, offset, reason, detail, recordedAt }) => [
    `${topic}/${partition}/${offset}`,
    new Date(recordedAt).toISOString(),
    reason,
    detail,
  ]);
  return `${table(['record', 'put aside', 'reason', 'what is wrong'], rows, width)}\n`;
}

function entryText(entry: QuarantineEntry): string {
  const { source, topic, partition, offset, reason, detail, payload, recordedAt } = entry;
  const lines = [
    `source     ${source}`,
    `record     ${topic}/${partition}/${offset}`,
    `put aside  ${new Date(recordedAt).toISOString()}`,
    `reason     ${reason}`,
    `detail     ${plainText(detail)}`,
    ...Object.entries(entry.headers ?? {}).map(
      ([name, value]) => `header     ${name}: ${plainText(value)}`,
    ),
    payload === null
      ? 'payload    is not kept'
      : `payload    ${plainText(Buffer.from(payload).toString('utf8'))}`,
  ];
  return `${lines.join('\n')}\n`;
}

function timeOf(text: string): number {
  const time = Date.parse(text);
  if (Number.isNaN(time)) throw new InvalidArgumentError('write it like 2026-11-23T18:00:00Z');
  return time;
}

function numberOf(text: string): number {
  if (!/^\d{1,15}$/.test(text)) throw new InvalidArgumentError('this is no whole number');
  return Number(text);
}
