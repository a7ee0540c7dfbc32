import { createHash } from 'node:crypto';

import type { FastifyRequest } from 'fastify';
import { z } from 'zod';

import type { EventInbox, Posting } from '../../../storage/api/event-inbox.ts';
import { sendProblem } from '../../http/problem-details.ts';
import { seesModel } from '../caller.ts';
import { count } from '../fields.ts';
import type { RouteGroup } from '../register.ts';
import { BodyError } from './body-error.ts';
import { binaryAttributes, isStructured } from './cloud-event-headers.ts';
import type { ReadAs } from './native-model.ts';
import { seldonHeaders } from './seldon-headers.ts';
import { BODY_TYPES, mediaTypeOf, splitEvents } from './split.ts';
import type { EventBody, SplitEvent } from './split.ts';

/** The body of a request at most, unless the configuration says otherwise. */
export const DEFAULT_MAX_BODY_BYTES = 1_048_576;
/** Read as bytes, whatever it is: an event is kept as it came. */
const RAW = 'application/x-driftd-events';
/** Characters of an Idempotency-Key. */
const MAX_KEY = 256;
const RETRY_AFTER_SECONDS = '5';

/** Where posted events go. */
export interface EventIntake {
  readonly inbox: EventInbox;
  readonly maxBodyBytes: number;
  readonly readAs: ReadAs;
}

/** Posted events, for those without Kafka. null: the configuration has no such source. */
export function eventRoutes(intake: EventIntake | null): RouteGroup {
  const bodyLimit = intake?.maxBodyBytes ?? DEFAULT_MAX_BODY_BYTES;
  const types = new WeakMap<object, string>();
  return (api) => {
    api.addContentTypeParser(RAW, { parseAs: 'buffer', bodyLimit }, (_, body, done) => {
      done(null, body);
    });
    api.post(
      '/events',
      {
        bodyLimit,
        config: { scope: 'events:write', models: 'filtered', bodyTypes: BODY_TYPES },
        preParsing: async (request, _reply, payload) => {
          types.set(request.raw, request.headers['content-type'] ?? '');
          request.headers['content-type'] = RAW;
          return payload;
        },
        errorHandler(error, _request, reply) {
          if (error.code === 'FST_ERR_CTP_BODY_TOO_LARGE')
            void sendProblem(
              reply,
              413,
              `The body has more than ${bodyLimit} bytes (http_source.max_body_bytes): send its events in several requests.`,
            );
          else if (error.validationContext === 'headers')
            void sendProblem(
              reply,
              400,
              error.message.replace(/^headers\/\S+/, 'The Idempotency-Key'),
            );
          else throw error;
        },
        schema: {
          tags: ['ingest'],
          operationId: 'postEvents',
          summary: 'Events to be counted: one, a list, or one a line',
          description:
            'Answered with 202 once they are durable; each is then counted exactly once, or put into quarantine with the reason. ' +
            'With an `Idempotency-Key` the same request may be sent again for a day without being counted again.',
          headers: z.looseObject({
            'idempotency-key': z
              .string()
              .min(1, 'is empty: leave it out, or take another one for each request.')
              .max(MAX_KEY, `has more than ${MAX_KEY} characters.`)
              .optional()
              .meta({
                description: `Of your choice, one a request, at most ${MAX_KEY} characters.`,
              }),
          }),
          response: {
            202: z.object({
              events: count('Records that are durable now; a batch of events in one is one.'),
              known: z.boolean().meta({ description: 'They were already.' }),
            }),
            409: z
              .null()
              .meta({ description: 'The same key came with another body or content type.' }),
            413: z.null().meta({ description: 'Too many events or bytes, or an event too large.' }),
            415: z.null().meta({
              description: 'A type that is not read, or a `Content-Encoding` such as gzip.',
            }),
            422: z.null().meta({ description: 'The body is not what its type says.' }),
            503: z
              .null()
              .meta({ description: 'Too many events wait; `Retry-After` says how long.' }),
          },
        },
      },
      async (request, reply) => {
        if (intake === null)
          return sendProblem(
            reply,
            404,
            'Events are not taken here: the configuration has no `http_source`.',
          );
        const { 'content-encoding': encoding = '' } = request.headers;
        if (!/^(?:identity)?$/i.test(encoding.trim())) {
          void reply.header('accept-encoding', 'identity');
          return sendProblem(
            reply,
            415,
            `No Content-Encoding is taken here, and this is "${encoding.slice(0, 40)}": send the body as it is.`,
          );
        }
        const body = bodyOf(request, types.get(request.raw) ?? '');
        const type = mediaTypeOf(body.contentType);
        if (body.attributes === null && !(BODY_TYPES as readonly string[]).includes(type))
          return sendProblem(reply, 415, `Send ${BODY_TYPES.join(', ')}; this is "${type}".`);
        const { models = [] } = request.caller ?? {};
        let events: SplitEvent[];
        try {
          events = splitEvents(body, models === null ? null : intake.readAs);
        } catch (thrown) {
          if (thrown instanceof BodyError) return sendProblem(reply, thrown.status, thrown.message);
          throw thrown;
        }
        const foreign = events.findIndex((event) => !isOwn(request, event));
        if (foreign >= 0)
          return sendProblem(
            reply,
            403,
            `This token is for ${models?.join(', ') ?? 'no model'} only, and event ${foreign + 1} is no native one that is counted for one of them.`,
          );
        const outcome = await intake.inbox.post({
          events: events.map(({ payload, headers }) => ({ payload, headers })),
          idempotency: idempotencyOf(request, body),
        });
        if (outcome === 'full') {
          void reply.header('retry-after', RETRY_AFTER_SECONDS);
          return sendProblem(reply, 503, 'Too many events wait to be counted; come again.');
        }
        if (outcome === 'conflict')
          return sendProblem(
            reply,
            409,
            'This Idempotency-Key came with another body or content type before: take a new one.',
          );
        return reply.code(202).send({ events: events.length, known: outcome === 'known' });
      },
    );
  };
}

function bodyOf({ headers, body }: FastifyRequest, contentType: string): EventBody {
  return {
    contentType,
    bytes: Buffer.isBuffer(body) ? body : Buffer.alloc(0),
    attributes: binaryAttributes(headers, contentType) ?? seldonOf(headers, contentType),
  };
}

/** The content type of a structured CloudEvent says it all. */
function seldonOf(
  headers: FastifyRequest['headers'],
  contentType: string,
): EventBody['attributes'] {
  return isStructured(contentType) ? null : seldonHeaders(headers);
}

/** A key is its caller's own; what an event is belongs to what was sent, wherever it stands. */
function idempotencyOf(
  { headers, caller }: FastifyRequest,
  { contentType, bytes, attributes }: EventBody,
): Posting['idempotency'] {
  const key = headers['idempotency-key'];
  if (typeof key !== 'string') return null;
  const said = Object.entries(attributes ?? {}).toSorted(([a], [b]) => (a < b ? -1 : 1));
  const bodyHash = createHash('sha256')
    .update(JSON.stringify([contentType, said]))
    .update(bytes)
    .digest();
  return { scope: caller?.name ?? '', key, bodyHash };
}

/** A token for some models sends events of these only: native ones, whose model can be seen. */
function isOwn({ caller }: FastifyRequest, { model }: SplitEvent): boolean {
  if (caller === null || caller.models === null) return caller !== null;
  return model !== null && seesModel(caller, model);
}
