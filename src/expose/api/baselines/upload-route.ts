import multipart from '@fastify/multipart';
import { z } from 'zod';

import type { Clock } from '../../../platform/clock.ts';
import { Refusal } from '../../http/problem-details.ts';
import { modelParams } from '../fields.ts';
import type { Api } from '../register.ts';
import { REFUSED, TAGS, WRITE } from './answer.ts';
import type { BaselineDesk } from './desk.ts';
import { uploadFields, uploaded } from './fields.ts';
import { createReading } from './reading.ts';
import {
  MAX_UPLOAD_BYTES,
  PART_TYPES,
  RAW_TYPES,
  STREAMED_JSON,
  receive,
  removeStale,
} from './receive.ts';
import { resumeRoutes } from './resume-routes.ts';

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Of these types a body is taken as a stream. */
    readonly rawBody?: readonly string[];
  }
}

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
  const types = [...new Set([...RAW_TYPES, ...PART_TYPES])];
  api.addContentTypeParser(types, ({ headers, routeOptions }, payload, done) => {
    const type = headers['content-type']?.split(';', 1)[0]?.trim().toLowerCase() ?? '';
    if (routeOptions.config.rawBody?.includes(type) === true) done(null, payload);
    else done(new Refusal(415, 'A body of this type is not read here, JSON is.'));
  });
  api.addHook('onListen', () => removeStale(clock.now(), true));
  const reading = createReading(desk, clock);
  resumeRoutes(api, desk, reading, clock);
  api.post(
    '/models/:model/baselines',
    {
      config: { ...WRITE, rawBody: RAW_TYPES, bodyTypes: UPLOAD_TYPES },
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
          507: z.null().meta({ description: 'The disk is full.' }),
        },
      },
    },
    (request, reply) =>
      reading.admit(request, request.query, async () => {
        const { discard, said, ...file } = await receive(request, request.query, clock.now());
        try {
          return await reading.take(request, reply, file, said);
        } finally {
          await discard();
        }
      }),
  );
}
