import { BlockList, isIPv6 } from 'node:net';

import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';

import { sendProblem } from '../http/problem-details.ts';
import { allows, seesModel } from './caller.ts';
import type { Caller } from './caller.ts';
import type { ApiDeps } from './deps.ts';

/** Wrong tokens an address may send a minute. A right one is let in all the same: others may share the address. */
const MAX_FAILURES = 10;
const FAILURE_WINDOW_MS = 60_000;
/** Addresses that are remembered; beyond it the oldest are forgotten. */
const MAX_ADDRESSES = 10_000;

const LOOPBACK_NAMES = /^(localhost|127(\.\d{1,3}){3}|\[::1\])(:\d+)?$/i;

/** What a script sends whose variable for the token is empty: no token, and no guess at one. */
const EMPTY_BEARER = /^bearer\s*$/i;

type Deps = Pick<ApiDeps, 'auth' | 'isConfiguredToken' | 'tokens' | 'clock'>;

/** Every request of the API is somebody's, or is refused: 401 who are you, 403 not for you, 429 too many guesses. */
export function registerAuth(api: FastifyInstance, deps: Deps): void {
  const failures = createFailureCounter(deps.clock);
  api.decorateRequest('caller', null);
  api.addHook('onRequest', async (request, reply) => {
    if (EMPTY_BEARER.test(request.headers.authorization ?? ''))
      delete request.headers.authorization;
    const { scope, models } = request.routeOptions.config;
    if (scope === 'open' || scope === undefined) return undefined;
    const caller = await identify(deps, request);
    if (caller === null) {
      if (request.headers.authorization === undefined)
        return unauthorised(reply, deps.auth, request);
      failures.add(request.ip);
      const wait = failures.waitMs(request.ip);
      if (wait === 0) return unauthorised(reply, deps.auth, request);
      void reply.header('retry-after', String(Math.ceil(wait / 1_000)));
      return sendProblem(reply, 429, 'Too many wrong tokens from this address; wait a minute.');
    }
    request.caller = caller;
    if (!allows(caller, scope))
      return sendProblem(reply, 403, `This needs a token with the scope ${scope}.`);
    const { model } = request.params as { model?: string };
    if (caller.models === null || models === 'filtered') return undefined;
    if (models === 'every' || model === undefined || !seesModel(caller, model))
      return sendProblem(
        reply,
        403,
        `This token is for ${caller.models.join(', ')} only, and this is about ${models === 'every' ? 'all models' : 'another'}.`,
      );
    return undefined;
  });
}

function unauthorised(reply: FastifyReply, auth: Deps['auth'], request: FastifyRequest): unknown {
  void reply.header('www-authenticate', 'Bearer realm="driftd"');
  if (request.headers.authorization !== undefined)
    return sendProblem(reply, 401, 'This token is unknown, has expired or was revoked.');
  if (auth === 'none')
    return sendProblem(reply, 401, 'Without a token no page of another site may ask.');
  if (auth === 'loopback')
    return sendProblem(
      reply,
      401,
      'Without a token only programs on this machine may ask, at localhost, and no page of another site.',
    );
  return sendProblem(
    reply,
    401,
    'Send a token: `Authorization: Bearer drift_...`; `driftd token create` makes one.',
  );
}

async function identify(deps: Deps, request: FastifyRequest): Promise<Caller | null> {
  const header = request.headers.authorization;
  if (header !== undefined) return bearer(deps, header);
  if (deps.auth === 'none' && !isForeignPage(request))
    return { name: 'anybody', scopes: ['admin'], models: null };
  if (deps.auth === 'loopback' && isLocal(request))
    return { name: 'loopback', scopes: ['admin'], models: null };
  return null;
}

/** From this machine, under its own name (no name that an attacker's DNS points here), and from no foreign page. */
function isLocal(request: FastifyRequest): boolean {
  const { host = '' } = request.headers;
  return isLoopbackAddress(request.ip) && LOOPBACK_NAMES.test(host) && !isForeignPage(request);
}

/** A form on any page can be sent here by the browser of somebody who may ask without a token. */
function isForeignPage({ headers: { host = '', origin } }: FastifyRequest): boolean {
  return origin !== undefined && origin !== `http://${host}` && origin !== `https://${host}`;
}

const LOOPBACK = new BlockList();
LOOPBACK.addSubnet('127.0.0.0', 8, 'ipv4');
LOOPBACK.addAddress('::1', 'ipv6');

function isLoopbackAddress(address: string): boolean {
  return LOOPBACK.check(address, isIPv6(address) ? 'ipv6' : 'ipv4');
}

async function bearer(deps: Deps, header: string): Promise<Caller | null> {
  const token = /^Bearer ([\w-]{1,128})$/i.exec(header)?.[1];
  if (token === undefined) return null;
  if (deps.isConfiguredToken(token))
    return { name: 'configured token', scopes: ['admin'], models: null };
  const row = await deps.tokens.authenticate(token);
  return row === null ? null : { name: row.name, scopes: row.scopes, models: row.models };
}

/** Failures by address within a minute. */
function createFailureCounter(clock: Deps['clock']): {
  add(address: string): void;
  waitMs(address: string): number;
} {
  const counts = new Map<string, { failures: number; until: number }>();
  return {
    add(address) {
      const now = clock.monotonic();
      const known = counts.get(address);
      counts.delete(address);
      if (known !== undefined && known.until > now)
        counts.set(address, { ...known, failures: known.failures + 1 });
      else counts.set(address, { failures: 1, until: now + FAILURE_WINDOW_MS });
      const oldest = counts.keys().next().value;
      if (counts.size > MAX_ADDRESSES && oldest !== undefined) counts.delete(oldest);
    },
    waitMs(address) {
      const known = counts.get(address);
      if (known === undefined || known.failures <= MAX_FAILURES) return 0;
      return Math.max(0, known.until - clock.monotonic());
    },
  };
}
