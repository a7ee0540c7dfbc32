import etag from '@fastify/etag';
import rateLimit from '@fastify/rate-limit';
import swagger from '@fastify/swagger';
import swaggerUi from '@fastify/swagger-ui';
import type {
  FastifyBaseLogger,
  FastifyInstance,
  FastifyReply,
  FastifyRequest,
  RawReplyDefaultExpression,
  RawRequestDefaultExpression,
  RawServerDefault,
  RouteOptions,
} from 'fastify';
import {
  jsonSchemaTransform,
  serializerCompiler,
  validatorCompiler,
} from 'fastify-type-provider-zod';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';

import { sendProblem } from '../http/problem-details.ts';
import { registerAuth } from './auth.ts';
import type { ApiDeps } from './deps.ts';
import { BODY_TYPES, completeDocument, INFO, TAGS } from './openapi.ts';
import { auditRoutes } from './routes/audit.ts';
import { alertRoutes } from './routes/alerts.ts';
import { evaluationRoutes } from './routes/evaluations.ts';
import { histogramRoutes } from './routes/histograms.ts';
import { featureRoutes } from './routes/features.ts';
import { modelRoutes } from './routes/models.ts';
import { quarantineRoutes } from './routes/quarantine.ts';
import { scoreRoutes } from './routes/scores.ts';
import { tokenRoutes } from './routes/tokens.ts';

/** The API's part of the application: schemas of routes are zod's, and their types follow from them. */
export type Api = FastifyInstance<
  RawServerDefault,
  RawRequestDefaultExpression,
  RawReplyDefaultExpression,
  FastifyBaseLogger,
  ZodTypeProvider
>;

/** Adds its routes; each says in `config` what a caller must be allowed. */
export type RouteGroup = (api: Api) => void;

export const API_PREFIX = '/api/v1';
/** The page and what it asks for come from here; nothing is loaded from elsewhere, and nothing runs that is not a file. */
const PAGE_POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; font-src 'self'; " +
  "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
const METHODS = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'TRACE', 'QUERY'] as const;

/** `/api/v1`, its OpenAPI document at `/api/v1/openapi.json` and the page at `/docs` that tries it out. */
export async function registerApi(app: FastifyInstance, deps: ApiDeps): Promise<void> {
  app.setValidatorCompiler(validatorCompiler);
  app.setSerializerCompiler(serializerCompiler);
  await app.register(swagger, {
    openapi: { openapi: '3.1.0', info: { ...INFO, version: deps.version }, tags: [...TAGS] },
    transform: transformRoute,
    transformObject: (document) =>
      'openapiObject' in document
        ? completeDocument(document.openapiObject)
        : document.swaggerObject,
  });
  await app.register(swaggerUi, {
    routePrefix: '/docs',
    staticCSP: PAGE_POLICY,
    transformSpecificationClone: false,
    // Without the bar on top, which asks for the address of another document.
    uiConfig: { layout: 'BaseLayout', docExpansion: 'list', validatorUrl: null },
    theme: { title: 'driftd API' },
  });
  await app.register(
    async (scoped) => {
      const api = scoped.withTypeProvider<ZodTypeProvider>();
      await api.register(etag);
      // JSON only; a group that reads more says so itself.
      api.removeContentTypeParser('text/plain');
      const known = watchRoutes(api);
      registerAuth(api, deps);
      await limitRequests(api, deps);
      api.addHook('onRequest', async ({ method }, reply) => {
        // May be kept by whoever asked, and is asked for again with its ETag.
        if (method === 'GET' || method === 'HEAD')
          void reply.header('cache-control', 'private, no-cache');
      });
      for (const group of groupsOf(deps)) group(api);
      api.get(
        '/openapi.json',
        { config: { scope: 'open' }, schema: { hide: true } },
        async (_request, reply) => reply.send(app.swagger()),
      );
      refuseOtherMethods(api, known);
    },
    { prefix: API_PREFIX },
  );
}

/** The schema of a route, and what a caller needs for it. */
const transformRoute: typeof jsonSchemaTransform = (given) => {
  const { schema, url } = jsonSchemaTransform(given);
  const { scope, models, bodyTypes } = given.route.config ?? {};
  if (scope === undefined || schema.hide === true) return { schema, url };
  const needs =
    scope === 'open' ? '' : `Needs a token with the scope \`${scope}\`${WHOSE[models ?? 'every']}.`;
  const description = [schema.description, needs].filter(Boolean).join('\n\n');
  return {
    schema: {
      ...schema,
      description,
      'x-scope': scope,
      'x-models': models,
      [BODY_TYPES]: bodyTypes,
    } as typeof schema,
    url,
  };
};

const WHOSE = {
  param: ' for the model',
  filtered: '; one for some models sees only these',
  every: ' for all models',
} as const;

/** Of each token; without tokens, of each address. Programs on this machine that need no token have no limit. */
async function limitRequests(api: Api, { auth, requestsPerSecond }: ApiDeps): Promise<void> {
  await api.register(rateLimit, {
    max: requestsPerSecond,
    timeWindow: 1_000,
    hook: 'preParsing',
    keyGenerator: ({ caller, ip }) => (auth === 'none' ? ip : (caller?.name ?? ip)),
    allowList: ({ headers, routeOptions }) =>
      routeOptions.config.scope === 'open' ||
      (auth === 'loopback' && headers.authorization === undefined),
    errorResponseBuilder: (_request, { statusCode, max, after }) =>
      Object.assign(new Error(`More than ${max} requests of this kind; come again in ${after}.`), {
        statusCode,
      }),
  });
}

function groupsOf(deps: ApiDeps): readonly RouteGroup[] {
  return [
    modelRoutes(deps),
    featureRoutes(deps),
    evaluationRoutes(deps),
    scoreRoutes(deps),
    histogramRoutes(deps),
    alertRoutes(deps),
    quarantineRoutes(deps),
    tokenRoutes(deps),
    auditRoutes(deps),
    ...deps.groups,
  ];
}

/** Collects the methods of every path. @throws Error when a route does not say what a caller must be allowed */
function watchRoutes(api: Api): ReadonlyMap<string, Set<string>> {
  const known = new Map<string, Set<string>>();
  api.addHook('onRoute', (route: RouteOptions) => {
    const { scope, models } = route.config ?? {};
    if (scope === undefined) throw new Error(`${String(route.method)} ${route.url} has no scope`);
    if (scope !== 'open' && models === undefined)
      throw new Error(`${String(route.method)} ${route.url} does not say which models it is about`);
    const methods = known.get(route.url) ?? new Set<string>();
    for (const method of [route.method].flat()) methods.add(method);
    known.set(route.url, methods);
  });
  return known;
}

/** A known path with another method is 405, and says which there are. */
function refuseOtherMethods(api: Api, known: ReadonlyMap<string, Set<string>>): void {
  // What is added here is watched, too.
  const paths = Array.from(known);
  for (const [url, methods] of paths) {
    const allowed = [...methods];
    const refuse = async (request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> => {
      void reply.header('allow', allowed.join(', '));
      return sendProblem(
        reply,
        405,
        `${request.method} is not possible here, ${allowed.join(' and ')} is.`,
      );
    };
    api.route({
      method: METHODS.filter((method) => !methods.has(method)),
      url: url.slice(API_PREFIX.length),
      config: { scope: 'open' },
      schema: { hide: true },
      // Before a body is read: whatever it is, it is not wanted.
      onRequest: refuse,
      handler: refuse,
    });
  }
}
