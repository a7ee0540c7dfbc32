import { writeFile } from 'node:fs/promises';
import { userInfo } from 'node:os';

import { Command, InvalidArgumentError, Option } from 'commander';

import { withBaselineDesk } from '../../app/baselines/direct.ts';
import type {
  Access,
  BaselineDesk,
  BaselineView,
  UploadDeclarations,
} from '../../app/baselines/direct.ts';
import { loadConfig } from '../../config/load.ts';
import { DriftdError, EXIT, toError } from '../../platform/errors.ts';
import type { ExitCode } from '../../platform/errors.ts';
import { createLog } from '../../platform/log.ts';
import { createProgress } from '../compare/progress.ts';
import type { CliDeps, CliIo } from '../deps.ts';
import { byFeature, configOption, unitOption } from '../options.ts';
import { createBaselineClient } from './client.ts';
import { detailText, diffText, listText, shadowText, uploadText } from './baseline-text.ts';

const HELP_TAIL = `
A baseline is what live data is compared with. It is uploaded as a candidate,
tried on the last days, and then activated; the one before is kept and can be
taken back at once.

Examples:
  driftd baseline upload flights july.parquet --reason "retrained on July"
  driftd baseline diff flights 2
  driftd baseline shadow flights 2 --days 14
  driftd baseline activate flights 2 --reason "agreed with ops"
  driftd baseline rollback flights --reason "too sensitive"

With --server (or DRIFTD_SERVER) a running driftd does it, with the token of
DRIFTD_TOKEN; else it is done in the database of the configuration.`;

interface Common {
  readonly config: string;
  readonly server?: string;
  readonly format: 'table' | 'json';
}
interface Reasoned extends Common {
  readonly reason: string;
}

/** What a command does to the database: `check` can do without its schema. */
type Need = Access | 'check';

const WITHOUT_SCHEMA =
  'The database has no schema yet, so the file is checked alone: not against what is in use, nor against what events bring.\n';

export function baselineCommand(deps: CliDeps, io: CliIo, done: (code: ExitCode) => void): Command {
  /** Does it where the options say, and prints what comes of it. */
  async function act<T>(
    options: Common,
    access: Need,
    work: (desk: BaselineDesk) => Promise<T>,
    text: (result: T) => string,
  ): Promise<T> {
    const result = await onDesk(options, access, work);
    io.out(options.format === 'json' ? `${JSON.stringify(result)}\n` : text(result));
    return result;
  }
  async function onDesk<T>(
    { server, config: file }: Common,
    need: Need,
    work: (desk: BaselineDesk) => Promise<T>,
  ): Promise<T> {
    const token = io.env['DRIFTD_TOKEN'];
    if (server !== undefined) return work(createBaselineClient(server, token ?? null));
    const config = await loadConfig(file, { env: io.env, validateCron: deps.validateCron });
    const log = createLog('error', { write: io.err });
    const withoutSchema = (): void => {
      io.err(WITHOUT_SCHEMA);
    };
    const how = need === 'check' ? ({ access: 'read', withoutSchema } as const) : { access: need };
    return withBaselineDesk(config, { log, clock: deps.clock, ...how }, work);
  }
  const nowIs = ({ model, version, state, activateAt }: BaselineView): string =>
    `Version ${version} of ${model} is ${state}${activateAt === null ? '' : `, and active from ${activateAt}`}.\n`;

  return new Command('baseline')
    .description('what live data is compared with: add, compare, try, activate, take back')
    .addHelpText('after', HELP_TAIL)
    .addCommand(
      uploadCommand(act, io, {
        name: 'upload',
        description: 'add a candidate from a file',
        validateOnly: false,
      }),
    )
    .addCommand(
      uploadCommand(act, io, {
        name: 'validate',
        description: 'only check a file, as an upload would',
        validateOnly: true,
      }),
    )
    .addCommand(
      common('list', 'the versions of a model')
        .argument('<model>', 'its name')
        .action(async (model: string, options: Common) => {
          await act(
            options,
            'read',
            (desk) => desk.list(model),
            (versions) => listText(model, versions),
          );
        }),
    )
    .addCommand(
      versioned('show', 'one version with its features and its record').action(
        async (model: string, version: number, options: Common) => {
          await act(options, 'read', (desk) => desk.show(model, version), detailText);
        },
      ),
    )
    .addCommand(
      versioned('diff', 'what differs from the active version')
        .addOption(new Option('--against <version>', 'from this one instead').argParser(versionOf))
        .action(async (model: string, version: number, options: Common & { against?: number }) => {
          const against = options.against ?? null;
          await act(options, 'read', (desk) => desk.diff(model, version, against), diffText);
        }),
    )
    .addCommand(
      versioned('shadow', 'what it would have announced over the last days; exit 4 if anything')
        .addOption(new Option('--days <n>', 'how far back').argParser(versionOf).default(14))
        .action(async (model: string, version: number, options: Common & { days: number }) => {
          const runs = await act(
            options,
            'read',
            (desk) => desk.shadow(model, version, options.days),
            shadowText,
          );
          done(runs.some(({ alerts }) => alerts.length > 0) ? EXIT.driftFound : EXIT.ok);
        }),
    )
    .addCommand(
      versioned('activate', 'make it the active one')
        .requiredOption('--reason <text>', 'why, for the record')
        .addOption(new Option('--at <time>', 'not now but then, RFC 3339').argParser(timeOf))
        .action(async (model: string, version: number, options: Reasoned & { at?: number }) => {
          const at = options.at ?? null;
          await act(
            options,
            'write',
            (desk) => desk.activate(model, version, by(options.reason), at),
            nowIs,
          );
        }),
    )
    .addCommand(
      versioned('unschedule', 'do not activate it later after all')
        .requiredOption('--reason <text>', 'why, for the record')
        .action(async (model: string, version: number, options: Reasoned) => {
          await act(
            options,
            'write',
            (desk) => desk.unschedule(model, version, by(options.reason)),
            nowIs,
          );
        }),
    )
    .addCommand(
      versioned('discard', 'take a candidate back for good')
        .requiredOption('--reason <text>', 'why, for the record')
        .action(async (model: string, version: number, options: Reasoned) => {
          await act(
            options,
            'write',
            (desk) => desk.discard(model, version, by(options.reason)),
            nowIs,
          );
        }),
    )
    .addCommand(
      common('rollback', 'back to the version that was active before')
        .argument('<model>', 'its name')
        .requiredOption('--reason <text>', 'why, for the record')
        .action(async (model: string, options: Reasoned) => {
          await act(options, 'write', (desk) => desk.rollback(model, by(options.reason)), nowIs);
        }),
    )
    .addCommand(promoteCommand(act))
    .addCommand(replayCommand(act, io))
    .addCommand(
      versioned('export', 'write it as a document that can be uploaded again')
        .option('--output <file>', 'there instead of to the standard output')
        .action(async (model: string, version: number, options: Common & { output?: string }) => {
          const document = await onDesk(options, 'read', (desk) => desk.document(model, version));
          const text = `${JSON.stringify(document)}\n`;
          if (options.output === undefined) io.out(text);
          else await write(options.output, text);
        }),
    );
}

/** Does it where the options say, and prints what comes of it. */
type Act = <T>(
  options: Common,
  access: Need,
  work: (desk: BaselineDesk) => Promise<T>,
  text: (result: T) => string,
) => Promise<T>;

const by = (reason: string) => ({ actor: `${userName()}, command line`, reason });

interface Sending {
  readonly name: string;
  readonly description: string;
  readonly validateOnly: boolean;
}

/** `upload`, and `validate`, which does the same and stores nothing. */
function uploadCommand(act: Act, io: CliIo, { name, description, validateOnly }: Sending): Command {
  return common(name, description)
    .argument('<model>', 'its name')
    .argument(
      '<file>',
      'rows (CSV, NDJSON, JSON, also .gz; Parquet), or a document (.baseline.json)',
    )
    .option('--reason <text>', 'why, for the record', '')
    .addOption(columns('--numeric <columns>', 'columns that are numbers, separated by commas'))
    .addOption(columns('--categorical <columns>', 'columns that are categories'))
    .addOption(columns('--boolean <columns>', 'columns that are true or false'))
    .addOption(columns('--ignore <columns>', 'columns that are no features'))
    .addOption(columns('--prediction <columns>', 'columns that are what the model said'))
    .addOption(columns('--label <columns>', 'columns that are what turned out'))
    .addOption(columns('--critical <columns>', 'columns of the tier critical'))
    .addOption(
      byFeature(
        '--categories <column=names>',
        'categories that are told apart, like origin=JFK,LGA; again for another column',
        commas,
      ),
    )
    .addOption(unitOption())
    .option('--time <column>', "rows' time; default: time_column of the configuration")
    .action(async (model: string, path: string, options: Reasoned & UploadDeclarations) => {
      const progress = createProgress(io);
      try {
        const { reason, config: _, server: __, format: ___, ...declared } = options;
        const upload = {
          ...by(reason),
          path,
          validateOnly,
          onProgress: progress.update,
          declared,
        };
        await act(
          options,
          validateOnly ? 'check' : 'write',
          (desk) => desk.upload(model, upload),
          uploadText,
        );
      } finally {
        progress.stop();
      }
    });
}

function promoteCommand(act: Act): Command {
  return common('promote', 'make a candidate of a window of live events')
    .argument('<model>', 'its name')
    .addOption(fixed('--from <time>', 'its begin, RFC 3339; a multiple of 5 minutes'))
    .addOption(fixed('--to <time>', 'its end'))
    .option('--reason <text>', 'why, for the record', '')
    .action(async (model: string, options: Reasoned & { from: number; to: number }) => {
      const { from, to, reason } = options;
      await act(options, 'write', (desk) => desk.promote(model, from, to, by(reason)), uploadText);
    });
}

function replayCommand(act: Act, io: CliIo): Command {
  return common('replay', 'make a candidate of events that Kafka still has, read again')
    .argument('<model>', 'its name')
    .requiredOption('--topic <name>', 'a topic of the configuration')
    .addOption(fixed('--from <time>', 'records from then on, RFC 3339, as Kafka dates them'))
    .addOption(fixed('--to <time>', 'records before then'))
    .option('--reason <text>', 'why, for the record', '')
    .action(
      async (model: string, options: Reasoned & { topic: string; from: number; to: number }) => {
        const { reason, topic, from, to } = options;
        const progress = createProgress(io);
        try {
          const range = { topic, from, to, validateOnly: false, onProgress: progress.update };
          await act(options, 'write', (desk) => desk.replay(model, range, by(reason)), uploadText);
        } finally {
          progress.stop();
        }
      },
    );
}

function userName(): string {
  try {
    return userInfo().username;
  } catch {
    // A container may run a user that has no name.
    return 'unknown';
  }
}

function common(name: string, description: string): Command {
  return new Command(name)
    .description(description)
    .addOption(configOption())
    .addOption(
      new Option('--server <address>', 'a running driftd does it, like http://127.0.0.1:8080').env(
        'DRIFTD_SERVER',
      ),
    )
    .addOption(
      new Option('--format <format>', 'output for people or for machines')
        .choices(['table', 'json'])
        .default('table'),
    );
}

function versioned(name: string, description: string): Command {
  return common(name, description)
    .argument('<model>', 'its name')
    .argument('<version>', 'as "driftd baseline list" tells', versionOf);
}

function columns(flags: string, description: string): Option {
  return new Option(flags, description).argParser(commas);
}

function commas(text: string): string[] {
  return text
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '');
}

function fixed(flags: string, description: string): Option {
  return new Option(flags, description).argParser(timeOf).makeOptionMandatory();
}

function versionOf(text: string): number {
  if (/^[1-9]\d{0,8}$/.test(text)) return Number(text);
  throw new InvalidArgumentError('Write a whole number from 1 on.');
}

function timeOf(text: string): number {
  const time = /T.*(Z|[+-]\d{2}:\d{2})$/.test(text) ? Date.parse(text) : NaN;
  if (Number.isNaN(time))
    throw new InvalidArgumentError('Write it with its zone, like 2024-03-01T06:00:00Z.');
  return time;
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
