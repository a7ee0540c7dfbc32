import multipart from '@fastify/multipart';
import { z } from 'zod';

import type { Clock } from '../../../platform/clock.ts';
import { DriftdError } from '../../../platform/errors.ts';
import type { Change } from '../../../storage/baseline-store.ts';
import { sendProblem } from '../../http/problem-details.ts';
import { actorOf } from '../caller.ts';
import { cursorOf, listOf, modelParams, name, page, pageOf } from '../fields.ts';
import type { Api, RouteGroup } from '../register.ts';
import type { BaselineDesk, UploadDeclarations } from './desk.ts';
import {
  BASELINE_STATES,
  activation,
  baseline,
  change,
  declarations,
  detail,
  diff,
  document,
  event,
  promotion,
  reason,
  shadow,
  uploaded,
  versionParams,
} from './fields.ts';
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
const REFUSED = z.null().meta({ description: 'It is refused: the detail says why.' });
const TAGS = ['baselines'];
const LOOK = { scope: 'read', models: 'param' } as const;
const WRITE = { scope: 'baseline:write', models: 'param' } as const;

/** Baselines: upload, check, look, compare, try on stored days, activate, take back. */
export function baselineRoutes(desk: BaselineDesk, clock: Pick<Clock, 'now'>): RouteGroup {
  return (api) => {
    lookRoutes(api, desk);
    changeRoutes(api, desk);
    uploadRoute(api, desk, clock);
  };
}

function lookRoutes(api: Api, desk: BaselineDesk): void {
  api.get(
    '/models/:model/baselines',
    {
      config: LOOK,
      schema: {
        tags: TAGS,
        operationId: 'listBaselines',
        summary: 'Versions of a model, oldest first',
        params: modelParams,
        querystring: page.extend({
          state: z.enum(BASELINE_STATES).optional().meta({ description: 'Only those.' }),
        }),
        response: { 200: listOf(baseline) },
      },
    },
    ({ params, query: { limit, cursor, state } }) =>
      answer(async () => {
        const after = cursorOf(cursor) ?? 0;
        const rows = (await desk.list(params.model)).filter(
          (row) => row.version > after && (state === undefined || row.state === state),
        );
        return pageOf(
          rows,
          limit,
          (row) => row,
          ({ version }) => String(version),
        );
      }),
  );
  api.get(
    '/models/:model/baselines/:version',
    {
      config: LOOK,
      schema: {
        tags: TAGS,
        operationId: 'showBaseline',
        summary: 'One version with its features and its record',
        params: versionParams,
        response: { 200: detail },
      },
    },
    ({ params }) => answer(() => desk.show(params.model, params.version)),
  );
  api.get(
    '/models/:model/baselines/:version/document',
    {
      config: LOOK,
      schema: {
        tags: TAGS,
        operationId: 'exportBaseline',
        summary: 'One version as the histogram document that can be uploaded again',
        params: versionParams,
        response: { 200: document },
      },
    },
    ({ params }) =>
      answer(async () => ({ ...(await desk.document(params.model, params.version)) })),
  );
  api.get(
    '/models/:model/baselines/:version/diff',
    {
      config: LOOK,
      schema: {
        tags: TAGS,
        operationId: 'diffBaseline',
        summary: 'What differs from the active version, or from another',
        params: versionParams,
        querystring: z.object({
          against: z.coerce.number().int().min(1).max(2_147_483_647).optional().meta({
            description: 'The other version; the active one if not given.',
          }),
        }),
        response: { 200: diff },
      },
    },
    ({ params, query }) =>
      answer(() => desk.diff(params.model, params.version, query.against ?? null)),
  );
  api.get(
    '/models/:model/baselines/:version/shadow',
    {
      config: LOOK,
      schema: {
        tags: TAGS,
        operationId: 'shadowBaseline',
        summary: 'What the version would have announced over the last days',
        description: 'Judges the stored counts as the monitors would have; tells nobody.',
        params: versionParams,
        querystring: z.object({
          days: z.coerce.number().int().min(1).max(62).default(14).meta({
            description: 'Days of event time, back from where events are complete.',
          }),
        }),
        response: { 200: shadow },
      },
    },
    ({ params, query }) =>
      answer(async () => ({
        items: await desk.shadow(params.model, params.version, query.days),
      })),
  );
  api.get(
    '/models/:model/baseline-events',
    {
      config: LOOK,
      schema: {
        tags: TAGS,
        operationId: 'listBaselineEvents',
        summary: "Who did what to the model's baselines, when and why; oldest first",
        params: modelParams,
        response: { 200: listOf(event) },
      },
    },
    ({ params }) => answer(async () => ({ items: await desk.events(params.model), next: null })),
  );
}

function changeRoutes(api: Api, desk: BaselineDesk): void {
  api.post(
    '/models/:model/baselines/:version/activate',
    {
      config: WRITE,
      schema: {
        tags: TAGS,
        operationId: 'activateBaseline',
        summary: 'Make a version the active one, now or later',
        params: versionParams,
        body: activation,
        response: { 200: baseline, 422: REFUSED },
      },
    },
    (request) =>
      answer(() => {
        const { params, body } = request;
        const at = body.at === undefined ? null : instantOf(body.at);
        return desk.activate(params.model, params.version, by(request, body.reason), at);
      }),
  );
  api.post(
    '/models/:model/baselines/:version/unschedule',
    {
      config: WRITE,
      schema: {
        tags: TAGS,
        operationId: 'unscheduleBaseline',
        summary: 'Do not activate it later after all',
        params: versionParams,
        body: change,
        response: { 200: baseline },
      },
    },
    (request) =>
      answer(() => {
        const { params, body } = request;
        return desk.unschedule(params.model, params.version, by(request, body.reason));
      }),
  );
  api.post(
    '/models/:model/baselines/rollback',
    {
      config: WRITE,
      schema: {
        tags: TAGS,
        operationId: 'rollbackBaseline',
        summary: 'Back to the version that was active before',
        params: modelParams,
        body: change,
        response: { 200: baseline },
      },
    },
    (request) =>
      answer(() => desk.rollback(request.params.model, by(request, request.body.reason))),
  );
  api.post(
    '/models/:model/baselines/promote',
    {
      config: WRITE,
      schema: {
        tags: TAGS,
        operationId: 'promoteBaseline',
        summary: 'Make a candidate of a window of live events',
        params: modelParams,
        body: promotion,
        response: { 201: uploaded, 200: uploaded, 422: REFUSED },
      },
    },
    (request, reply) =>
      answer(async () => {
        const { from, to, reason: why = '' } = request.body;
        const { model } = request.params;
        const done = await desk.promote(model, instantOf(from), instantOf(to), by(request, why));
        void reply.code(done.known ? 200 : 201);
        return done;
      }),
  );
}

function uploadRoute(api: Api, desk: BaselineDesk, clock: Pick<Clock, 'now'>): void {
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

/** ms, within the years that the database knows as four digits. */
function instantOf(text: string): number {
  return Math.min(Math.max(0, Date.parse(text)), Date.UTC(9999, 0, 1));
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

function by(request: Parameters<typeof actorOf>[0], why: string): Change {
  return { actor: actorOf(request).name, reason: why };
}

/** What people can mend is their answer: 404 for what is not there, 422 for what cannot be taken. */
async function answer<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (thrown) {
    if (!(thrown instanceof DriftdError)) throw thrown;
    const status = STATUS_OF[thrown.code];
    if (status === undefined) throw thrown;
    throw new UploadError(status, thrown.message);
  }
}

const STATUS_OF: Readonly<Partial<Record<DriftdError['code'], number>>> = {
  BASELINE_UNKNOWN: 404,
  BASELINE_INVALID: 422,
  INPUT_INVALID: 422,
};
