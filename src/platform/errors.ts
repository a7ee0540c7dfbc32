/**
 * Errors that people can act on. Each carries a stable code, an exit code and one sentence that says what is wrong,
 * where, and what to do about it. Everything else that is thrown is a defect and prints a stack trace.
 */

/** Exit codes are an API: documented in docs/errors.md, never renumbered. */
export const EXIT = {
  ok: 0,
  unexpected: 1,
  usage: 2,
  invalidInput: 3,
  driftFound: 4,
  schemaTooNew: 5,
  unreachable: 6,
} as const;
export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

/** Every code with the exit code it ends a command with. docs/errors.md explains each. */
export const ERROR_CODES = {
  CONFIG_UNREADABLE: EXIT.invalidInput,
  CONFIG_INVALID: EXIT.invalidInput,
  USAGE: EXIT.usage,
  INPUT_UNREADABLE: EXIT.invalidInput,
  INPUT_INVALID: EXIT.invalidInput,
  BASELINE_INVALID: EXIT.invalidInput,
  BASELINE_MISSING: EXIT.invalidInput,
  BASELINE_UNKNOWN: EXIT.invalidInput,
  DATABASE_UNREACHABLE: EXIT.unreachable,
  DATABASE_UNSAFE: EXIT.unreachable,
  SCHEMA_MISSING: EXIT.unreachable,
  SCHEMA_TOO_OLD: EXIT.unreachable,
  SCHEMA_TOO_NEW: EXIT.schemaTooNew,
  KAFKA_UNREACHABLE: EXIT.unreachable,
  KAFKA_TOPIC_MISSING: EXIT.unreachable,
  KAFKA_CLIENT_UNKNOWN: EXIT.unexpected,
  RELOAD_REFUSED: EXIT.unexpected,
  LISTEN_FAILED: EXIT.unreachable,
  LISTEN_UNSAFE: EXIT.invalidInput,
  MAIL_UNREACHABLE: EXIT.unreachable,
  DAEMON_UNREACHABLE: EXIT.unreachable,
  DAEMON_BUSY: EXIT.unreachable,
  ACCESS_REFUSED: EXIT.invalidInput,
  JAVA_MISSING: EXIT.unreachable,
  DOWNLOAD_FAILED: EXIT.unreachable,
} as const satisfies Record<string, ExitCode>;
export type ErrorCode = keyof typeof ERROR_CODES;

/** An operating error: told in one sentence, without a stack trace. */
export class DriftdError extends Error {
  readonly code: ErrorCode;

  /**
   * @param code stable name, see docs/errors.md
   * @param message what is wrong, where, and the way out: one sentence or one line a problem
   */
  constructor(code: ErrorCode, message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.name = 'DriftdError';
    this.code = code;
  }

  get exitCode(): ExitCode {
    return ERROR_CODES[this.code];
  }
}

/** Any thrown value as an Error. */
export function toError(thrown: unknown): Error {
  return thrown instanceof Error ? thrown : new Error(String(thrown));
}
