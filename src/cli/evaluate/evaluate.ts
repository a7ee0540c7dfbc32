import { Command, InvalidArgumentError, Option } from 'commander';

import { evaluateAsOf } from '../../app/compare/evaluate-as-of.ts';
import type { AsOfEvaluation } from '../../app/compare/evaluate-as-of.ts';
import { loadConfig } from '../../config/load.ts';
import { EXIT } from '../../platform/errors.ts';
import type { ExitCode } from '../../platform/errors.ts';
import { createLog } from '../../platform/log.ts';
import type { CliDeps, CliIo } from '../deps.ts';
import { configOption } from '../options.ts';
import { evaluationTable } from './evaluation-table.ts';

const HELP_TAIL = `
Judges windows that end at a time, from the counts in the database, with the
configuration and the baseline of today, and shows beside it what was stored
when they were due. It writes nothing and tells nobody.

Examples:
  driftd evaluate                                   the newest complete windows
  driftd evaluate --as-of 2024-03-01T06:00:00Z      as they would be judged now
  driftd evaluate --as-of 2024-03-01T06:00:00+01:00 --monitor flights-daily --format json

The exit code is 4 when a feature has drifted or is a warning.`;

interface EvaluateOptions {
  readonly config: string;
  readonly asOf?: number;
  readonly monitor: readonly string[];
  readonly format: 'table' | 'json';
}

export function evaluateCommand(deps: CliDeps, io: CliIo, done: (code: ExitCode) => void): Command {
  return new Command('evaluate')
    .description('judge past windows from the stored counts; writes nothing')
    .addOption(
      new Option(
        '--as-of <time>',
        'end of the windows, RFC 3339, floored to 5 minutes; default: as far as events are complete',
      ).argParser(timeOf),
    )
    .addOption(
      new Option('--monitor <name...>', 'these monitors only').default(
        [],
        'all of the configuration',
      ),
    )
    .addOption(configOption())
    .addOption(
      new Option('--format <format>', 'output for people or for machines')
        .choices(['table', 'json'])
        .default('table'),
    )
    .addHelpText('after', HELP_TAIL)
    .action(async (options: EvaluateOptions) => {
      const { validateCron, clock } = deps;
      const config = await loadConfig(options.config, { env: io.env, validateCron });
      const log = createLog('error', { write: io.err });
      const evaluations = await evaluateAsOf(config, log, {
        asOf: options.asOf ?? null,
        monitors: options.monitor,
        now: clock.now(),
      });
      io.out(
        options.format === 'json'
          ? `${JSON.stringify(evaluations.map(toJson))}\n`
          : evaluations.map((evaluation) => evaluationTable(evaluation)).join('\n'),
      );
      const fires = evaluations.some(({ results }) =>
        results.some(({ verdict }) => verdict === 'drifted' || verdict === 'warning'),
      );
      done(fires ? EXIT.driftFound : EXIT.ok);
    });
}

function toJson({ results, verdictThen, windowEnd, ...evaluation }: AsOfEvaluation) {
  return {
    ...evaluation,
    windowEnd: new Date(windowEnd).toISOString(),
    features: results.map((result) => ({ ...result, verdictThen: verdictThen(result) })),
  };
}

/** RFC 3339 with a zone: a time without one means something else on every machine. */
function timeOf(text: string): number {
  const time = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:\d{2})$/.test(text)
    ? Date.parse(text)
    : NaN;
  if (Number.isNaN(time)) {
    throw new InvalidArgumentError('Write it with its zone, like 2024-03-01T06:00:00Z.');
  }
  return time;
}
