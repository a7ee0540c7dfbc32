import { pino, stdSerializers } from 'pino';
import type { DestinationStream, Logger } from 'pino';
import { DriftdError } from './errors.ts';

export type Log = Logger;

export const LOG_LEVELS = ['debug', 'info', 'warn', 'error', 'silent'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

/** JSON lines; secrets are cut out by name wherever they stand. */
export function createLog(level: LogLevel, destination?: DestinationStream): Log {
  const options = {
    level,
    base: null,
    timestamp: () => `,"time":"${new Date().toISOString()}"`,
    formatters: { level: (label: string) => ({ level: label }) },
    serializers: { err: errorFields },
    redact: {
      paths: [
        'password',
        '*.password',
        '*.*.password',
        'sasl',
        '*.sasl',
        'authorization',
        '*.authorization',
        'url',
        '*.url',
      ],
      censor: '[redacted]',
    },
  };
  if (destination === undefined) return pino(options);
  return pino(options, {
    write: (line: string) => {
      destination.write(withoutDisguise(line));
    },
  });
}

/** What people can put right has no stack: its sentence says all, of what caused it as well. */
function errorFields(error: unknown): object {
  const fields = stdSerializers.err(error as Error);
  if (!(error instanceof DriftdError)) return fields;
  const { type, message } = fields;
  return { type, code: error.code, message };
}

/** JSON escapes control characters; the marks that reorder text, and the line ends of Unicode, are escaped here, too. */
function withoutDisguise(line: string): string {
  return line.replace(
    /[\u007F-\u009F\u061C\u200E\u200F\u2028\u2029\u202A-\u202E\u2066-\u2069]/g,
    (mark) => `\\u${mark.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}
