import { z } from 'zod';

import { sendProblem } from '../../http/problem-details.ts';
import { modelParams } from '../fields.ts';
import type { Api } from '../register.ts';
import { REFUSED, TAGS, WRITE, answer, by, instantOf } from './answer.ts';
import type { BaselineDesk } from './desk.ts';
import {
  activation,
  baseline,
  change,
  promotion,
  replay,
  uploaded,
  versionParams,
} from './fields.ts';

/** Versions of a model: activate, discard, take back, make one of live events. */
export function changeRoutes(api: Api, desk: BaselineDesk): void {
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
    '/models/:model/baselines/:version/discard',
    {
      config: WRITE,
      schema: {
        tags: TAGS,
        operationId: 'discardBaseline',
        summary: 'Take a candidate back for good: events are counted for it no longer',
        params: versionParams,
        body: change,
        response: { 200: baseline, 422: REFUSED },
      },
    },
    (request) =>
      answer(() => {
        const { params, body } = request;
        return desk.discard(params.model, params.version, by(request, body.reason));
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
  let replaying = false;
  api.post(
    '/models/:model/baselines/replay',
    {
      config: WRITE,
      schema: {
        tags: TAGS,
        operationId: 'replayBaseline',
        summary: 'Make a candidate of events that Kafka still has, read again',
        description:
          'Reads the records of the time twice, beside what is counted, and commits nothing. The answer comes when it is done.',
        params: modelParams,
        body: replay,
        response: {
          201: uploaded,
          200: uploaded,
          422: REFUSED,
          503: z.null().meta({ description: 'Another one is being read, or no broker answers.' }),
        },
      },
    },
    async (request, reply) => {
      if (replaying) {
        void reply.header('retry-after', '60');
        return sendProblem(reply, 503, 'Another stretch of a topic is being read; come again.');
      }
      replaying = true;
      try {
        return await answer(async () => {
          const { topic, from, to, reason: why = '' } = request.body;
          const range = {
            topic,
            from: instantOf(from),
            to: instantOf(to),
            validateOnly: false,
          };
          const done = await desk.replay(request.params.model, range, by(request, why));
          void reply.code(done.known ? 200 : 201);
          return done;
        });
      } finally {
        replaying = false;
      }
    },
  );
}
