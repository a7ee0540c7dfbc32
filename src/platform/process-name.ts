import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';

/** Names this process in claims and leases, for people: host, process id, and something that a restart changes. */
export function processName(): string {
  return `${hostname()}:${process.pid}:${randomUUID().slice(0, 8)}`;
}

const HOST = hostname().replace(/[^\w.]/g, '_');

/** This process in the name of a file or folder: host and number, as containers may share folders. */
export const PROCESS_MARK = `${HOST}-${process.pid}-`;

/**
 * Is the process gone that a mark is of?
 * @param text begins with a mark
 * @param isFirst at the start: what is of this process's number is of one before it, as in a container started again
 * @returns false when that cannot be told, as of other hosts
 */
export function isOfNobody(text: string, isFirst: boolean): boolean {
  if (!text.startsWith(`${HOST}-`)) return false;
  const pid = Number.parseInt(text.slice(HOST.length + 1), 10);
  if (pid === process.pid) return isFirst;
  try {
    process.kill(pid, 0);
    return false;
  } catch (thrown) {
    return (thrown as NodeJS.ErrnoException).code === 'ESRCH';
  }
}
