import { createServer } from 'node:http';
import type { IncomingHttpHeaders, Server } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';

/** How the sink answers; `silence` never does, `drop` breaks the connection off, `drip` sends one byte at a time for ever. */
export type SinkAnswer =
  | 'silence'
  | 'drop'
  | 'drip'
  | { readonly status: number; readonly headers?: Record<string, string>; readonly body?: string };

export interface SinkRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

export interface HttpSink {
  readonly port: number;
  readonly url: string;
  /** Complete requests, in order; refused ones too. */
  readonly requests: readonly SinkRequest[];
  /** Connections that were ever opened. */
  readonly connections: () => number;
  stop(): Promise<void>;
}

/** A real HTTP server on loopback that answers as told. @param answer of the n-th request, from 0 */
export async function startHttpSink(
  answer: (request: SinkRequest, index: number) => SinkAnswer = () => ({ status: 200 }),
): Promise<HttpSink> {
  const requests: SinkRequest[] = [];
  const sockets = new Set<Socket>();
  let connections = 0;
  const server: Server = createServer((request, response) => {
    const parts: Buffer[] = [];
    request.on('data', (part: Buffer) => parts.push(part));
    request.on('end', () => {
      const body = Buffer.concat(parts).toString('utf8');
      const { method = '', url: path = '', headers } = request;
      const seen = { method, path, headers, body };
      requests.push(seen);
      const told = answer(seen, requests.length - 1);
      if (told === 'silence') return;
      if (told === 'drop') {
        request.socket.destroy();
        return;
      }
      if (told === 'drip') {
        response.writeHead(200);
        const timer = setInterval(() => response.write('.'), 20);
        response.on('close', () => {
          clearInterval(timer);
        });
        return;
      }
      response.writeHead(told.status, told.headers ?? {});
      response.end(told.body ?? '');
    });
  });
  server.on('connection', (socket: Socket) => {
    connections += 1;
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  const { port } = server.address() as AddressInfo;
  return {
    port,
    url: `http://127.0.0.1:${String(port)}`,
    requests,
    connections: () => connections,
    stop: () =>
      new Promise((resolve) => {
        for (const socket of sockets) socket.destroy();
        server.close(() => {
          resolve();
        });
      }),
  };
}
