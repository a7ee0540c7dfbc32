import { createApp } from '../app/app.ts';
import { migrateDatabase } from '../app/migrate.ts';
import { validateCron } from '../app/validate-cron.ts';
import { readBuildInfo } from '../platform/build-info.ts';
import { systemClock } from '../platform/clock.ts';
import type { ExitCode } from '../platform/errors.ts';
import type { CliIo } from './deps.ts';
import { runCli } from './program.ts';

/** The command line of the real program. */
export function cli(argv: readonly string[], io: CliIo): Promise<ExitCode> {
  const deps = {
    createApp,
    migrate: migrateDatabase,
    validateCron,
    build: readBuildInfo(),
    clock: systemClock,
  };
  return runCli(argv, deps, io);
}
