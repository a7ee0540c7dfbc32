import { Command, InvalidArgumentError, Option } from 'commander';

import { withAlertActions } from '../../app/notify/alert-actions.ts';
import type { Access, AlertActions, Silence } from '../../app/notify/alert-actions.ts';
import { parseDuration } from '../../config/duration.ts';
import { loadConfig } from '../../config/load.ts';
import { formatMatcher, LABEL_NAMES, parseMatcher } from '../../core/alerting/mute.ts';
import type { Matcher } from '../../core/alerting/mute.ts';
import { DriftdError } from '../../platform/errors.ts';
import { createLog } from '../../platform/log.ts';
import type { CliDeps, CliIo } from '../deps.ts';
import { configOption, formatOption } from '../options.ts';
import type { OutputFormat } from '../options.ts';

/** A silence that nobody ends must end by itself. */
const MAX_MS = 366 * 86_400_000;

interface Common {
  readonly config: string;
  readonly format: OutputFormat;
}

interface AddOptions extends Common {
  readonly author: string;
  readonly reason: string;
  readonly for: number;
  readonly from?: number;
}

export function silenceCommand(deps: CliDeps, io: CliIo): Command {
  const act = async <T>(
    { config: file }: Common,
    access: Access,
    work: (actions: AlertActions) => Promise<T>,
  ): Promise<T> => {
    const { validateCron } = deps;
    const config = await loadConfig(file, { env: io.env, validateCron });
    return withAlertActions(config, { log: createLog('error', { write: io.err }), access }, work);
  };
  const print = (options: Common, silences: readonly Silence[], none: string): void => {
    if (options.format === 'json') io.out(`${JSON.stringify(silences.map(jsonOf))}\n`);
    else io.out(silences.length === 0 ? `${none}\n` : silences.map(lineOf).join(''));
  };
  return new Command('silence')
    .description('keep matching alerts from being told for a while')
    .addCommand(
      new Command('add')
        .description('silence alerts that fit every matcher')
        .argument(
          '<matchers...>',
          `like feature=temp, segment!=all or model=flights-*; of ${LABEL_NAMES.join(', ')}`,
        )
        .requiredOption('--author <name>', 'who silences')
        .requiredOption('--reason <text>', 'why')
        .addOption(
          new Option('--for <duration>', 'how long, like 2h or 3d')
            .argParser(durationOf)
            .makeOptionMandatory(),
        )
        .addOption(new Option('--from <time>', 'begin, RFC 3339; default: now').argParser(timeOf))
        .addOption(configOption())
        .addOption(formatOption())
        .action(async (written: string[], options: AddOptions) => {
          const silence = await act(options, 'write', (actions) =>
            actions.addSilence({
              matchers: written.map(matcherOf),
              author: options.author,
              reason: options.reason,
              startsAt: options.from ?? null,
              durationMs: options.for,
            }),
          );
          print(options, [silence], '');
        }),
    )
    .addCommand(
      new Command('list')
        .description('the silences that hold now or later')
        .option('--all', 'those of the past, too', false)
        .addOption(configOption())
        .addOption(formatOption())
        .action(async (options: Common & { readonly all: boolean }) => {
          const silences = await act(options, 'read', (actions) =>
            actions.listSilences(options.all),
          );
          print(options, silences, 'No alert is silenced.');
        }),
    )
    .addCommand(
      new Command('expire')
        .description('end a silence now')
        .argument('<id>', 'its number', idOf)
        .requiredOption('--author <name>', 'who ends it')
        .addOption(configOption())
        .addOption(formatOption())
        .action(async (id: number, options: Common & { readonly author: string }) => {
          const ended = await act(options, 'write', (actions) =>
            actions.expireSilence(id, options.author),
          );
          if (!ended)
            throw new DriftdError(
              'USAGE',
              `there is no silence ${String(id)} that still holds; driftd silence list shows them`,
            );
          io.out(
            options.format === 'json'
              ? `${JSON.stringify({ expired: id })}\n`
              : `Silence ${String(id)} is over.\n`,
          );
        }),
    );
}

function matcherOf(text: string): Matcher {
  const matcher = parseMatcher(text);
  if (matcher !== null) return matcher;
  throw new DriftdError(
    'USAGE',
    `"${text}" is no matcher, write it like feature=temp; labels are ${LABEL_NAMES.join(', ')}`,
  );
}

function durationOf(text: string): number {
  const ms = parseDuration(text);
  if (ms === null || ms < 60_000 || ms > MAX_MS)
    throw new InvalidArgumentError('Write it like 30m, 2h or 3d; from 1m to 366d.');
  return ms;
}

function timeOf(text: string): number {
  const ms = Date.parse(text);
  if (Number.isNaN(ms)) throw new InvalidArgumentError('Write it like 2026-05-01T20:00:00Z.');
  return ms;
}

function idOf(text: string): number {
  if (!/^\d{1,15}$/.test(text)) throw new InvalidArgumentError('A number, as silence list shows.');
  return Number(text);
}

function jsonOf(silence: Silence) {
  return {
    ...silence,
    matchers: silence.matchers.map(formatMatcher),
    startsAt: iso(silence.startsAt),
    endsAt: iso(silence.endsAt),
    createdAt: iso(silence.createdAt),
  };
}

function lineOf({ id, matchers, startsAt, endsAt, author, reason, expiredBy }: Silence): string {
  const ended = expiredBy === null ? '' : ` (ended by ${shown(expiredBy)})`;
  const what = matchers.map(formatMatcher).join(', ');
  return `${String(id)}  ${iso(startsAt)} to ${iso(endsAt)}  ${shown(what)}  ${shown(author)}: ${shown(reason)}${ended}\n`;
}

/** Names and reasons may hold anything: a terminal must not act on it. */
function shown(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}]/gu, '\uFFFD');
}

function iso(ms: number): string {
  return new Date(ms).toISOString().replace('.000Z', 'Z');
}
