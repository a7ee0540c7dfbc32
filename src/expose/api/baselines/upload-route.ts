import multipart from '@fastify/multipart';
import type { FastifyRequest } from 'fastify';
import { z } from 'zod';

import type { Clock } from '../../../platform/clock.ts';
import { sendProblem } from '../../http/problem-details.ts';
import { modelParams } from '../fields.ts';
import type { Api } from '../register.ts';
import { REFUSED, TAGS, WRITE, answer, by } from './answer.ts';
import type { BaselineDesk, UploadDeclarations } from './desk.ts';
import { declarations, jsonIn, uploadFields, uploaded } from './fields.ts';
import { ENDING_OF, FORMATS } from './formats.ts';
import {
  MAX_UPLOAD_BYTES,
  RAW_TYPES,
  STREAMED_JSON,
  UploadError,
  receive,
  removeStale,
} from './receive.ts';

declare module 'fastify' {
  interface FastifyContextConfig {
    /** The body is taken as a stream, whatever its type. */
    readonly rawBody?: boolean;
  }
}

/** Uploads at once: each takes a process and its memory. */
const MAX_UPLOADS = 2;
/** Of one token; those that were only checked, or found others being read, are not counted. */
const UPLOADS_AN_HOUR = 20;
const HOUR_MS = 3_600_000;

/** As the document lists them: a file as it is, or a form with one. */
const UPLOAD_TYPES = [
  'text/csv',
  'application/x-ndjson',
  'application/json',
  'application/vnd.apache.parquet',
  'application/vnd.driftd.baseline+json',
  'application/octet-stream',
  'multipart/form-data',
];
/** A file of a stranger, on its way to be a candidate. */
export function uploadRoute(api: Api, desk: BaselineDesk, clock: Pick<Clock, 'now'>): void {
  void api.register(multipart, {
    limits: { files: 1, fields: 16, fieldSize: 8_192, fileSize: MAX_UPLOAD_BYTES + 1 },
  });
  api.addContentTypeParser(RAW_TYPES, (request, payload, done) => {
    if (request.routeOptions.config.rawBody === true) done(null, payload);
    else done(new UploadError(415, 'A body of this type is not read here, JSON is.'));
  });
  api.addHook('onListen', () => removeStale(clock.now(), true));
  let running = 0;
  const uploads = createHourly(UPLOADS_AN_HOUR, clock);
  api.get(
    '/models/:model/uploads/:sha256',
    {
      config: WRITE,
      schema: {
        tags: TAGS,
        operationId: 'findUpload',
        summary: 'Is this file a version already? Ask before sending it',
        description:
          'The answer is what its upload would be answered; 404: it is not known. Say what the upload would say: format, packing and columns decide what a file is read as.',
        params: modelParams.extend({
          sha256: z
            .string()
            .regex(/^[0-9a-f]{64}$/)
            .meta({ description: 'SHA-256 of its bytes, in hex.' }),
        }),
        querystring: z.object({
          format: z.enum(FORMATS).default('csv').meta({ description: 'What it is.' }),
          packed: z.enum(['true', 'false']).default('false').meta({ description: 'By gzip.' }),
          ...declarations,
        }),
        response: { 200: uploaded },
      },
    },
    ({ params, query: { format, packed, ...columns } }, reply) =>
      answer(async () => {
        const ending = `${ENDING_OF[format]}${packed === 'true' ? '.gz' : ''}`;
        const found = await desk.known(params.model, params.sha256, ending, declaredOf(columns));
        return found ?? sendProblem(reply, 404, 'No version was made of this file, read so.');
      }),
  );
  api.post(
    '/models/:model/baselines',
    {
      config: { ...WRITE, rawBody: true, bodyTypes: UPLOAD_TYPES },
      preParsing: async ({ headers }, _reply, payload) => {
        if (headers['content-type']?.split(';', 1)[0] === 'application/json')
          headers['content-type'] = STREAMED_JSON;
        return payload;
      },
      schema: {
        tags: TAGS,
        operationId: 'uploadBaseline',
        summary: 'Upload rows or a histogram document as a candidate',
        description:
          'The file as it is, with its Content-Type (text/csv, application/x-ndjson, application/json, application/vnd.apache.parquet; gzip by Content-Encoding), or a form with one file, after fields that say what else would be in the address. ' +
          'The same content again gives the version that is there. A baseline with errors is refused and leaves nothing; warnings are kept with it.',
        params: modelParams,
        querystring: uploadFields,
        response: {
          201: uploaded,
          200: uploaded,
          413: z.null().meta({ description: 'It is too large.' }),
          415: z.null().meta({ description: 'Nobody can tell what it is.' }),
          422: REFUSED,
          503: z.null().meta({ description: 'Others are being read; come again.' }),
        },
      },
    },
    async (request, reply) => {
      if (running >= MAX_UPLOADS) {
        void reply.header('retry-after', '10');
        return sendProblem(reply, 503, `${MAX_UPLOADS} uploads are being read; come again.`);
      }
      const mayStore = request.query.validate !== 'true';
      const after = mayStore ? uploads.take(callerKey(request)) : 0;
      if (after > 0) {
        void reply.header('retry-after', String(Math.ceil(after / 1000)));
        return sendProblem(reply, 429, `More than ${UPLOADS_AN_HOUR} uploads an hour; come again.`);
      }
      running += 1;
      try {
        const { discard, said, ...file } = await receive(request, request.query, clock.now());
        const { reason: why = '', validate, format: _, name: __, ...columns } = said;
        try {
          return await answer(async () => {
            const validateOnly = validate === 'true';
            const declared = declaredOf(columns);
            const upload = { ...by(request, why), ...file, validateOnly, declared };
            const done = await desk.upload(request.params.model, upload);
            void reply.code(done.baseline === null || done.known ? 200 : 201);
            return done;
          });
        } finally {
          await discard();
        }
      } finally {
        running -= 1;
      }
    },
  );
}

/** Of whom uploads are counted; null: of nobody, as programs on this machine that need no token have no limit. */
function callerKey({ caller, headers, ip }: FastifyRequest): string | null {
  if (headers.authorization !== undefined) return caller?.name ?? ip;
  return caller?.name === 'loopback' ? null : ip;
}

/** How often each may do something within an hour. */
function createHourly(most: number, clock: Pick<Clock, 'now'>) {
  const taken = new Map<string, number[]>();
  return {
    /** @returns 0, or ms after which it may be done again */
    take(key: string | null): number {
      if (key === null) return 0;
      const now = clock.now();
      for (const [other, times] of taken)
        if ((times.at(-1) ?? 0) <= now - HOUR_MS) taken.delete(other);
      const recent = (taken.get(key) ?? []).filter((time) => time > now - HOUR_MS);
      if (recent.length >= most) return (recent[0] ?? now) + HOUR_MS - now;
      taken.set(key, [...recent, now]);
      return 0;
    },
  };
}

type Columns = Partial<Record<keyof UploadDeclarations, string | undefined>>;

function declaredOf({ time, categories, unit, ...columns }: Columns): UploadDeclarations {
  const lists = Object.entries(columns).map(([key, text]) => [
    key,
    (text ?? '')
      .split(',')
      .map((part) => part.trim())
      .filter((part) => part !== ''),
  ]);
  return {
    ...(Object.fromEntries(lists) as Omit<UploadDeclarations, 'time' | 'categories' | 'unit'>),
    ...(categories === undefined
      ? {}
      : { categories: jsonIn(categories) as NonNullable<UploadDeclarations['categories']> }),
    ...(unit === undefined
      ? {}
      : { unit: jsonIn(unit) as NonNullable<UploadDeclarations['unit']> }),
    ...(time === undefined ? {} : { time }),
  };
}
