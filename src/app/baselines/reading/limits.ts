import { existsSync } from 'node:fs';
import { containerMemory } from '../../../platform/this-node.ts';

/** What a file of a stranger may cost. */
export interface ReadingLimits {
  /** Resident memory of the child. */
  readonly memoryBytes: number;
  readonly timeMs: number;
  readonly unpackedBytes: number;
  readonly lineBytes: number;
  readonly columns: number;
}

const MIB = 1024 * 1024;
/** Of a container's memory, what the daemon itself needs; the rest is for the files that are read at once. */
const DAEMON_BYTES = 384 * MIB;
const READ_AT_ONCE = 2;
const LEAST_BYTES = 192 * MIB;
const MOST_BYTES = 1024 * MIB;

export const READING_LIMITS: ReadingLimits = {
  memoryBytes: shareOf(containerMemory()),
  timeMs: 600_000,
  unpackedBytes: 16 * 1024 * MIB,
  lineBytes: 4 * MIB,
  columns: 10_000,
};

/** @param constrained memory that this container may take; 0 or more than any machine has: it is not bounded */
export function shareOf(constrained: number): number {
  if (constrained === 0) return MOST_BYTES;
  const share = Math.floor((constrained - DAEMON_BYTES) / READ_AT_ONCE);
  return Math.min(MOST_BYTES, Math.max(LEAST_BYTES, share));
}

/** Addresses that Node reserves and never uses: 1 GiB at its start, and 4 GiB for WebAssembly, which unpacks Parquet. */
const RESERVED_BYTES = 6 * 1024 * MIB;
/** Threads of the child that take time of a processor at once. */
const THREADS = 4;
const SHELL = '/bin/sh';

/**
 * The command that starts a program under limits that the system itself keeps (address space, time of the processor):
 * what looks at the child from outside may come too late. Where there is no shell, it is started as it is.
 */
export function limitedCommand(
  program: string,
  args: readonly string[],
  { memoryBytes, timeMs }: ReadingLimits,
  shell: string | null = existsSync(SHELL) ? SHELL : null,
): readonly [command: string, args: readonly string[]] {
  if (shell === null) return [program, args];
  const kibibytes = Math.ceil((memoryBytes + RESERVED_BYTES) / 1024);
  const seconds = Math.ceil((THREADS * timeMs) / 1000);
  const script = `ulimit -v ${kibibytes}; ulimit -H -t ${seconds + 5}; ulimit -S -t ${seconds}; exec "$0" "$@"`;
  return [shell, ['-c', script, program, ...args]];
}
