import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';

/** A way to a server on which connections break. */
export interface FlakyProxy {
  readonly url: string;
  /** Connections that were opened through it. */
  readonly connections: () => number;
  /** Bytes that went to the server. */
  readonly forwarded: () => number;
  close(): Promise<void>;
}

/**
 * Forwards TCP to the server at `url`, and resets the connection on which a share is used up.
 * @param shares bytes after which a connection breaks, one after another; when all are used up nothing breaks any more
 */
export async function startFlakyProxy(url: string, shares: readonly number[]): Promise<FlakyProxy> {
  const { hostname, port } = new URL(url);
  const left = [...shares];
  const sockets = new Set<Socket>();
  let connections = 0;
  let forwarded = 0;
  const server = createServer((inward) => {
    connections += 1;
    const outward = connect(Number(port), hostname);
    const end = (): void => {
      inward.destroy();
      outward.destroy();
    };
    for (const socket of [inward, outward]) {
      sockets.add(socket);
      socket.on('error', end).on('close', () => {
        sockets.delete(socket);
        end();
      });
    }
    inward.on('data', (chunk: Buffer) => {
      const share = left[0] ?? Infinity;
      const some = chunk.subarray(0, share);
      forwarded += some.length;
      if (left.length > 0) left[0] = share - some.length;
      if (left[0] === 0) {
        left.shift();
        // What was forwarded arrives before the end of it.
        outward.end(some, () => inward.resetAndDestroy());
        return;
      }
      if (!outward.write(some)) {
        inward.pause();
        outward.once('drain', () => inward.resume());
      }
    });
    outward.on('data', (chunk: Buffer) => inward.write(chunk));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    connections: () => connections,
    forwarded: () => forwarded,
    async close() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}
