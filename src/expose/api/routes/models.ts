import { z } from 'zod';

import type { ModelEntry } from '../../../storage/api/directory.ts';
import { sendProblem } from '../../http/problem-details.ts';
import { actorOf, seesModel } from '../caller.ts';
import type { ApiDeps } from '../deps.ts';
import {
  count,
  cursorOf,
  instantOut,
  iso,
  isoOrNull,
  listOf,
  modelParams,
  name,
  page,
  pageOf,
} from '../fields.ts';
import type { RouteGroup } from '../register.ts';

const model = z.object({
  name: z.string(),
  createdAt: instantOut('When it was first heard of.'),
  retiredAt: instantOut('Since when it is neither judged nor shown.').nullable(),
  activeBaseline: z.int().nullable().meta({ description: 'Version of the active baseline.' }),
  features: count('Features that are watched.'),
  events: count('Events counted since ever.'),
  lastEventTime: instantOut('The latest event time.').nullable(),
});

const show = ({ id: _, createdAt, retiredAt, lastEventTime, ...rest }: ModelEntry) => ({
  ...rest,
  createdAt: iso(createdAt),
  retiredAt: isoOrNull(retiredAt),
  lastEventTime: isoOrNull(lastEventTime),
});

export const NO_MODEL = 'There is no model of this name; GET /api/v1/models lists them.';
const TAKEN = 'Another model has this name.';
const CONFIGURED =
  'The configuration names this model and would make it anew: take it out there first.';
const COUNTING = 'Events of it were counted in the last minute: stop them first.';

/** Models: look, make, rename, retire, take away. */
export function modelRoutes({
  directory,
  configured,
}: Pick<ApiDeps, 'directory' | 'configured'>): RouteGroup {
  return (api) => {
    api.get(
      '/models',
      {
        config: { scope: 'read', models: 'filtered' },
        schema: {
          tags: ['models'],
          operationId: 'listModels',
          summary: 'Models, in the order they were made',
          querystring: page.extend({
            retired: z.enum(['true', 'false']).optional().meta({
              description: 'Only those that are retired, or only the others.',
            }),
          }),
          response: { 200: listOf(model) },
        },
      },
      async ({ query: { limit, cursor, retired }, caller }) => {
        const wanted = { limit: limit + 1, after: cursorOf(cursor) };
        const rows = await directory.models(
          wanted,
          retired === undefined ? null : retired === 'true',
        );
        const { items, next } = pageOf(rows, limit, show, ({ id }) => String(id));
        return { items: items.filter((item) => seesModel(caller, item.name)), next };
      },
    );
    api.post(
      '/models',
      {
        config: { scope: 'admin', models: 'every' },
        schema: {
          tags: ['models'],
          operationId: 'createModel',
          summary: 'Make a model known before the configuration names it',
          body: z.strictObject({ name: name('Its name, as events carry it.') }),
          response: { 201: model, 409: z.null().meta({ description: TAKEN }) },
        },
      },
      async (request, reply) => {
        const made = await directory.create(request.body.name, actorOf(request));
        if (made === null) return sendProblem(reply, 409, TAKEN);
        return reply.code(201).send(show(made));
      },
    );
    api.get(
      '/models/:model',
      {
        config: { scope: 'read', models: 'param' },
        schema: {
          tags: ['models'],
          operationId: 'showModel',
          summary: 'One model',
          params: modelParams,
          response: { 200: model },
        },
      },
      async ({ params }, reply) => {
        const found = await directory.model(params.model);
        return found === null ? sendProblem(reply, 404, NO_MODEL) : show(found);
      },
    );
    api.patch(
      '/models/:model',
      {
        config: { scope: 'admin', models: 'param' },
        schema: {
          tags: ['models'],
          operationId: 'changeModel',
          summary: 'Rename or retire a model',
          description: 'Not of a model that the configuration names. What is stored of it stays.',
          params: modelParams,
          body: z.strictObject({
            name: name('Its new name.').optional(),
            retired: z.boolean().optional().meta({ description: 'Watch it no longer; or again.' }),
          }),
          response: { 200: model, 409: z.null().meta({ description: `${TAKEN} ${CONFIGURED}` }) },
        },
      },
      async (request, reply) => {
        const { params, body } = request;
        const by = actorOf(request);
        let called = params.model;
        if (configured.has(called)) return sendProblem(reply, 409, CONFIGURED);
        if (body.name !== undefined && body.name !== called) {
          const outcome = await directory.rename(called, body.name, by);
          if (outcome === 'taken') return sendProblem(reply, 409, TAKEN);
          if (outcome === 'missing') return sendProblem(reply, 404, NO_MODEL);
          called = body.name;
        }
        if (body.retired !== undefined) await directory.retire(called, body.retired, by);
        const found = await directory.model(called);
        return found === null ? sendProblem(reply, 404, NO_MODEL) : show(found);
      },
    );
    api.delete(
      '/models/:model',
      {
        config: { scope: 'admin', models: 'every' },
        schema: {
          tags: ['models'],
          operationId: 'deleteModel',
          summary: 'Take a model away with its baselines, counts, evaluations and alerts',
          params: modelParams,
          querystring: z.object({ confirm: name('The name once more: there is no way back.') }),
          response: {
            204: z.null().meta({ description: 'It is gone.' }),
            409: z.null().meta({ description: `The two names differ. ${CONFIGURED} ${COUNTING}` }),
          },
        },
      },
      async (request, reply) => {
        const { params, query } = request;
        if (query.confirm !== params.model)
          return sendProblem(
            reply,
            409,
            '`confirm` must be the name of the model, once more: everything stored of it goes for good.',
          );
        if (configured.has(params.model)) return sendProblem(reply, 409, CONFIGURED);
        const outcome = await directory.remove(params.model, actorOf(request));
        if (outcome === 'missing') return sendProblem(reply, 404, NO_MODEL);
        if (outcome === 'counting') return sendProblem(reply, 409, COUNTING);
        return reply.code(204).send(null);
      },
    );
  };
}
