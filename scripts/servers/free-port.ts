import { randomInt } from 'node:crypto';
import { createSocket } from 'node:dgram';
import type { Socket } from 'node:dgram';
import { createServer } from 'node:net';

const ADDRESS = '127.0.0.1';
/** Below those that Linux (from 32768 on) and others (from 49152 on) give to whoever connects, or listens on port 0. */
const [FIRST, BEHIND] = [20_000, 32_000];
const ATTEMPTS = 1_000;

/**
 * A TCP port of 127.0.0.1 that is free, and given to nobody else who asks here until this process ends: a server that takes
 * seconds to start, or is started again, finds it free still.
 */
export async function freePort(): Promise<number> {
  for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
    const port = randomInt(FIRST, BEHIND);
    const mark = await marked(port);
    if (mark === null) continue;
    if (await isFree(port)) return port;
    mark.close();
  }
  throw new Error(`no port from ${FIRST} to ${BEHIND - 1} is free`);
}

/** The UDP port of the same number is the mark: two processes cannot have it, and it goes with the process. */
function marked(port: number): Promise<Socket | null> {
  return new Promise((resolve) => {
    const mark = createSocket('udp4');
    mark.once('error', () => {
      mark.close();
      resolve(null);
    });
    mark.bind({ port, address: ADDRESS, exclusive: true }, () => {
      mark.unref();
      resolve(mark);
    });
  });
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => {
      resolve(false);
    });
    server.listen({ port, host: ADDRESS, exclusive: true }, () => {
      server.close(() => {
        resolve(true);
      });
    });
  });
}
