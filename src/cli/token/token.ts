import { Command, InvalidArgumentError, Option } from 'commander';

import { withTokens } from '../../app/api/token-actions.ts';
import type { Access, IssuedToken, TokenRow, TokenStore } from '../../app/api/token-actions.ts';
import { parseDuration } from '../../config/duration.ts';
import { loadConfig } from '../../config/load.ts';
import { SCOPES } from '../../core/domain/access.ts';
import type { Scope } from '../../core/domain/access.ts';
import { DriftdError } from '../../platform/errors.ts';
import { createLog } from '../../platform/log.ts';
import { actor } from '../actor.ts';
import type { CliDeps, CliIo } from '../deps.ts';
import { configOption, formatOption } from '../options.ts';
import type { OutputFormat } from '../options.ts';
import { tokenJson, tokenLines } from './token-table.ts';

const MAX_MS = 3_660 * 86_400_000;
const MAX_LISTED = 10_000;

interface Common {
  readonly config: string;
  readonly format: OutputFormat;
}

interface CreateOptions extends Common {
  readonly scope: readonly Scope[];
  readonly model?: readonly string[];
  readonly expires?: number;
}

/** `driftd token`: straight to the database, so that the first token can be made before there is a server to ask. */
export function tokenCommand(deps: CliDeps, io: CliIo): Command {
  const act = async <T>(
    { config: file }: Common,
    access: Access,
    work: (tokens: TokenStore) => Promise<T>,
  ): Promise<T> => {
    const { validateCron } = deps;
    const config = await loadConfig(file, { env: io.env, validateCron });
    return withTokens(config, { log: createLog('error', { write: io.err }), access }, work);
  };
  const issued = ({ row, token }: IssuedToken, { format }: Common): void => {
    if (format === 'json') io.out(`${JSON.stringify({ ...tokenJson(row), token })}\n`);
    else {
      io.err('This is the only time the token is shown: keep it like a password.\n');
      io.out(`${token}\n`);
    }
  };
  return new Command('token')
    .description('tokens of the HTTP API')
    .addCommand(
      new Command('create')
        .description('make a token; its text is shown once and only its hash is kept')
        .argument('<name>', 'what it is called, such as ci or grafana', nameOf)
        .addOption(
          new Option('--scope <scopes...>', 'what it allows').choices(SCOPES).makeOptionMandatory(),
        )
        .option('--model <models...>', 'only these models; default: all')
        .addOption(
          new Option('--expires <duration>', 'when it ends, like 90d; default: never').argParser(
            durationOf,
          ),
        )
        .addOption(configOption())
        .addOption(formatOption())
        .action(async (name: string, options: CreateOptions) => {
          const write = {
            name,
            scopes: [...new Set(options.scope)],
            models: options.model ?? null,
            lifetimeMs: options.expires ?? null,
          };
          const made = await act(options, 'write', (tokens) => tokens.create(write, actor()));
          if (made === null)
            throw new DriftdError(
              'USAGE',
              `there is a token "${name}" already, take another name, or rotate it`,
            );
          issued(made, options);
        }),
    )
    .addCommand(
      new Command('list')
        .description('the tokens, without their texts')
        .addOption(configOption())
        .addOption(formatOption())
        .action(async (options: Common) => {
          const rows = await act(options, 'read', (tokens) => tokens.list(0, MAX_LISTED));
          io.out(
            options.format === 'json'
              ? `${JSON.stringify(rows.map(tokenJson))}\n`
              : tokenLines(rows, deps.clock.now()),
          );
        }),
    )
    .addCommand(
      new Command('revoke')
        .description('end a token at once')
        .argument('<name>', 'its name')
        .addOption(configOption())
        .addOption(formatOption())
        .action(async (name: string, options: Common) => {
          await act(options, 'write', async (tokens) => {
            const { id } = await known(tokens, name);
            if (!(await tokens.revoke(id, actor()))) throw noneHolds(name);
          });
          io.out(
            options.format === 'json'
              ? `${JSON.stringify({ revoked: name })}\n`
              : `The token ${name} is revoked.\n`,
          );
        }),
    )
    .addCommand(
      new Command('rotate')
        .description('a new text for a token; the old one goes on for a while')
        .argument('<name>', 'its name')
        .addOption(
          new Option('--grace <duration>', 'how long the old text goes on, like 24h')
            .argParser(graceOf)
            .default(0, 'not at all'),
        )
        .addOption(configOption())
        .addOption(formatOption())
        .action(async (name: string, options: Common & { readonly grace: number }) => {
          const made = await act(options, 'write', async (tokens) => {
            const { id } = await known(tokens, name);
            return tokens.rotate(id, options.grace, actor());
          });
          if (made === null) throw noneHolds(name);
          issued(made, options);
        }),
    );
}

async function known(tokens: TokenStore, name: string): Promise<TokenRow> {
  const row = await tokens.findByName(name);
  if (row === null)
    throw new DriftdError('USAGE', `there is no token "${name}", "driftd token list" shows them`);
  return row;
}

function noneHolds(name: string): DriftdError {
  return new DriftdError('USAGE', `the token "${name}" has ended already, create another`);
}

function nameOf(text: string): string {
  if (text === '' || text.length > 128 || text !== text.trim() || /\p{Cc}/u.test(text))
    throw new InvalidArgumentError('1 to 128 characters, no spaces at the ends.');
  return text;
}

function durationOf(text: string): number {
  const ms = parseDuration(text);
  if (ms === null || ms < 60_000 || ms > MAX_MS)
    throw new InvalidArgumentError('Write it like 12h or 90d; from 1m to 3660d.');
  return ms;
}

function graceOf(text: string): number {
  const ms = parseDuration(text);
  if (ms === null || ms > 30 * 86_400_000)
    throw new InvalidArgumentError('Write it like 0s, 1h or 7d; 30d at most.');
  return ms;
}
