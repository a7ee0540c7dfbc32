import { parseArgs } from 'node:util';
import { join } from 'node:path';
import { DriftdError, EXIT, toError } from '../src/platform/errors.ts';
import { runDemo } from './demo/run.ts';

const HELP = `npm run demo -- [options]

  --once            end after the stream, with a summary; exit code 0 only if everything came as expected
  --source SOURCE   kafka (a real broker; needs Java 17+ and Maven) or replay (the same events from a file)
  --keep            leave the database for a look when the demo ends
`;

/** The demo: a year of flights against January's baseline, on real servers, in about a minute and a half. */
async function main(): Promise<number> {
  let values: { once?: boolean; source?: string; keep?: boolean; help?: boolean };
  try {
    values = parseArgs({
      options: {
        once: { type: 'boolean' },
        source: { type: 'string' },
        keep: { type: 'boolean' },
        help: { type: 'boolean', short: 'h' },
      },
    }).values;
  } catch (thrown) {
    process.stderr.write(`${toError(thrown).message}\n\n${HELP}`);
    return EXIT.usage;
  }
  if (values.help === true) {
    process.stdout.write(HELP);
    return EXIT.ok;
  }
  const { source } = values;
  if (source !== undefined && source !== 'kafka' && source !== 'replay') {
    process.stderr.write(`--source must be kafka or replay, not ${source}\n\n${HELP}`);
    return EXIT.usage;
  }
  const stop = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.on(signal, () => {
      stop.abort(signal);
    });
  }
  return runDemo({
    once: values.once ?? false,
    keep: values.keep ?? false,
    source: source ?? null,
    signal: stop.signal,
    root: join(import.meta.dirname, '..'),
  });
}

main().then(
  (code) => {
    process.exitCode = code;
  },
  (thrown: unknown) => {
    const known = thrown instanceof DriftdError;
    process.stderr.write(
      `\n${known ? thrown.message : (toError(thrown).stack ?? String(thrown))}\n`,
    );
    process.exitCode = known ? thrown.exitCode : EXIT.unexpected;
  },
);
