import { createHash } from 'node:crypto';

import type { FastifyRequest } from 'fastify';
import { z } from 'zod';

import type { EventInbox } from '../../../storage/api/event-inbox.ts';
import { sendProblem } from '../../http/problem-details.ts';
import { seesModel } from '../caller.ts';
import { count } from '../fields.ts';
import type { RouteGroup } from '../register.ts';
import { BodyError, splitEvents } from './split.ts';
import type { SplitEvent } from './split.ts';

const MAX_BODY_BYTES = 8 * 1024 * 1024;
const TYPES = [
  'application/json',
  'application/x-ndjson',
  'application/cloudevents+json',
  'application/cloudevents-batch+json',
] as const;
/** Read as bytes, whatever it is: an event is kept as it came. */
const RAW = 'application/x-driftd-events';
const RETRY_AFTER_SECONDS = '5';

/** Posted events, for those without Kafka. null: the configuration has no such source. */
export function eventRoutes(inbox: EventInbox | null): RouteGroup {
  const types = new WeakMap<object, string>();
  return (api) => {
    api.addContentTypeParser(
      RAW,
      { parseAs: 'buffer', bodyLimit: MAX_BODY_BYTES },
      (_, body, done) => {
        done(null, body);
      },
    );
    api.post(
      '/events',
      {
        bodyLimit: MAX_BODY_BYTES,
        config: { scope: 'events:write', models: 'filtered', bodyTypes: TYPES },
        preParsing: async (request, _reply, payload) => {
          types.set(request.raw, mediaType(request));
          request.headers['content-type'] = RAW;
          return payload;
        },
        schema: {
          tags: ['ingest'],
          operationId: 'postEvents',
          summary: 'Events to be counted: one, a list, or one a line',
          description:
            'Answered with 202 once they are durable; each is then counted exactly once, or put into quarantine with the reason. ' +
            'With an `Idempotency-Key` the same request may be sent again for a day without being counted again.',
          headers: z.looseObject({
            'idempotency-key': z.string().min(1).max(256).optional().meta({
              description: 'Of your choice, one a request.',
            }),
          }),
          response: {
            202: z.object({
              events: count('Events that are durable now.'),
              known: z.boolean().meta({ description: 'They were already.' }),
            }),
            409: z.null().meta({ description: 'The same key came with another body.' }),
            413: z.null().meta({ description: 'Too many events, or one that is too large.' }),
            422: z.null().meta({ description: 'The body is not what its type says.' }),
            503: z
              .null()
              .meta({ description: 'Too many events wait; `Retry-After` says how long.' }),
          },
        },
      },
      async (request, reply) => {
        if (inbox === null)
          return sendProblem(
            reply,
            404,
            'Events are not taken here: the configuration has no `http_source`.',
          );
        const type = types.get(request.raw) ?? '';
        if (!(TYPES as readonly string[]).includes(type))
          return sendProblem(reply, 415, `Send ${TYPES.join(', ')}; this is "${type}".`);
        const body = Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0);
        let events: SplitEvent[];
        try {
          events = splitEvents(type, body, eventHeaders(request));
        } catch (thrown) {
          if (thrown instanceof BodyError) return sendProblem(reply, thrown.status, thrown.message);
          throw thrown;
        }
        const foreign = events.findIndex((event) => !isOwn(request, event.parsed));
        if (foreign >= 0)
          return sendProblem(
            reply,
            403,
            `This token is for ${request.caller?.models?.join(', ') ?? 'no model'} only, and event ${foreign} does not name one of them as its "model".`,
          );
        const key = request.headers['idempotency-key'];
        const idempotency =
          typeof key === 'string'
            ? { key, bodyHash: createHash('sha256').update(type).update(body).digest() }
            : null;
        const outcome = await inbox.post({
          events: events.map(({ payload, headers }) => ({ payload, headers })),
          idempotency,
        });
        if (outcome === 'full') {
          void reply.header('retry-after', RETRY_AFTER_SECONDS);
          return sendProblem(reply, 503, 'Too many events wait to be counted; come again.');
        }
        if (outcome === 'conflict')
          return sendProblem(
            reply,
            409,
            'This Idempotency-Key came with another body before: take a new one.',
          );
        return reply.code(202).send({ events: events.length, known: outcome === 'known' });
      },
    );
  };
}

function mediaType({ headers }: FastifyRequest): string {
  return (headers['content-type'] ?? '').split(';', 1)[0]?.trim().toLowerCase() ?? '';
}

/** What tells the shape of an event: CloudEvents in binary mode, serving frameworks. */
function eventHeaders({ headers }: FastifyRequest): Record<string, string> {
  return Object.fromEntries(
    Object.entries(headers).flatMap(([name, value]) =>
      /^ce-[a-z0-9]+$/.test(name) && typeof value === 'string' && value.isWellFormed()
        ? [[name, value.replaceAll('\u0000', '')]]
        : [],
    ),
  );
}

/** A token for some models sends events of these only: native ones, whose model can be seen. */
function isOwn({ caller }: FastifyRequest, event: unknown): boolean {
  if (caller === null || caller.models === null) return caller !== null;
  const model =
    typeof event === 'object' && event !== null ? Reflect.get(event, 'model') : undefined;
  return typeof model === 'string' && seesModel(caller, model);
}
