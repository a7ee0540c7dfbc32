import { Command } from 'commander';

import { ConfigError, renderPath } from '../config/document/problems.ts';
import { loadConfig } from '../config/load.ts';
import type { DriftdConfig } from '../config/types.ts';
import { DriftdError } from '../platform/errors.ts';
import type { ExitCode } from '../platform/errors.ts';
import type { CliDeps, CliIo } from './deps.ts';
import { configOption, formatOption } from './options.ts';
import type { OutputFormat } from './options.ts';

export function checkConfigCommand(
  deps: CliDeps,
  io: CliIo,
  done: (code: ExitCode) => void,
): Command {
  return new Command('check-config')
    .description('read the configuration as run would, tell every mistake, start nothing')
    .addOption(configOption())
    .addOption(formatOption())
    .action(async (options: { config: string; format: OutputFormat }) => {
      try {
        const config = await loadConfig(options.config, {
          env: io.env,
          validateCron: deps.validateCron,
        });
        io.out(
          options.format === 'json'
            ? `${JSON.stringify(toJson(config))}\n`
            : `${options.config} is fine: ${inWords(config)}.\n${warningsOf(config)
                .map((text) => `warning: ${text}\n`)
                .join('')}`,
        );
      } catch (thrown) {
        if (options.format !== 'json' || !(thrown instanceof DriftdError)) throw thrown;
        io.out(`${JSON.stringify(errorJson(thrown))}\n`);
        done(thrown.exitCode);
      }
    });
}

/** What no rule forbids and hardly anybody means. */
function warningsOf({ kafka, replay, httpSource }: DriftdConfig): string[] {
  if (kafka !== null || replay !== null || httpSource !== null) return [];
  return [
    'nothing will be counted: write kafka, http_source or replay, where the events come from (docs/sources.md)',
  ];
}

function toJson(config: DriftdConfig) {
  const { models, monitors, receivers, kafka, replay } = config;
  return {
    ok: true,
    warnings: warningsOf(config),
    models: models.map((model) => model.name),
    monitors: monitors.map((monitor) => monitor.name),
    receivers: receivers.map((receiver) => receiver.name),
    topics: kafka?.topics.map((topic) => topic.name) ?? [],
    replay: replay?.name ?? null,
  };
}

function inWords({ models, monitors, receivers, kafka, replay, httpSource }: DriftdConfig): string {
  const number = (count: number, one: string): string => `${count} ${one}${count === 1 ? '' : 's'}`;
  const sources = [
    ...(kafka === null ? [] : [number(kafka.topics.length, 'topic')]),
    ...(replay === null ? [] : ['1 replay']),
    ...(httpSource === null ? [] : ['events over HTTP']),
  ];
  return [
    ...(sources.length === 0 ? ['no source of events'] : sources),
    number(models.length, 'model'),
    number(monitors.length, 'monitor'),
    number(receivers.length, 'receiver'),
  ].join(', ');
}

function errorJson(error: DriftdError) {
  const problems =
    error instanceof ConfigError
      ? error.problems.map(({ code, place, path, message }) => ({
          code,
          file: error.file,
          line: place.line,
          column: place.column,
          path: renderPath(path),
          message,
        }))
      : [{ code: error.code, message: error.message }];
  return { ok: false, code: error.code, problems };
}
