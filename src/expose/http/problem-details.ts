import { STATUS_CODES } from 'node:http';

import type { FastifyError, FastifyInstance, FastifyReply } from 'fastify';

import type { Log } from '../../platform/log.ts';

/** RFC 9457. `type` is about:blank: the status says it all. */
export interface ProblemDetails {
  readonly type: 'about:blank';
  readonly title: string;
  readonly status: number;
  readonly detail: string;
  /** The request id: the log has a line with it. */
  readonly instance: string;
}

/** A refusal whose text is for the caller, whatever its status. */
export class Refusal extends Error {
  readonly statusCode: number;
  readonly headers: Readonly<Record<string, string>>;

  /**
   * @param message what is wrong, and the way out
   * @param headers of the answer, such as `retry-after`
   */
  constructor(statusCode: number, message: string, headers: Readonly<Record<string, string>> = {}) {
    super(message);
    this.statusCode = statusCode;
    this.headers = headers;
  }
}

export function sendProblem(reply: FastifyReply, status: number, detail: string): FastifyReply {
  const problem: ProblemDetails = {
    type: 'about:blank',
    title: STATUS_CODES[status] ?? 'Error',
    status,
    detail,
    instance: `urn:request:${reply.request.id}`,
  };
  return reply
    .code(status)
    .header('content-type', 'application/problem+json; charset=utf-8')
    .send(JSON.stringify(problem));
}

/** Every answer that is no success is problem+json: mistakes of the client with the reason, defects without. */
export function registerProblems(app: FastifyInstance, log: Log): void {
  app.setErrorHandler((error: FastifyError, request, reply) => {
    const status = error.statusCode ?? 500;
    if (error instanceof Refusal) {
      if (status >= 500)
        log.warn({ requestId: request.id, status, reason: error.message }, 'request refused');
      return sendProblem(reply.headers(error.headers), status, error.message);
    }
    if (status >= 400 && status < 500) return sendProblem(reply, status, error.message);
    log.error(
      { err: error, requestId: request.id, route: request.routeOptions.url },
      'request failed',
    );
    return sendProblem(
      reply,
      500,
      'Something went wrong inside driftd; its log has the reason under this request id.',
    );
  });
  app.setNotFoundHandler((request, reply) => {
    const path = request.url.split('?', 1)[0] ?? '/';
    if (request.method !== 'GET' && app.hasRoute({ method: 'GET', url: path })) {
      void reply.header('allow', 'GET, HEAD');
      return sendProblem(reply, 405, `${request.method} is not possible here, GET is.`);
    }
    return sendProblem(reply, 404, 'There is nothing at this address; / lists what there is.');
  });
}
