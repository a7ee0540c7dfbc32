import { Command } from 'commander';

import { loadConfig } from '../config/load.ts';
import type { Role } from '../config/roles.ts';
import { EXIT, toError } from '../platform/errors.ts';
import type { ExitCode } from '../platform/errors.ts';
import { createLog } from '../platform/log.ts';
import type { CliDeps, CliIo, RunningApp } from './deps.ts';
import { configOption, rolesOption } from './options.ts';

/** What the app gets to stop in order, so that the whole process ends within 10 s; stored positions make that safe. */
export const STOP_DEADLINE_MS = 9_000;

export function runCommand(deps: CliDeps, io: CliIo, done: (code: ExitCode) => void): Command {
  return new Command('run')
    .description(
      'run the daemon until it is told to stop (SIGTERM, SIGINT); SIGHUP reads the configuration anew',
    )
    .addOption(configOption())
    .addOption(rolesOption())
    .action(async (options: { config: string; roles: ReadonlySet<Role> }) => {
      done(await run(options, deps, io));
    });
}

async function run(
  options: { config: string; roles: ReadonlySet<Role> },
  deps: CliDeps,
  io: CliIo,
): Promise<ExitCode> {
  const { validateCron, clock, build } = deps;
  const load = () => loadConfig(options.config, { env: io.env, validateCron });
  const config = await load();
  const log = createLog(config.log.level, { write: io.out });
  log.info(
    { version: build.version, node: build.node, roles: [...options.roles] },
    'driftd starts',
  );
  const app = await deps.createApp({ config, load, roles: options.roles, log, clock });
  const stopped = new Promise<void>((resolve) => {
    if (io.stop.aborted) resolve();
    else io.stop.addEventListener('abort', () => resolve(), { once: true });
  });
  io.onHangup?.(() => {
    log.info({ signal: 'SIGHUP' }, 'the configuration is read anew');
    app.reload().catch((thrown: unknown) => {
      log.error({ err: toError(thrown) }, 'reloading the configuration failed');
    });
  });
  let failure: unknown = null;
  try {
    const started = app.start().then(() => 'started' as const);
    const first = await Promise.race([started, stopped.then(() => 'stopped' as const)]);
    if (first === 'started') {
      log.info({ address: app.address }, 'driftd is up');
      await stopped;
    } else {
      started.catch((thrown: unknown) =>
        log.debug({ err: toError(thrown) }, 'the start was cut short'),
      );
    }
    log.info({ signal: String(io.stop.reason) }, 'driftd stops');
  } catch (thrown) {
    failure = thrown;
  }
  await stop(app, (thrown) =>
    log.error({ err: toError(thrown) }, 'not everything stopped in order'),
  );
  if (failure !== null) throw toError(failure);
  log.info('driftd has stopped');
  return EXIT.ok;
}

async function stop(app: RunningApp, report: (thrown: unknown) => void): Promise<void> {
  try {
    await app.stop(STOP_DEADLINE_MS);
  } catch (thrown) {
    report(thrown);
  }
}
