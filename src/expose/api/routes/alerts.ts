import { z } from 'zod';

import { sendProblem } from '../../http/problem-details.ts';
import { seesModel } from '../caller.ts';
import type { ApiDeps } from '../deps.ts';
import { count, cursorOf, instantOut, isoOrNull, listOf, name, page, pageOf } from '../fields.ts';
import type { RouteGroup } from '../register.ts';

const STATES = ['inactive', 'pending', 'firing'] as const;

const alert = z.object({
  id: z.int(),
  model: z.string(),
  monitor: z.string(),
  feature: z.string(),
  segment: z.string(),
  state: z.enum(STATES),
  severity: z.enum(['warning', 'critical']).nullable(),
  incident: count('How often it has fired, this time included.'),
  pendingSince: instantOut('First evaluation of the present run that fires.').nullable(),
  firingSince: instantOut('Since when it fires, or last did.').nullable(),
  resolvedAt: instantOut('When it last ended.').nullable(),
  acknowledgedBy: z.string().nullable(),
});

/** Alerts and their states. */
export function alertRoutes({
  directory,
  history,
}: Pick<ApiDeps, 'directory' | 'history'>): RouteGroup {
  return (api) => {
    api.get(
      '/alerts',
      {
        config: { scope: 'read', models: 'filtered' },
        schema: {
          tags: ['alerts'],
          operationId: 'listAlerts',
          summary: 'Alerts of features, with their states',
          querystring: page.extend({
            model: name('Only of this model.').optional(),
            state: z.enum(STATES).optional(),
          }),
          response: { 200: listOf(alert) },
        },
      },
      async ({ query, caller }, reply) => {
        const wanted = query.model;
        const model = wanted === undefined ? null : await directory.model(wanted);
        if (wanted !== undefined && (model === null || !seesModel(caller, wanted)))
          return sendProblem(reply, 404, 'There is no model of this name.');
        const rows = await history.alerts(
          { modelId: model?.id ?? null, state: query.state ?? null },
          { limit: query.limit + 1, after: cursorOf(query.cursor) },
        );
        const show = (row: (typeof rows)[number]) => ({
          ...row,
          pendingSince: isoOrNull(row.pendingSince),
          firingSince: isoOrNull(row.firingSince),
          resolvedAt: isoOrNull(row.resolvedAt),
        });
        const { items, next } = pageOf(rows, query.limit, show, ({ id }) => String(id));
        return { items: items.filter((item) => seesModel(caller, item.model)), next };
      },
    );
  };
}
