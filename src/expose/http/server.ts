import { STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';

import { fastify } from 'fastify';
import type { FastifyInstance } from 'fastify';

import type { HostPort } from '../../config/types.ts';
import { DriftdError } from '../../platform/errors.ts';
import type { HttpDeps } from './deps.ts';
import { registerProblems, sendProblem } from './problem-details.ts';
import { registerRequestMetrics } from './request-metrics.ts';
import { registerLanding } from './routes/landing.ts';
import { registerLivez } from './routes/livez.ts';
import { registerMetrics } from './routes/metrics.ts';
import { registerReadyz } from './routes/readyz.ts';
import { registerVersion } from './routes/version.ts';
import { registerSecurityHeaders } from './security-headers.ts';

const BODY_LIMIT_BYTES = 1_048_576;
/** Of a request line with its address and all headers: all that an upload may say of its columns fits in an address. */
const HEAD_LIMIT_BYTES = 131_072;
/** For the head of a request; its body may be an upload of many megabytes. */
const HEAD_TIMEOUT_MS = 30_000;
const REQUEST_TIMEOUT_MS = 600_000;
/** What running requests get when the server stops. */
const STOP_MS = 3_000;
const IDLE_LOOK_MS = 50;

export interface HttpServer {
  /**
   * Listens; with port 0 the system chooses one.
   * @throws DriftdError LISTEN_FAILED when the port is taken or the address is not ours
   */
  start(): Promise<HostPort>;
  /** Takes no new connection, closes idle ones, lets running requests end for 3 s. */
  stop(): Promise<void>;
}

export function createHttpServer(deps: HttpDeps): HttpServer {
  const app = buildHttpApp(deps);
  return {
    async start() {
      const { host, port } = deps.listen;
      await deps.extend?.(app);
      deps.eventLoop.start();
      try {
        await app.listen({ host, port });
      } catch (error) {
        deps.eventLoop.stop();
        throw listenFailed(deps.listen, error);
      }
      const bound = app.server.address();
      return typeof bound === 'object' && bound !== null
        ? { host, port: bound.port }
        : { host, port };
    },
    async stop() {
      deps.eventLoop.stop();
      // A connection may become idle after the others were closed, or wait for a body that nobody reads.
      const idle = setInterval(() => {
        app.server.closeIdleConnections();
      }, IDLE_LOOK_MS);
      const late = setTimeout(() => {
        app.server.closeAllConnections();
      }, STOP_MS);
      try {
        await app.close();
      } finally {
        clearInterval(idle);
        clearTimeout(late);
      }
    },
  };
}

/** The application without a listener: `inject()` asks it directly. */
export function buildHttpApp(deps: HttpDeps): FastifyInstance {
  const app = fastify({
    logger: false,
    bodyLimit: BODY_LIMIT_BYTES,
    requestTimeout: REQUEST_TIMEOUT_MS,
    forceCloseConnections: 'idle',
    requestIdHeader: false,
    http: { maxHeaderSize: HEAD_LIMIT_BYTES },
    // The limit of the whole head is the limit of a name in a path, too.
    routerOptions: { maxParamLength: HEAD_LIMIT_BYTES },
    clientErrorHandler: refuseUnread,
    frameworkErrors: (error, _request, reply) => {
      sendProblem(reply, error.statusCode ?? 400, error.message);
    },
    genReqId: (request) => requestId(request.headers['x-request-id']),
  });
  app.server.headersTimeout = HEAD_TIMEOUT_MS;
  registerSecurityHeaders(app);
  registerRequestMetrics(app, deps.httpMetrics);
  registerProblems(app, deps.log);
  for (const register of [
    registerLanding,
    registerLivez,
    registerReadyz,
    registerVersion,
    registerMetrics,
  ]) {
    register(app, deps);
  }
  return app;
}

/** What Node itself cannot read has no request yet: the answer is written as it is. */
function refuseUnread(error: Error & { readonly code?: string }, socket: Socket): void {
  if (error.code === 'ECONNRESET' || socket.destroyed || !socket.writable) {
    socket.destroy();
    return;
  }
  const [status, detail] = UNREAD[error.code ?? ''] ?? [400, 'This is no HTTP request.'];
  const title = STATUS_CODES[status] ?? 'Error';
  const body = JSON.stringify({
    type: 'about:blank',
    title,
    status,
    detail,
    instance: `urn:request:${globalThis.crypto.randomUUID()}`,
  });
  socket.end(
    `HTTP/1.1 ${status} ${title}\r\ncontent-type: application/problem+json; charset=utf-8\r\n` +
      `content-length: ${Buffer.byteLength(body)}\r\nx-content-type-options: nosniff\r\nconnection: close\r\n\r\n${body}`,
  );
}

const UNREAD: Readonly<Record<string, readonly [number, string]>> = {
  HPE_HEADER_OVERFLOW: [431, 'The head of a request, with its address, may have 128 KiB.'],
  ERR_HTTP_REQUEST_TIMEOUT: [408, 'The request took too long to arrive.'],
};

/** The caller's id when it is harmless in a log and a header, else a new one. */
function requestId(given: string | string[] | undefined): string {
  if (typeof given === 'string' && /^[A-Za-z0-9_-]{1,64}$/.test(given)) return given;
  return globalThis.crypto.randomUUID();
}

function listenFailed(listen: HostPort, error: unknown): DriftdError {
  const where = `${listen.host}:${listen.port}`;
  const code = error instanceof Error && 'code' in error ? String(error.code) : String(error);
  const reasons: Readonly<Record<string, string>> = {
    EADDRINUSE:
      'another process has this port: stop it, or change http.listen (port 0 takes a free one)',
    EACCES: 'this user may not use this port: take one from 1024 up in http.listen',
    EADDRNOTAVAIL: 'this machine does not have this address: change http.listen',
    ENOTFOUND: 'this host name is not known: change http.listen',
  };
  const reason = reasons[code] ?? code;
  return new DriftdError('LISTEN_FAILED', `cannot listen on ${where}: ${reason}`, { cause: error });
}
