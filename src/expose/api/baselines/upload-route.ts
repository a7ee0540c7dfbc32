import multipart from '@fastify/multipart';
import { z } from 'zod';

import type { Clock } from '../../../platform/clock.ts';
import { sendProblem } from '../../http/problem-details.ts';
import { modelParams, name } from '../fields.ts';
import type { Api } from '../register.ts';
import { REFUSED, TAGS, WRITE, answer, by } from './answer.ts';
import type { BaselineDesk, UploadDeclarations } from './desk.ts';
import { declarations, reason, uploaded } from './fields.ts';
import {
  FORMATS,
  MAX_UPLOAD_BYTES,
  RAW_TYPES,
  STREAMED_JSON,
  UploadError,
  receive,
} from './receive.ts';

declare module 'fastify' {
  interface FastifyContextConfig {
    /** The body is taken as a stream, whatever its type. */
    readonly rawBody?: boolean;
  }
}

/** Uploads at once: each takes a process and its memory. */
const MAX_UPLOADS = 2;
/** Of one token. */
const UPLOADS_AN_HOUR = { rateLimit: { max: 20, timeWindow: 3_600_000 } };

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
    limits: { files: 1, fields: 10, fieldSize: 1_024, fileSize: MAX_UPLOAD_BYTES + 1 },
  });
  api.addContentTypeParser(RAW_TYPES, (request, payload, done) => {
    if (request.routeOptions.config.rawBody === true) done(null, payload);
    else done(new UploadError(415, 'A body of this type is not read here, JSON is.'));
  });
  let running = 0;
  api.post(
    '/models/:model/baselines',
    {
      config: { ...WRITE, ...UPLOADS_AN_HOUR, rawBody: true, bodyTypes: UPLOAD_TYPES },
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
          'The file as it is, with its Content-Type (text/csv, application/x-ndjson, application/json, application/vnd.apache.parquet; gzip by Content-Encoding), or a form with one file. ' +
          'The same content again gives the version that is there. A baseline with errors is refused and leaves nothing; warnings are kept with it.',
        params: modelParams,
        querystring: z.object({
          format: z.enum(FORMATS).optional().meta({ description: 'What the type does not tell.' }),
          name: name('What the file is called.', 200).optional(),
          reason: reason.optional(),
          ...declarations,
          validate: z.enum(['true', 'false']).default('false').meta({
            description: 'Only check it; nothing is stored.',
          }),
        }),
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
      running += 1;
      try {
        const { format, name: called, reason: why = '', validate, ...columns } = request.query;
        const { path, discard } = await receive(request, format, called, clock.now());
        try {
          return await answer(async () => {
            const validateOnly = validate === 'true';
            const declared = declaredOf(columns);
            const upload = { ...by(request, why), path, validateOnly, declared };
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

type Columns = Partial<Record<'numeric' | 'categorical' | 'ignore' | 'time', string | undefined>>;

function declaredOf({ numeric, categorical, ignore, time }: Columns): UploadDeclarations {
  const list = (text: string | undefined): string[] =>
    (text ?? '')
      .split(',')
      .map((part) => part.trim())
      .filter((part) => part !== '');
  return {
    numeric: list(numeric),
    categorical: list(categorical),
    ignore: list(ignore),
    ...(time === undefined ? {} : { time }),
  };
}
