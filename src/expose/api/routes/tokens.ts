import { z } from 'zod';

import { SCOPES } from '../../../core/domain/access.ts';
import type { TokenRow } from '../../../storage/api/token-store.ts';
import { sendProblem } from '../../http/problem-details.ts';
import { actorOf } from '../caller.ts';
import type { ApiDeps } from '../deps.ts';
import { cursorOf, instantOut, iso, isoOrNull, listOf, name, page, pageOf } from '../fields.ts';
import type { RouteGroup } from '../register.ts';

const token = z.object({
  id: z.int(),
  name: z.string(),
  scopes: z.array(z.enum(SCOPES)),
  models: z.array(z.string()).nullable().meta({ description: 'The only ones; null: all.' }),
  createdBy: z.string(),
  createdAt: instantOut('When it was made.'),
  rotatedAt: instantOut('When it got its present text.').nullable(),
  expiresAt: instantOut('When it ends.').nullable(),
  revokedAt: instantOut('When it was ended.').nullable(),
  lastUsedAt: instantOut('Its last use, to the minute.').nullable(),
});

const issued = token.extend({
  token: z.string().meta({ description: 'The token itself: shown this once.' }),
});

const show = (row: TokenRow) => ({
  ...row,
  scopes: [...row.scopes],
  models: row.models === null ? null : [...row.models],
  createdAt: iso(row.createdAt),
  rotatedAt: isoOrNull(row.rotatedAt),
  expiresAt: isoOrNull(row.expiresAt),
  revokedAt: isoOrNull(row.revokedAt),
  lastUsedAt: isoOrNull(row.lastUsedAt),
});

const NO_TOKEN = 'There is no such token in force; GET /api/v1/tokens lists them.';
const TAKEN = 'There is a token of this name, be it revoked.';
const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

const tokenParams = z.object({
  token: z
    .string()
    .regex(/^[0-9]{1,9}$/)
    .meta({ description: 'Its number.' }),
});

/** Tokens: list, issue, renew, end. */
export function tokenRoutes({ tokens }: Pick<ApiDeps, 'tokens'>): RouteGroup {
  return (api) => {
    api.get(
      '/tokens',
      {
        config: { scope: 'admin', models: 'every' },
        schema: {
          tags: ['administration'],
          operationId: 'listTokens',
          summary: 'All tokens, those that have ended, too; never their text',
          querystring: page,
          response: { 200: listOf(token) },
        },
      },
      async ({ query: { limit, cursor } }) => {
        const rows = await tokens.list(cursorOf(cursor) ?? 0, limit + 1);
        return pageOf(rows, limit, show, ({ id }) => String(id));
      },
    );
    api.post(
      '/tokens',
      {
        config: { scope: 'admin', models: 'every' },
        schema: {
          tags: ['administration'],
          operationId: 'createToken',
          summary: 'Issue a token',
          body: z.strictObject({
            name: name('Who, or what, it is for.'),
            scopes: z.array(z.enum(SCOPES)).min(1).max(SCOPES.length),
            models: z.array(name('Name of a model.')).min(1).max(100).optional().meta({
              description: 'The only models it is for.',
            }),
            days: z.int().min(1).max(3650).optional().meta({ description: 'It ends after them.' }),
          }),
          response: { 201: issued, 409: z.null().meta({ description: TAKEN }) },
        },
      },
      async (request, reply) => {
        const { name: called, scopes, models, days } = request.body;
        const write = {
          name: called,
          scopes: [...new Set(scopes)],
          models: models ?? null,
          lifetimeMs: days === undefined ? null : days * DAY_MS,
        };
        const made = await tokens.create(write, actorOf(request));
        if (made === null) return sendProblem(reply, 409, TAKEN);
        return reply.code(201).send({ ...show(made.row), token: made.token });
      },
    );
    api.post(
      '/tokens/:token/rotate',
      {
        config: { scope: 'admin', models: 'every' },
        schema: {
          tags: ['administration'],
          operationId: 'rotateToken',
          summary: 'Give a token a new text; the old one goes on a little longer',
          params: tokenParams,
          querystring: z.object({
            overlapHours: z.coerce.number().int().min(0).max(720).default(24).meta({
              description: 'Hours that the old text stays in force.',
            }),
          }),
          response: { 201: issued },
        },
      },
      async (request, reply) => {
        const overlapMs = request.query.overlapHours * HOUR_MS;
        const made = await tokens.rotate(Number(request.params.token), overlapMs, actorOf(request));
        if (made === null) return sendProblem(reply, 404, NO_TOKEN);
        return reply.code(201).send({ ...show(made.row), token: made.token });
      },
    );
    api.delete(
      '/tokens/:token',
      {
        config: { scope: 'admin', models: 'every' },
        schema: {
          tags: ['administration'],
          operationId: 'revokeToken',
          summary: 'End a token now',
          params: tokenParams,
          response: { 204: z.null().meta({ description: 'It has ended.' }) },
        },
      },
      async (request, reply) => {
        const ended = await tokens.revoke(Number(request.params.token), actorOf(request));
        if (!ended) return sendProblem(reply, 404, NO_TOKEN);
        return reply.code(204).send(null);
      },
    );
  };
}
