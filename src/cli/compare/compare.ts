import { writeFile } from 'node:fs/promises';

import { Command, Option } from 'commander';

import { compareFiles } from '../../app/compare/compare-files.ts';
import { comparisonHtml } from '../../app/compare/report/report.ts';
import { comparisonJson } from '../../app/compare/comparison-json.ts';
import type { DeclaredFeature } from '../../core/baseline/sampler.ts';
import type { FeatureKind } from '../../core/domain/feature.ts';
import { DriftdError, EXIT, toError } from '../../platform/errors.ts';
import type { ExitCode } from '../../platform/errors.ts';
import { readComparisonPolicy } from '../../config/comparison-policy.ts';
import { createProgress } from './progress.ts';
import { comparisonTable, printable } from './table.ts';
import type { CliIo } from '../deps.ts';
import { unitOption } from '../options.ts';

const FORMATS = ['table', 'json', 'html'] as const;

interface Options {
  readonly numeric: readonly string[];
  readonly categorical: readonly string[];
  readonly ignore: readonly string[];
  readonly unit?: Readonly<Record<string, string>>;
  readonly features?: readonly string[];
  readonly segment?: string;
  readonly time?: string;
  readonly policy: readonly string[];
  readonly format: (typeof FORMATS)[number];
  readonly output?: string;
}

export function compareCommand(io: CliIo, done: (code: ExitCode) => void): Command {
  return new Command('compare')
    .description('compare two files of rows feature by feature, without a server')
    .argument('<baseline>', 'CSV, NDJSON, JSON (also .gz) or Parquet')
    .argument('<current>', 'the rows to judge, same kinds of files')
    .addOption(list('--numeric <columns>', 'columns that are numbers, separated by commas'))
    .addOption(list('--categorical <columns>', 'columns that are categories'))
    .addOption(list('--ignore <columns>', 'columns not to watch'))
    .addOption(unitOption())
    .addOption(new Option('--features <columns>', 'watch these only').argParser(commas))
    .option('--segment <column>', 'compare each frequent value of this column apart, too')
    .option('--time <column>', "rows' time: allows for the baseline's own ups and downs")
    .option('--policy <file|key=value>', 'how to judge; may be repeated', append, [])
    .addOption(
      new Option('--format <format>', 'output for people or for machines')
        .choices(FORMATS)
        .default('table'),
    )
    .option('--output <file>', 'write there instead of to the standard output')
    .action(async (baseline: string, current: string, options: Options) => {
      done(await compare(baseline, current, options, io));
    });
}

async function compare(
  baseline: string,
  current: string,
  options: Options,
  io: CliIo,
): Promise<ExitCode> {
  const policy = await readComparisonPolicy(options.policy);
  const bar = createProgress(io);
  const comparison = await compareFiles(baseline, current, {
    declared: declaredOf(options),
    units: new Map(Object.entries(options.unit ?? {})),
    only: options.features ?? null,
    segment: options.segment ?? null,
    time: options.time ?? null,
    policy,
    onProgress: bar.update,
  }).finally(bar.stop);
  const json = comparisonJson(comparison);
  for (const notice of json.notices) io.err(`driftd: ${printable(notice)}\n`);
  const colours = options.output === undefined && wantsColours(io);
  const text = {
    table: () => comparisonTable(comparison, colours),
    json: () => `${JSON.stringify(json)}\n`,
    html: () => comparisonHtml(comparison),
  }[options.format]();
  if (options.output === undefined) io.out(text);
  else await write(options.output, text);
  return json.drifted.length + json.warned.length > 0 ? EXIT.driftFound : EXIT.ok;
}

function declaredOf(options: Options): Map<string, DeclaredFeature> {
  const declared = new Map<string, DeclaredFeature>();
  const declare = (names: readonly string[], kind: FeatureKind): void => {
    for (const name of names) {
      if (declared.has(name)) {
        throw new DriftdError('USAGE', `${name} is declared numeric and categorical; choose one`);
      }
      declared.set(name, { kind });
    }
  };
  declare(options.numeric, 'numeric');
  declare(options.categorical, 'categorical');
  for (const name of options.ignore) declared.set(name, { ignore: true });
  return declared;
}

async function write(path: string, text: string): Promise<void> {
  try {
    await writeFile(path, text);
  } catch (thrown) {
    throw new DriftdError('USAGE', `--output ${path}: ${toError(thrown).message}`, {
      cause: thrown,
    });
  }
}

function wantsColours(io: CliIo): boolean {
  return process.stdout.isTTY && (io.env['NO_COLOR'] ?? '') === '';
}

function list(flags: string, description: string): Option {
  return new Option(flags, description).argParser(commas).default([]);
}

function commas(text: string): string[] {
  return text
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '');
}

function append(text: string, earlier: readonly string[]): string[] {
  return [...earlier, text];
}
