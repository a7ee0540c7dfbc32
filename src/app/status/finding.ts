import type { ErrorCode, ExitCode } from '../../platform/errors.ts';
import { ERROR_CODES, EXIT } from '../../platform/errors.ts';

/**
 * One thing that the doctor looked at.
 *
 * - ok: as it should be.
 * - warning: works, and somebody should look at it.
 * - fault: driftd cannot do its part, or would lose its promises.
 * - unknown: could not be looked at, since something it needs is at fault or not visible.
 */
export interface Finding {
  readonly check: string;
  readonly state: 'ok' | 'warning' | 'fault' | 'unknown';
  /** One sentence. */
  readonly says: string;
  /** null when there is nothing to do. */
  readonly wayOut: string | null;
  /** Of a fault: the error that driftd ends with at start. */
  readonly code: ErrorCode | null;
}

export const ok = (check: string, says: string): Finding => ({
  check,
  state: 'ok',
  says,
  wayOut: null,
  code: null,
});

export const warning = (check: string, says: string, wayOut: string): Finding => ({
  check,
  state: 'warning',
  says,
  wayOut,
  code: null,
});

export const fault = (
  check: string,
  says: string,
  wayOut: string,
  code: ErrorCode | null = null,
): Finding => ({ check, state: 'fault', says, wayOut, code });

export const unknown = (check: string, says: string, wayOut: string | null = null): Finding => ({
  check,
  state: 'unknown',
  says,
  wayOut,
  code: null,
});

/** 0 without a fault; 5 when the schema is newer than the program; else 6. */
export function exitCodeOf(findings: readonly Finding[]): ExitCode {
  const faults = findings.filter(({ state }) => state === 'fault');
  if (faults.some(({ code }) => code !== null && ERROR_CODES[code] === EXIT.schemaTooNew))
    return EXIT.schemaTooNew;
  return faults.length === 0 ? EXIT.ok : EXIT.unreachable;
}
