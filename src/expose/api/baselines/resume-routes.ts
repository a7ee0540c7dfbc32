import type { Readable } from 'node:stream';

import type { FastifyRequest } from 'fastify';
import { z } from 'zod';

import type { Clock } from '../../../platform/clock.ts';
import { repeat } from '../../../platform/repeat.ts';
import { Refusal, sendProblem } from '../../http/problem-details.ts';
import { modelParams } from '../fields.ts';
import type { Api } from '../register.ts';
import { REFUSED, TAGS, WRITE, answer } from './answer.ts';
import type { BaselineDesk } from './desk.ts';
import { declarations, uploadFields, uploaded } from './fields.ts';
import { ENDING_OF, FORMATS } from './formats.ts';
import { createPartials } from './partials.ts';
import type { PartialKey } from './partials.ts';
import { declaredOf } from './reading.ts';
import type { Reading } from './reading.ts';
import { PART_TYPES, fileName } from './receive.ts';

const FORGET_EVERY_MS = 60_000;

const OFFSET = {
  'upload-offset': {
    type: 'integer',
    minimum: 0,
    description: 'Bytes that are here: where to go on.',
  },
} as const;

const params = modelParams.extend({
  sha256: z
    .string()
    .regex(/^[0-9a-f]{64}$/)
    .meta({ description: 'SHA-256 of its bytes, in hex.' }),
});
const packed = z.enum(['true', 'false']).default('false').meta({ description: 'By gzip.' });

type OfUpload = FastifyRequest<{ Params: { model: string; sha256: string } }>;

/** An upload by its fingerprint: is it known, how far has it come; bytes from there on; read what is here. */
export function resumeRoutes(
  api: Api,
  desk: BaselineDesk,
  reading: Reading,
  clock: Pick<Clock, 'now'>,
): void {
  const partials = createPartials(clock);
  let stopForgetting: () => Promise<void> = () => Promise.resolve();
  api.addHook('onListen', async () => {
    stopForgetting = repeat(() => partials.forget().catch(() => undefined), FORGET_EVERY_MS);
  });
  api.addHook('onClose', async () => {
    await stopForgetting();
    await partials.close();
  });
  api.get(
    '/models/:model/uploads/:sha256',
    {
      config: WRITE,
      schema: {
        tags: TAGS,
        operationId: 'findUpload',
        summary:
          'Is this file a version already, and how much of it is here? Ask before sending it',
        description:
          'The answer is what its upload would be answered; 404: it is not known, and `Upload-Offset` says how many of its bytes are here. Say what the upload would say: format, packing and columns decide what a file is read as.',
        params,
        querystring: z.object({
          format: z.enum(FORMATS).default('csv').meta({ description: 'What it is.' }),
          packed,
          ...declarations,
        }),
        response: {
          200: uploaded,
          404: z.null().meta({
            description: 'No version was made of it, or there is no such model.',
            headers: OFFSET,
          }),
        },
      },
    },
    (request, reply) =>
      answer(async () => {
        const { model, sha256 } = request.params;
        const { format, packed: isPacked, ...columns } = request.query;
        const ending = `${ENDING_OF[format]}${isPacked === 'true' ? '.gz' : ''}`;
        const found = await desk.known(model, sha256, ending, declaredOf(columns));
        if (found !== null) return found;
        const here = partials.received(keyOf(request));
        void reply.header('upload-offset', String(here));
        const text = 'No version was made of this file, read so';
        return sendProblem(reply, 404, `${text}; ${here} of its bytes are here.`);
      }),
  );
  api.patch(
    '/models/:model/uploads/:sha256',
    {
      config: { ...WRITE, rawBody: PART_TYPES, bodyTypes: PART_TYPES },
      schema: {
        tags: TAGS,
        operationId: 'appendUpload',
        summary: 'Send a file in parts: bytes from an offset on',
        description:
          'What came stays when the connection breaks, for an hour after the last byte: ask where to go on, and send the rest. When all is there, POST to the same address. Parts are kept by the process that received them, of one token and model.',
        params,
        headers: z.looseObject({
          'upload-offset': z
            .string()
            .regex(/^[0-9]{1,15}$/)
            .meta({ description: 'Where the first byte of the body belongs in the file.' }),
        }),
        response: {
          204: z.null().meta({ description: 'They are here.', headers: OFFSET }),
          409: z.null().meta({
            description:
              'Not from there: `Upload-Offset` says from where. Or another request is sending it: `Retry-After`.',
            headers: OFFSET,
          }),
          413: z.null().meta({ description: 'It is too large; nothing of it is kept.' }),
          429: z.null().meta({
            description:
              'Too many requests, or too many files in part; `Retry-After` says when to come again.',
          }),
          503: z.null().meta({ description: 'Others take the room there is; come again.' }),
          507: z.null().meta({ description: 'The disk is full; what came before is kept.' }),
        },
      },
    },
    async (request, reply) => {
      const bytes = bytesOf(request.body);
      const offset = Number(request.headers['upload-offset']);
      const { 'content-length': length } = request.headers;
      // Of a model that is not there nothing is kept.
      if (offset === 0) await answer(() => desk.list(request.params.model));
      const announced = length === undefined ? null : Number(length);
      const here = await partials.append(keyOf(request), offset, bytes, announced);
      return reply.code(204).header('upload-offset', String(here)).send(null);
    },
  );
  api.post(
    '/models/:model/uploads/:sha256',
    {
      config: WRITE,
      schema: {
        tags: TAGS,
        operationId: 'finishUpload',
        summary: 'Make a candidate of a file whose parts are all here',
        description:
          'What an upload at once says in its address is said here, and all that holds for one holds for this: checks, limits, answers. First the bytes must have the SHA-256. However it ends, nothing of them stays, unless it is to be asked for again (409, 429, 5xx).',
        params,
        querystring: uploadFields.extend({ packed }),
        response: {
          201: uploaded,
          200: uploaded,
          409: z.null().meta({
            description:
              'Nothing of it is here: `Upload-Offset` is 0. Or it is being sent, or read: `Retry-After`.',
            headers: OFFSET,
          }),
          415: z.null().meta({ description: 'Nobody can tell what it is.' }),
          422: REFUSED,
          503: z.null().meta({ description: 'Others are being read; come again.' }),
        },
      },
    },
    async (request, reply) => {
      const { sha256 } = request.params;
      const { packed: isPacked, ...said } = request.query;
      const encoding = isPacked === 'true' ? 'gzip' : undefined;
      const type = 'application/octet-stream';
      const { stem, ending } = fileName(said.name ?? '', type, encoding, said.format);
      const { path, discard, release } = await partials.claim(keyOf(request), ending);
      const file = { path, name: `${stem}${ending}`, sha256 };
      try {
        const take = () => reading.take(request, reply, file, said);
        const done = await reading.admit(request, said, take);
        await discard();
        return done;
      } catch (thrown) {
        if (isFinal(thrown)) await discard();
        else release();
        throw thrown;
      }
    },
  );
}

function keyOf({ caller, params: { model, sha256 } }: OfUpload): PartialKey {
  return { caller: caller?.name ?? '', model, sha256 };
}

/** @throws Refusal 415 */
function bytesOf(body: unknown): Readable {
  if (typeof body === 'object' && body !== null && 'pipe' in body) return body as Readable;
  throw new Refusal(415, `Send the bytes as ${PART_TYPES.join(' or ')}.`);
}

/** Is the file refused, whenever it is asked for again? What is busy, or has failed here, may do later. */
function isFinal(thrown: unknown): boolean {
  if (!(thrown instanceof Refusal)) return false;
  return thrown.statusCode < 500 && thrown.statusCode !== 429;
}
