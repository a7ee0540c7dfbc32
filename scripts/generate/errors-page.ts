import { ERROR_CODES, EXIT } from '../../src/platform/errors.ts';
import type { ErrorCode } from '../../src/platform/errors.ts';

/** What each code means and what to do; the compiler sees to it that none is missing. */
export const EXPLANATIONS: Readonly<Record<ErrorCode, { means: string; todo: string }>> = {
  CONFIG_UNREADABLE: {
    means: 'The configuration file could not be read as text.',
    todo: 'Check the path given by `--config` (or `DRIFTD_CONFIG`), that this user may read it, and that it is UTF-8.',
  },
  CONFIG_INVALID: {
    means:
      'The configuration file breaks a rule. Each line of the message names file, line, column and key.',
    todo: 'Correct the places named; `driftd check-config` tells when all is well. [configuration.md](configuration.md) has every key.',
  },
  USAGE: {
    means: 'The command line asks for something that does not exist.',
    todo: '`driftd --help` and `driftd help COMMAND` tell what does.',
  },
  INPUT_UNREADABLE: {
    means: 'A file that was named as input could not be read.',
    todo: 'Check the path and its permissions.',
  },
  INPUT_INVALID: {
    means:
      'An input was read but is not in the shape that is expected. The message names the place.',
    todo: 'Correct the place named.',
  },
  BASELINE_INVALID: {
    means:
      'A baseline file cannot be a baseline: rows or document are malformed, or contradict the declared features.',
    todo: 'Correct the file; `baselines/README.md` describes the formats. The active baseline stays as it was.',
  },
  BASELINE_UNKNOWN: {
    means: 'There is no such model or version, or none before it, or nothing has been counted yet.',
    todo: '`driftd baseline list MODEL` tells what there is.',
  },
  BASELINE_MISSING: {
    means: 'Something needs a baseline of a model that has none.',
    todo: 'Put one into the folder `baselines.directory`, named after the model, and start again.',
  },
  DATABASE_UNREACHABLE: {
    means: 'Postgres did not answer, or refused the login.',
    todo: 'Check that it runs, `postgres.url`, the password, and that nothing stands between. A running daemon waits and tries again by itself.',
  },
  DATABASE_UNSAFE: {
    means:
      'Postgres runs with a setting that can lose committed data (such as `fsync = off`), and with it the exact counts.',
    todo: 'Turn the setting that the message names back.',
  },
  SCHEMA_MISSING: {
    means: 'A command that only reads found a database without the schema of driftd.',
    todo: 'Check `postgres.url`; `driftd run` makes the schema at start, and `driftd migrate` beforehand.',
  },
  SCHEMA_TOO_OLD: {
    means:
      'A command that only reads found a database that lacks migrations of this driftd, and left it as it was.',
    todo: 'Run `driftd migrate`, or `driftd run` of this version: it migrates at start. Until then use the driftd that runs there.',
  },
  SCHEMA_TOO_NEW: {
    means: 'The database was migrated by a newer driftd that this one does not understand.',
    todo: 'Run the newer version. Nothing was changed.',
  },
  KAFKA_UNREACHABLE: {
    means: 'No broker answered, or it refused TLS or the login.',
    todo: 'Check `kafka.brokers`, `kafka.tls`, `kafka.sasl`, and that the broker advertises an address that this machine reaches.',
  },
  KAFKA_TOPIC_MISSING: {
    means: 'A configured topic does not exist.',
    todo: 'Create it, or correct `kafka.topics`.',
  },
  KAFKA_CLIENT_UNKNOWN: {
    means: 'The Kafka client library is not the one that driftd knows how to guard.',
    todo: 'Install driftd with its lockfile (`npm ci`).',
  },
  RELOAD_REFUSED: {
    means:
      'The configuration was to be read anew while driftd was still starting, or already stopping.',
    todo: 'Ask again when it is up.',
  },
  LISTEN_FAILED: {
    means: 'The HTTP listener could not open its address.',
    todo: 'Stop the other process, or change `http.listen`; port 0 takes a free one.',
  },
  LISTEN_UNSAFE: {
    means: 'The HTTP API would ask for a token, and there is none that holds.',
    todo: 'Make one with `driftd token create`, or name a file in `http.admin_token_file`; or listen on 127.0.0.1; or say `http.auth: none` when everyone who reaches it may read, change and delete.',
  },
  MAIL_UNREACHABLE: {
    means: 'The mail server did not answer, or refused TLS or the login.',
    todo: 'Check `smtp`. Notifications wait in the outbox and are tried again.',
  },
  DAEMON_BUSY: {
    means: 'A running driftd has too much to do, or has been asked too often.',
    todo: 'Ask again after the time that the message tells.',
  },
  ACCESS_REFUSED: {
    means: 'A running driftd does not let this token do it, or wants one.',
    todo: 'Put a token into `DRIFTD_TOKEN` that has the scope and the model the message names; `driftd token create` makes one.',
  },
  DAEMON_UNREACHABLE: {
    means: 'A running driftd was asked and did not answer as one.',
    todo: 'Check the address, that it runs with the role serve, and the token in `DRIFTD_TOKEN`.',
  },
  JAVA_MISSING: {
    means:
      'Kafka was to be started on this machine (demo, tests), and there is no Java 17 or no Maven.',
    todo: 'Install JDK 17 or newer and Maven, or use `--source replay`, which needs neither.',
  },
  DOWNLOAD_FAILED: {
    means:
      'Something that is downloaded once (the jars of Kafka, for demo and tests) could not be had.',
    todo: 'Check the network and the mirror settings of npm and Maven, then run it again.',
  },
};

const EXIT_MEANINGS: Readonly<Record<keyof typeof EXIT, string>> = {
  ok: 'Done; nothing to complain about.',
  unexpected: 'A defect, told with a stack trace; please report it.',
  usage: 'The command line is wrong.',
  invalidInput: 'The configuration or an input is wrong.',
  driftFound: 'The comparison worked and found drift.',
  schemaTooNew: 'The database schema is newer than this program.',
  unreachable: 'Something that is needed cannot be reached or used.',
};

export function errorsPage(): string {
  return [
    '# Errors and exit codes',
    '',
    '<!-- Generated from src/platform/errors.ts and scripts/generate/errors-page.ts by `npm run generate`. Do not edit. -->',
    '',
    'What people can put right is told in one sentence, without a stack trace, on the error output. Codes and exit codes',
    'are an interface: they are never renumbered or reused.',
    '',
    '## Exit codes',
    '',
    '| Code | Meaning |',
    '| --- | --- |',
    ...Object.entries(EXIT).map(
      ([name, code]) => `| ${code} | ${EXIT_MEANINGS[name as keyof typeof EXIT]} |`,
    ),
    '',
    '## Errors',
    '',
    ...(Object.keys(ERROR_CODES) as ErrorCode[]).flatMap((code) => [
      `### ${code}`,
      '',
      `Exit code ${ERROR_CODES[code]}. ${EXPLANATIONS[code].means} ${EXPLANATIONS[code].todo}`,
      '',
    ]),
  ].join('\n');
}
