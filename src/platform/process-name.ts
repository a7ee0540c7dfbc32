import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';

/** Names this process in claims and leases, for people: host, process id, and something that a restart changes. */
export function processName(): string {
  return `${hostname()}:${process.pid}:${randomUUID().slice(0, 8)}`;
}
